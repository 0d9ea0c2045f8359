//! `textrail ship`: the shipper alone.

use super::{lake, ledger, shutdown};
use crate::config::Config;
use crate::lake::store::ObjectStore;
use crate::ship::{ShipSettings, Shipper};
use crate::telemetry;
use anyhow::{Context, Result};
use std::sync::Arc;

pub(super) async fn run(config: &Config) -> Result<()> {
    let connection = ledger::settings(&config.ledger)?;
    let store = lake::connect(&config.lake).await?;
    telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let shipper = shipper(config, &connection.url, store)?;
    tracing::info!(window = String::from(config.lake.window), "shipping");
    shipper.run(stop).await;
    Ok(())
}

/// A shipper as the configuration says.
pub(super) fn shipper(
    config: &Config,
    database_url: &str,
    store: Arc<dyn ObjectStore>,
) -> Result<Shipper> {
    let split_bytes =
        i64::try_from(config.lake.split_bytes).context("lake.split_bytes is too large")?;
    let settings = ShipSettings {
        split_bytes,
        ..ShipSettings::new(config.lake.window)
    };
    Ok(Shipper::new(database_url, store, settings))
}
