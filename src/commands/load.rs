//! `textrail load`: the loader alone. It owns the warehouse, so it also answers the reports that
//! `serve` passes on.

use super::{api, beside, lake, shutdown};
use crate::config::Config;
use crate::http::{self, HttpLimits, ReportsOptions, ReportsState};
use crate::lake::store::ObjectStore;
use crate::load::{LoadSettings, Loader};
use crate::report::LocalReports;
use crate::telemetry;
use crate::warehouse::Warehouse;
use crate::warehouse::duck::{DuckSettings, DuckWarehouse};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn run(config: &Config) -> Result<()> {
    let listener = api::bind(config.loader.listen)?;
    let store = lake::connect(&config.lake).await?;
    let warehouse = warehouse(config).await?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let state = ReportsState {
        reports: Arc::new(LocalReports::new(Arc::clone(&warehouse))),
        bearer: config
            .loader
            .key
            .as_ref()
            .map(|key| key.expose().to_owned()),
        metrics,
        limits: HttpLimits::default(),
    };
    let loader = loader(config, store, warehouse)?;
    tracing::info!(address = %listener.local_addr()?, "loading, and answering reports");
    let served = http::serve_reports(ReportsOptions {
        listener,
        state,
        shutdown: stop.clone(),
    });
    beside::run(served, "loader", loader.run(None, stop.clone()), stop).await
}

/// The configured warehouse.
pub(super) async fn warehouse(config: &Config) -> Result<Arc<dyn Warehouse>> {
    let settings = DuckSettings {
        memory_limit: config.warehouse.memory_limit.clone(),
        threads: config.warehouse.threads,
    };
    let directory = config.warehouse.directory.clone();
    let opened =
        tokio::task::spawn_blocking(move || DuckWarehouse::open(&directory, &settings)).await?;
    Ok(Arc::new(opened.with_context(|| {
        format!(
            "the warehouse in {} cannot be opened",
            config.warehouse.directory.display()
        )
    })?))
}

/// A loader as the configuration says. It stages files in a folder beside the warehouse, so that they
/// are on the disk that was chosen for it.
pub(super) fn loader(
    config: &Config,
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
) -> Result<Loader> {
    let staging = config.warehouse.directory.join("staging");
    std::fs::create_dir_all(&staging)
        .with_context(|| format!("cannot make {}", staging.display()))?;
    let settings = LoadSettings {
        sweep_every: Duration::from_secs(config.loader.sweep_seconds),
        staging,
        ..LoadSettings::default()
    };
    Ok(Loader::new(store, warehouse, settings))
}
