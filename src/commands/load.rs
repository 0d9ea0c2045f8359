//! `textrail load`: the loader alone. It owns the warehouse, so it also answers the reports that
//! `serve` passes on.

use super::standby::Opened;
use super::{api, beside, lake, shutdown, standby};
use crate::cause::with_causes;
use crate::config::Config;
use crate::http::{self, HttpLimits, ReportsOptions, ReportsState};
use crate::lake::store::ObjectStore;
use crate::load::{LoadSettings, Loader};
use crate::report::{LateReports, LocalReports};
use crate::telemetry;
use crate::warehouse::Warehouse;
use crate::warehouse::duck::{DuckSettings, DuckWarehouse};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(super) async fn run(config: &Config) -> Result<()> {
    let listener = api::bind(config.loader.listen)?;
    let store = lake::connect(&config.lake).await?;
    let opened = standby::open(config).await?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let reports = Arc::new(LateReports::default());
    let state = ReportsState {
        reports: reports.clone(),
        bearer: config
            .loader
            .key
            .as_ref()
            .map(|key| key.expose().to_owned()),
        metrics,
        limits: HttpLimits::default(),
    };
    tracing::info!(address = %listener.local_addr()?, "answering");
    let served = http::serve_reports(ReportsOptions {
        listener,
        state,
        shutdown: stop.clone(),
    });
    let worker = work(config.clone(), opened, reports, store, stop.clone());
    beside::run(served, "loader", worker, stop).await
}

/// Loads, at once or when the warehouse is free.
async fn work(
    config: Config,
    opened: Opened,
    reports: Arc<LateReports>,
    store: Arc<dyn ObjectStore>,
    stop: CancellationToken,
) {
    let warehouse = match opened {
        Opened::Now(warehouse) => warehouse,
        Opened::Later => match standby::wait(&config, &stop).await {
            Some(warehouse) => warehouse,
            None => return,
        },
    };
    reports.open(LocalReports::new(Arc::clone(&warehouse)));
    match loader(&config, store, warehouse) {
        Ok(loader) => {
            tracing::info!("loading, and answering reports");
            loader.run(None, stop).await;
        }
        Err(error) => tracing::error!(error = with_causes(&*error), "cannot load"),
    }
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
            "the warehouse in {} cannot be opened; one process at a time may have it open",
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
