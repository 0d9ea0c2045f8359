//! Ways to the ledger.

use super::data_directory::{self, Note};
use crate::cli::DataDirectory;
use crate::config::{Config, Ledger};
use crate::ledger::connection::ConnectionSettings;
use anyhow::{Context, Result};
use diesel::PgConnection;
use std::time::Duration;

/// How connections are opened, by the configuration.
///
/// # Errors
/// If no ledger is configured.
pub(super) fn settings(ledger: &Ledger) -> Result<ConnectionSettings> {
    let url = ledger
        .url
        .as_ref()
        .context("no ledger is configured: set DATABASE_URL, or ledger.url")?;
    Ok(settings_of(ledger, url.expose()))
}

fn settings_of(ledger: &Ledger, url: &str) -> ConnectionSettings {
    ConnectionSettings {
        url: url.to_owned(),
        statement_timeout: Duration::from_secs(ledger.statement_timeout_seconds),
        lock_timeout: Duration::from_secs(ledger.lock_timeout_seconds),
    }
}

/// A connection for one command: to the configured ledger, or else to that of the data folder.
pub(super) fn connect_for_command(config: &Config, data: &DataDirectory) -> Result<PgConnection> {
    let (settings, away) = settings_for_command(config, data)?;
    settings.open("textrail command").context(away)
}

/// How that connection is opened, and what to say if it cannot be.
pub(super) fn settings_for_command(
    config: &Config,
    data: &DataDirectory,
) -> Result<(ConnectionSettings, String)> {
    Ok(match &config.ledger.url {
        // A folder that was named is meant, whatever else is configured.
        Some(url) if data.path.is_none() => (
            settings_of(&config.ledger, url.expose()),
            "the ledger does not answer".to_owned(),
        ),
        _ => {
            let directory = data_directory::path(data)?;
            let note = Note::read(&directory)?.with_context(|| {
                format!(
                    "no ledger is configured (DATABASE_URL, ledger.url), and no `textrail up` ran on {}",
                    directory.display()
                )
            })?;
            let away = format!(
                "the ledger of {} does not answer: start `textrail up` first",
                directory.display()
            );
            (settings_of(&config.ledger, &note.database_url), away)
        }
    })
}
