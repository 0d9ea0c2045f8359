//! `textrail ship`: the shipper alone.

use super::{api, beside, lake, ledger, shutdown};
use crate::config::Config;
use crate::http::{self, HttpLimits, OperationsOptions};
use crate::lake::store::ObjectStore;
use crate::ship::{Packing, Room, ShipSettings, Shipper};
use crate::telemetry;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn run(config: &Config) -> Result<()> {
    let connection = ledger::settings(&config.ledger)?;
    let listener = api::bind(config.shipper.listen, "shipper.listen")?;
    let store = lake::connect(&config.lake).await?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let shipper = shipper(config, &connection.url, store, Room::Unknown)?;
    tracing::info!(
        window = String::from(config.lake.window),
        address = %listener.local_addr()?,
        "shipping"
    );
    let served = http::serve_operations(OperationsOptions {
        listener,
        metrics,
        limits: HttpLimits {
            // A scrape now and then.
            workers: Some(1),
            ..HttpLimits::default()
        },
        shutdown: stop.clone(),
    });
    beside::run(served, "shipper", shipper.run(stop.clone()), stop).await
}

/// A shipper as the configuration says. `disk`: the room of the outbox, unless that is configured.
pub(super) fn shipper(
    config: &Config,
    database_url: &str,
    store: Arc<dyn ObjectStore>,
    disk: Room,
) -> Result<Shipper> {
    let split_bytes =
        i64::try_from(config.lake.split_bytes).context("lake.split_bytes is too large")?;
    let settings = ShipSettings {
        split_bytes,
        patience: Duration::from_secs(config.shipper.takeover_seconds),
        packing: Packing {
            directory: config.shipper.directory.clone(),
            disk_bytes: config.shipper.disk_bytes,
            ..Packing::default()
        },
        room: config.shipper.outbox_room_bytes.map_or(disk, Room::Bytes),
        ..ShipSettings::new(config.lake.window)
    };
    Ok(Shipper::new(database_url, store, settings))
}
