//! `textrail migrate`: the ledger's schema.

use super::{ledger, output};
use crate::cli::Migrate;
use crate::config::Config;
use crate::ledger::migrate;
use anyhow::Result;

pub(super) fn run(config: &Config, arguments: &Migrate) -> Result<()> {
    let applied = migrate::run(&mut ledger::connect_for_command(config, &arguments.data)?)?;
    if applied.is_empty() {
        output::line("The schema is up to date.")?;
    }
    for name in applied {
        output::line(format!("applied {name}"))?;
    }
    Ok(())
}
