//! What is not one window's: files that nobody asked for, the tables, the windows before the span.

use super::Sides;
use crate::domain::window::{ON_ITS_WAY, WindowId};
use crate::event::Kind;
use crate::report::windows::LoadedLines;
use crate::verify::{Difference, Findings, What};
use std::collections::BTreeSet;

/// Adds what is found.
pub(super) fn whole(sides: &Sides<'_>, findings: &mut Findings) {
    findings.differences.extend(unasked_files(sides));
    findings.differences.extend(tables(sides));
    before(sides, findings);
}

fn differ(kind: Option<Kind>, what: What, detail: String) -> Difference {
    Difference {
        kind,
        ..Difference::new(what, detail)
    }
}

fn unasked_files(sides: &Sides<'_>) -> Vec<Difference> {
    let standing = sides.lake.manifests.values().flatten();
    let listed: BTreeSet<&str> = standing
        .filter_map(|standing| standing.manifest.as_ref().ok())
        .flat_map(|manifest| &manifest.files)
        .map(|file| file.key.as_str())
        .collect();
    let unasked = sides
        .lake
        .files
        .iter()
        .filter(|key| !listed.contains(key.as_str()) && is_whole(sides, key));
    unasked
        .map(|key| differ(kind_of(key), What::FileUnasked, key.clone()))
        .collect()
}

/// Whether the window that a file's key names is done with: a file of one that is being shipped, or
/// that is outside of the span, is listed by a manifest that was not read.
fn is_whole(sides: &Sides<'_>, key: &str) -> bool {
    let Some(id) = window_of(key) else {
        return true;
    };
    if sides.lake.outside.contains(&id) {
        return false;
    }
    let known = sides
        .ledger
        .windows
        .binary_search_by_key(&id, |window| window.id);
    match known {
        Ok(at) => sides.ledger.windows[at].shipped,
        Err(_) => {
            let head = sides.ledger.heads.windows.get(&id.epoch);
            head.is_some_and(|head| id.number <= *head) && sides.lake.manifests.contains_key(&id)
        }
    }
}

/// `…/20261123T050500Z-0001-0000000042-0000.json.gz`.
fn window_of(key: &str) -> Option<WindowId> {
    let mut parts = key.rsplit('/').next()?.split('-').skip(1);
    Some(WindowId {
        epoch: parts.next()?.parse().ok()?,
        number: parts.next()?.parse().ok()?,
    })
}

fn kind_of(key: &str) -> Option<Kind> {
    Kind::from_name(key.split('/').nth(1)?)
}

/// The warehouse's tables, against its notes.
fn tables(sides: &Sides<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    for rows in &sides.warehouse.kinds {
        let kind = Kind::from_name(&rows.kind);
        if rows.noted != rows.held {
            let detail = format!("{} rows noted, {} in the table", rows.noted, rows.held);
            found.push(differ(kind, What::RowsAreNotNotes, detail));
        }
        if let Some(events) = rows.events.filter(|events| *events != rows.held) {
            let detail = format!("{} rows of {events} events", rows.held);
            found.push(differ(kind, What::RowsTwice, detail));
        }
    }
    found
}

/// The windows before the span, in sum. Where the last of them may be on their way, the sums are told and
/// not held against each other.
fn before(sides: &Sides<'_>, findings: &mut Findings) {
    let age = (sides.ledger.heads.now - sides.span.0).to_std();
    let are_everywhere = age.is_ok_and(|age| age > ON_ITS_WAY);
    let several_lives = sides.ledger.heads.windows.len() > 1;
    for kind in Kind::ALL {
        let counted = sides.ledger.before.get(&kind).copied().unwrap_or(0);
        let of_kind = |lines: &&LoadedLines| lines.kind == kind.as_str();
        let loaded = sides.warehouse.before.iter().find(of_kind);
        let loaded = loaded.map_or(0, |lines| {
            lines.loaded + lines.duplicates + lines.quarantined
        });
        if counted != 0 || loaded != 0 {
            findings.before.insert(kind, (counted, loaded));
        }
        // Windows of a lost life are in the warehouse alone.
        let differ_by_right = loaded > counted && several_lives;
        if are_everywhere && loaded != counted && !differ_by_right {
            let detail = format!("{counted} lines by the ledger, {loaded} in the warehouse");
            findings
                .differences
                .push(differ(Some(kind), What::BeforeDiffers, detail));
        }
    }
}
