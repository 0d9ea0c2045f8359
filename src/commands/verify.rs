//! `textrail verify`: ledger, lake and warehouse, held against each other.

use super::data_directory::Note;
use super::{api, lake, ledger, load, output, up};
use crate::cli;
use crate::config::Config;
use crate::ledger::session::Session;
use crate::ledger::spool;
use crate::report::{LocalReports, RemoteReports, Reports};
use crate::verify::look::{Progress, Question, Unchecked, look};
use crate::verify::{Findings, Spooled, show};
use anyhow::{Context, Result};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// How long a loader may take to accept a connection before its file is opened instead.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something differs.
#[derive(Debug, thiserror::Error)]
#[error("{0} differences between ledger, lake and warehouse")]
pub(super) struct Differs(usize);

pub(super) async fn run(config: &Config, arguments: &cli::Verify) -> Result<()> {
    let lake = lake::open(config, &arguments.data)
        .await
        .map_err(Unchecked::of("the lake"))?;
    let data = lake.data.as_deref();
    let note = match data {
        Some(data) => Some(
            Note::read(data)?
                .with_context(|| format!("no `textrail up` ran on {}", data.display()))?,
        ),
        None => None,
    };
    let mut session = match &note {
        Some(note) => Session::new(&note.database_url, "textrail verify"),
        None => Session::new(&ledger::settings(&config.ledger)?.url, "textrail verify"),
    };
    let reports = reports(config, data, note.as_ref())
        .await
        .map_err(Unchecked::of("the warehouse"))?;
    let question = Question {
        since: arguments.since,
        until: arguments.until,
        only: arguments.window,
        deep: arguments.deep,
    };
    let bar = progress_bar()?;
    let tell = |progress: Progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.windows as u64);
        bar.set_message(HumanBytes(progress.bytes).to_string());
    };
    let found = look(&mut session, &*lake.store, &*reports, &question, tell).await;
    bar.finish_and_clear();
    let mut findings = found?;
    findings.spools = spools(config, data).map_err(Unchecked::of("a spool"))?;
    show(&findings, arguments.json)
}

/// Prints; that something differs is an error.
fn show(findings: &Findings, json: bool) -> Result<()> {
    if json {
        output::line(serde_json::to_string_pretty(findings)?)?;
    } else {
        output::print(&show::text(findings))?;
    }
    match findings.differences.len() {
        0 => Ok(()),
        differences => Err(Differs(differences).into()),
    }
}

fn progress_bar() -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{pos} of {len} windows, {msg} read")?;
    Ok(ProgressBar::no_length().with_style(style))
}

/// The process that owns the warehouse answers for it; where none runs, its file is opened.
async fn reports(
    config: &Config,
    data: Option<&Path>,
    note: Option<&Note>,
) -> Result<Box<dyn Reports>> {
    let (url, key) = match note {
        Some(note) => (note.url.clone(), Some(note.api_key.clone())),
        None => {
            let loader = &config.loader;
            let url = match &loader.url {
                Some(url) => url.clone(),
                None => api::url_of(loader.listen)?,
            };
            (url, loader.key.as_ref().map(|key| key.expose().to_owned()))
        }
    };
    let mut config = config.clone();
    if let Some(data) = data {
        config.warehouse.directory = data.join(up::WAREHOUSE);
    }
    if answers(&url) || !config.warehouse.directory.is_dir() {
        return Ok(Box::new(RemoteReports::new(url, key)?));
    }
    Ok(Box::new(LocalReports::new(load::warehouse(&config).await?)))
}

/// Whether anything listens there.
fn answers(url: &Url) -> bool {
    let addresses: Vec<SocketAddr> = url.socket_addrs(|| None).unwrap_or_default();
    addresses
        .iter()
        .any(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
}

/// What waits in the spool of this machine, if there is one.
fn spools(config: &Config, data: Option<&Path>) -> std::io::Result<Vec<Spooled>> {
    let folder = data.map_or_else(
        || config.spool.directory.clone(),
        |data| data.join(up::SPOOL),
    );
    let survey = spool::survey(&folder)?;
    Ok(vec![Spooled {
        folder: folder.display().to_string(),
        facts: survey.facts,
        oldest: survey.oldest,
        damaged_files: survey.damaged_files,
        refused_facts: survey.refused_facts,
    }])
}
