//! `textrail quarantine`: what could not be loaded.

use super::{lake, load, output, owner};
use crate::cli::{self, QuarantineAction};
use crate::config::Config;
use crate::http::{
    QuarantineCorrection, QuarantineError, QuarantineList, QuarantineOutcome, QuarantineQuery,
    QuarantineRetry, Quarantines,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use comfy_table::{CellAlignment, Table, presets};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::sync::Arc;

mod local;
mod remote;

pub(super) use local::LocalQuarantine;
pub(super) use remote::RemoteQuarantine;

pub(super) async fn run(config: &Config, arguments: &cli::Quarantine) -> Result<()> {
    let quarantine = find(config, &arguments.server).await?;
    match &arguments.action {
        QuarantineAction::List { window, file, json } => {
            let query = QuarantineQuery {
                window: window.map(|window| window.to_string()),
                file: file.clone(),
                ..QuarantineQuery::default()
            };
            let list = quarantine.list(query).await.map_err(plain)?;
            if *json {
                output::line(serde_json::to_string_pretty(&list)?)?;
            } else {
                output::line(shown(&list))?;
            }
            Ok(())
        }
        QuarantineAction::Show { file, line_number } => {
            show(&*quarantine, file, *line_number).await
        }
        QuarantineAction::Retry { window, with, json } => {
            let corrections = with.as_deref().map(corrections).transpose()?;
            let retry = QuarantineRetry {
                window: window.map(|window| window.to_string()),
                corrections: corrections.unwrap_or_default(),
            };
            let outcome = quarantine.retry(retry).await.map_err(plain)?;
            if *json {
                output::line(serde_json::to_string_pretty(&outcome)?)?;
            } else {
                output::line(told(&outcome))?;
            }
            let failed = outcome.failed.len();
            ensure!(failed == 0, "{failed} files could not be tried");
            Ok(())
        }
    }
}

/// The quarantine of whoever has the warehouse; if nobody runs, this process opens it.
async fn find(config: &Config, flags: &cli::Server) -> Result<Arc<dyn Quarantines>> {
    if let Some(owner) = owner::find(config, flags).await? {
        return Ok(Arc::new(RemoteQuarantine::new(owner)?));
    }
    let store = lake::connect(&config.lake).await?;
    let warehouse = load::warehouse(config).await?;
    Ok(Arc::new(load::quarantine(config, store, warehouse)?))
}

async fn show(quarantine: &dyn Quarantines, file: &str, line_number: u32) -> Result<()> {
    let query = QuarantineQuery {
        file: Some(file.to_owned()),
        line_number: Some(line_number),
        text: true,
        ..QuarantineQuery::default()
    };
    let list = quarantine.list(query).await.map_err(plain)?;
    let entry = list.entries.first();
    let entry =
        entry.with_context(|| format!("line {line_number} of {file} is not in quarantine"))?;
    output::line(serde_json::to_string(entry)?)?;
    Ok(())
}

fn shown(list: &QuarantineList) -> String {
    if list.entries.is_empty() {
        return match list.lines {
            0 => "nothing is in quarantine".to_owned(),
            lines => format!("nothing like that is in quarantine, which holds {lines} lines"),
        };
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["window", "file", "line", "lines", "reason"]);
    for entry in &list.entries {
        let (line, lines) = (entry.line_number.to_string(), entry.lines.to_string());
        table.add_row([&entry.window, &entry.file, &line, &lines, &entry.reason]);
    }
    for place in [2, 3] {
        if let Some(column) = table.column_mut(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let more = if list.more {
        "; not all are listed"
    } else {
        ""
    };
    format!("{table}\n{} lines in quarantine{more}", list.lines)
}

fn told(outcome: &QuarantineOutcome) -> String {
    let mut text = format!(
        "loaded {} lines; {} known already; {} stay in quarantine",
        outcome.loaded, outcome.duplicates, outcome.left
    );
    for failure in &outcome.failed {
        text.push_str(&format!(
            "\nnot tried: {}: {}",
            failure.file, failure.reason
        ));
    }
    text
}

/// Corrections as `show` prints them; what else stands there is passed over.
fn corrections(path: &Path) -> Result<Vec<QuarantineCorrection>> {
    #[derive(Deserialize)]
    struct Shown {
        file: String,
        line_number: u64,
        line: String,
    }
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut corrections = Vec::new();
    for (place, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let shown: Shown = serde_json::from_str(line)
            .with_context(|| format!("{}, line {}", path.display(), place + 1))?;
        corrections.push(QuarantineCorrection {
            file: shown.file,
            line_number: shown.line_number,
            line: shown.line,
        });
    }
    if corrections.is_empty() {
        bail!("{} holds no corrections", path.display());
    }
    Ok(corrections)
}

fn plain(error: QuarantineError) -> anyhow::Error {
    match error {
        QuarantineError::Refused(why) => anyhow!(why),
        QuarantineError::Unavailable(source) => source,
    }
}
