//! `textrail verify`: ledger, lake and warehouse, held against each other.

use super::data_directory::Note;
use super::{lake, ledger, load, output, owner, up};
use crate::cli;
use crate::config::Config;
use crate::domain::window::WindowId;
use crate::ledger::counts;
use crate::ledger::session::Session;
use crate::ledger::spool;
use crate::report::{LocalReports, RemoteReports, Reports};
use crate::verify::look::{LAKE, LEDGER, Progress, Question, Unchecked, WAREHOUSE, look};
use crate::verify::{Findings, Spooled, show};
use anyhow::{Context, Result};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::path::Path;

/// Something differs.
#[derive(Debug, thiserror::Error)]
#[error("{0} differences between ledger, lake and warehouse")]
pub(super) struct Differs(usize);

pub(super) async fn run(config: &Config, arguments: &cli::Verify) -> Result<()> {
    if let Some(window) = arguments.accept {
        return accept(config, arguments, window).await;
    }
    let findings = findings(config, arguments).await?;
    show(&findings, arguments.json).map_err(Unchecked::of("the terminal"))?;
    match findings.differences.len() {
        0 => Ok(()),
        differences => Err(Differs(differences).into()),
    }
}

/// A window that differs holds the outbox no longer.
async fn accept(config: &Config, arguments: &cli::Verify, window: WindowId) -> Result<()> {
    let data = lake::open(config, &arguments.data).await?.data;
    let mut session = Session::new(&ledger_url(config, data.as_deref())?, "textrail verify");
    let accepted = session
        .run(move |client| counts::accept(client, window))
        .await?;
    anyhow::ensure!(
        accepted,
        "window {window} holds nothing up: its count is its manifest's or was accepted, or it is not \
         verified in the lake yet"
    );
    tracing::warn!(%window, "the ledger's count of a window was accepted as it is");
    output::line(format!(
        "window {window} holds the outbox no longer; `textrail verify` still lists what differs"
    ))?;
    Ok(())
}

/// Every failure is [`Unchecked`]: nothing is proven then, and nothing was found to differ.
async fn findings(config: &Config, arguments: &cli::Verify) -> Result<Findings, Unchecked> {
    let lake = lake::open(config, &arguments.data)
        .await
        .map_err(Unchecked::of(LAKE))?;
    let data = lake.data.as_deref();
    let url = ledger_url(config, data).map_err(Unchecked::of(LEDGER))?;
    let mut session = Session::new(&url, "textrail verify");
    let reports = reports(config, arguments)
        .await
        .map_err(Unchecked::of(WAREHOUSE))?;
    let question = Question {
        since: arguments.since,
        until: arguments.until,
        only: arguments.window,
        deep: arguments.deep,
    };
    let bar = progress_bar();
    let tell = |progress: Progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.windows as u64);
        bar.set_message(HumanBytes(progress.bytes).to_string());
    };
    let found = look(&mut session, &*lake.store, &*reports, &question, tell).await;
    bar.finish_and_clear();
    let mut findings = found?;
    findings.add_spool(spooled(config, data).map_err(Unchecked::of("the spool"))?);
    Ok(findings)
}

fn show(findings: &Findings, json: bool) -> Result<()> {
    if json {
        output::line(serde_json::to_string_pretty(findings)?)?;
    } else {
        output::print(&show::text(findings))?;
    }
    Ok(())
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} of {len} windows, {msg} read");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The ledger of the data folder, or the configured one.
fn ledger_url(config: &Config, data: Option<&Path>) -> Result<String> {
    let Some(data) = data else {
        return Ok(ledger::settings(&config.ledger)?.url);
    };
    let note = Note::read(data)?;
    let note = note.with_context(|| format!("no `textrail up` ran on {}", data.display()))?;
    Ok(note.database_url)
}

/// The process that owns the warehouse answers for it; where none runs, its file is opened.
async fn reports(config: &Config, arguments: &cli::Verify) -> Result<Box<dyn Reports>> {
    let server = cli::Server {
        data: arguments.data.clone(),
        ..cli::Server::default()
    };
    Ok(match owner::find(config, &server).await? {
        Some(owner) => Box::new(RemoteReports::new(owner.url, owner.key)?),
        None => Box::new(LocalReports::new(load::warehouse(config).await?)),
    })
}

/// What lies in the spool of this machine. Other servers have spools of their own.
fn spooled(config: &Config, data: Option<&Path>) -> std::io::Result<Spooled> {
    let folder = data.map_or_else(
        || config.spool.directory.clone(),
        |data| data.join(up::SPOOL),
    );
    let survey = spool::survey(&folder)?;
    Ok(Spooled {
        folder: folder.display().to_string(),
        facts: survey.facts,
        oldest: survey.oldest,
        damaged_files: survey.damaged_files,
        refused_facts: survey.refused_facts,
    })
}
