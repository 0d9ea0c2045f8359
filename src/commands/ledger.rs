//! Ways to the ledger.

use super::data_directory::{self, Note};
use crate::cli::DataDirectory;
use crate::config::{Config, Ledger};
use crate::ledger::connection::ConnectionSettings;
use anyhow::{Context, Result, ensure};
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
    is_encoded(url.expose())?;
    Ok(settings_of(ledger, url.expose()))
}

/// libpq would say what is wrong with a URL by showing it, password and all, in each log line about a ledger that
/// is away.
fn is_encoded(url: &str) -> Result<()> {
    let mut escapes = url.split('%').skip(1);
    let whole = |escape: &str| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    ensure!(
        !url.contains("://") || escapes.all(whole),
        "the ledger's URL has a % that two hexadecimal digits do not follow: a % in a password is written %25"
    );
    Ok(())
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
        Some(_) if data.path.is_none() => (
            settings(&config.ledger)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_libpq_would_show_in_its_error_is_refused_without_showing_it() {
        for (url, taken) in [
            ("postgres://textrail:p%25w@db/textrail?sslmode=prefer", true),
            ("postgres://textrail:p%w@db/textrail", false),
            ("postgres://textrail:pw%2@db/textrail", false),
            ("postgres://textrail:pw@db/textrail%", false),
            ("host=db password=100%", true),
        ] {
            let checked = is_encoded(url);
            assert_eq!(checked.is_ok(), taken, "{url}");
            assert!(
                checked
                    .map_err(|error| error.to_string())
                    .err()
                    .is_none_or(|said| !said.contains("textrail"))
            );
        }
    }
}
