//! What was found, for a person: a table of what differs, and a summary.

use super::{Counts, Difference, Findings, Spooled, What};
use chrono::{DateTime, Utc};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The most differences that are shown one by one; `--json` has them all.
const MOST_SHOWN: usize = 100;

/// The whole text.
pub fn text(findings: &Findings) -> String {
    let mut text = String::new();
    if !findings.differences.is_empty() {
        text += &differences(&findings.differences);
        text.push('\n');
    }
    text += &kinds(findings);
    text.push('\n');
    for line in summary(findings) {
        text += &line;
        text.push('\n');
    }
    text
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    table
}

fn differences(all: &[Difference]) -> String {
    let mut shown = table(&["window", "kind", "what", "which"]);
    for difference in all.iter().take(MOST_SHOWN) {
        shown.add_row([
            difference
                .window
                .map_or_else(String::new, |id| id.to_string()),
            difference
                .kind
                .map_or_else(String::new, |kind| kind.to_string()),
            word(difference.what),
            difference.detail.clone(),
        ]);
    }
    let mut text = format!("{shown}\n");
    if all.len() > MOST_SHOWN {
        let more = all.len() - MOST_SHOWN;
        text += &format!("… and {more} more: see --json\n");
    }
    let kinds: BTreeSet<What> = all.iter().map(|difference| difference.what).collect();
    for what in kinds {
        // Writing to a text does not fail.
        _ = write!(
            text,
            "\n{}: {}.\n  {}\n",
            word(what),
            what.meaning(),
            what.remedy()
        );
    }
    text
}

/// As JSON has it.
fn word(what: What) -> String {
    serde_json::to_value(what)
        .ok()
        .and_then(|value| value.as_str().map(ToOwned::to_owned))
        .unwrap_or_default()
}

fn kinds(findings: &Findings) -> String {
    let deep = findings.kinds.values().any(|counts| counts.lines.is_some());
    let mut columns: Vec<Column> = vec![
        ("events", |counts| counts.events),
        ("facts", |counts| counts.facts),
        ("manifest", |counts| counts.manifest),
        ("lines", |counts| counts.lines),
        ("loaded", |counts| counts.loaded),
        ("duplicates", |counts| counts.duplicates),
        ("quarantined", |counts| counts.quarantined),
    ];
    columns.retain(|(name, _)| deep || *name != "lines");
    let header: Vec<&str> = std::iter::once("kind")
        .chain(columns.iter().map(|(name, _)| *name))
        .collect();
    let mut shown = table(&header);
    for (kind, counts) in &findings.kinds {
        let cells = columns.iter().map(|(_, of)| {
            let text = of(counts).map_or_else(String::new, |count| count.to_string());
            Cell::new(text).set_alignment(CellAlignment::Right)
        });
        shown.add_row(std::iter::once(Cell::new(kind)).chain(cells));
    }
    format!("{shown}\n")
}

/// A column's name, and its count.
type Column = (&'static str, fn(&Counts) -> Option<i64>);

fn summary(findings: &Findings) -> Vec<String> {
    let time = |time: DateTime<Utc>| time.format("%F %T").to_string();
    let mut lines = vec![format!(
        "Windows sealed from {} to {} UTC: {}, of which {} proven ({}).",
        time(findings.since),
        time(findings.until),
        findings.windows,
        findings.proven,
        findings.generation
    )];
    if let Some(oldest) = findings.on_their_way.first() {
        lines.push(format!(
            "On their way, and not late: {} windows, the oldest {} sealed {}.",
            findings.on_their_way.len(),
            oldest.window,
            time(oldest.sealed_at)
        ));
    }
    if !findings.only_in_lake.is_empty() {
        let names: Vec<String> = findings
            .only_in_lake
            .iter()
            .map(ToString::to_string)
            .collect();
        lines.push(format!(
            "Only the lake has {}: shipped by a life of the ledger that a restore ended.",
            names.join(", ")
        ));
    }
    let (ledger, warehouse) = findings
        .before
        .values()
        .fold((0, 0), |sum, (ledger, warehouse)| {
            (sum.0 + ledger, sum.1 + warehouse)
        });
    if (ledger, warehouse) != (0, 0) {
        lines.push(format!(
            "Windows before that: {ledger} lines by the ledger's notes, {warehouse} by the warehouse's."
        ));
    }
    lines.extend(findings.spools.iter().map(spool));
    lines.push(if findings.differences.is_empty() {
        "Ledger, lake and warehouse are equal.".to_owned()
    } else {
        format!("{} differences.", findings.differences.len())
    });
    lines
}

/// That a folder was looked at is said, whatever was in it: other servers have others.
fn spool(spool: &Spooled) -> String {
    let (folder, waiting) = (&spool.folder, spool.waiting());
    if (waiting, spool.damaged_files, spool.refused_facts) == (0, 0, 0) {
        return format!("The spool in {folder} is empty.");
    }
    format!(
        "The spool in {folder} holds {waiting} facts that wait for the ledger, {} damaged files and \
         {} refused facts.",
        spool.damaged_files, spool.refused_facts
    )
}
