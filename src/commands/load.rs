//! `textrail load`: the loader alone. It owns the warehouse, so it also answers the reports that
//! `serve` passes on.

use super::quarantine::LocalDesk;
use super::{api, beside, lake, output, shutdown};
use crate::announce::both::Both;
use crate::announce::sqs::{Queue, QueueSettings};
use crate::announce::sweep::Sweep;
use crate::cli;
use crate::config::Config;
use crate::http::{self, HttpLimits, ReportsOptions, ReportsState};
use crate::lake::store::ObjectStore;
use crate::load::{LoadSettings, Loader, Quarantine};
use crate::report::LocalReports;
use crate::telemetry;
use crate::warehouse::Warehouse;
use crate::warehouse::duck::{DuckSettings, DuckWarehouse};
use anyhow::{Context, Result, ensure};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a loader that stands by looks whether the warehouse is free.
const STAND_BY: Duration = Duration::from_secs(1);
/// How often the lake is asked unless the configuration says otherwise.
const SWEEP: Duration = Duration::from_secs(15);
/// The same, where a queue tells of new windows: the sweep then only finds what it lost.
const SWEEP_BESIDE_QUEUE: Duration = Duration::from_secs(60);
/// The longest that SQS waits for a message.
const WAIT: Duration = Duration::from_secs(20);
/// A drain ends when this long brought nothing. Not zero: only a waiting look asks all of a queue.
const DRAIN_WAIT: Duration = Duration::from_secs(2);

pub(super) async fn run(mut config: Config, arguments: &cli::Load) -> Result<()> {
    if let Some(queue) = &arguments.queue {
        config.loader.queue_url = Some(queue.clone());
    }
    if arguments.drain {
        drain(&config).await
    } else {
        serve(&config).await
    }
}

/// Loads until nothing is left.
async fn drain(config: &Config) -> Result<()> {
    let store = lake::connect(&config.lake).await?;
    let warehouse = warehouse(config).await?;
    let stop = shutdown::on_signal()?;
    let loader = loader_of_lake(config, store, warehouse, DRAIN_WAIT).await?;
    let drained = loader.drain(&stop).await?;
    output::line(format_args!(
        "loaded {} windows, {} lines; {} known already, {} put aside",
        drained.windows, drained.rows, drained.duplicates, drained.quarantined
    ))?;
    for (manifest, reason) in &drained.stopped {
        output::line(format_args!("stopped ({reason}): {manifest}"))?;
    }
    ensure!(
        drained.stopped.is_empty(),
        "{} windows stay out; see the log",
        drained.stopped.len()
    );
    ensure!(drained.to_the_end, "told to stop before all was loaded");
    Ok(())
}

async fn serve(config: &Config) -> Result<()> {
    let listener = api::bind(config.loader.listen)?;
    let store = lake::connect(&config.lake).await?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let Some(warehouse) = warehouse_in_turn(config, &stop).await? else {
        return Ok(());
    };
    let desk = desk(config, Arc::clone(&store), Arc::clone(&warehouse))?;
    let state = ReportsState {
        reports: Arc::new(LocalReports::new(Arc::clone(&warehouse))),
        quarantine: Some(Arc::new(desk)),
        bearer: config
            .loader
            .key
            .as_ref()
            .map(|key| key.expose().to_owned()),
        metrics,
        limits: HttpLimits::default(),
    };
    let loader = loader_of_lake(config, store, warehouse, WAIT).await?;
    tracing::info!(address = %listener.local_addr()?, "loading, and answering reports");
    let served = http::serve_reports(ReportsOptions {
        listener,
        state,
        shutdown: stop.clone(),
    });
    beside::run(served, "loader", loader.run(None, stop.clone()), stop).await
}

/// The configured warehouse, as soon as no other process has it: a second loader stands by. None if
/// it was told to stop meanwhile.
async fn warehouse_in_turn(
    config: &Config,
    stop: &CancellationToken,
) -> Result<Option<Arc<dyn Warehouse>>> {
    let mut told = false;
    loop {
        let error = match warehouse(config).await {
            Ok(warehouse) => return Ok(Some(warehouse)),
            Err(error) if is_taken(&error) => format!("{error:#}"),
            Err(error) => return Err(error),
        };
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(error, "standing by: another process has the warehouse");
        }
        tokio::select! {
            () = tokio::time::sleep(STAND_BY) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// DuckDB has no code for it, but these words: "Conflicting lock is held in … (PID 123)".
fn is_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("Conflicting lock")
}

/// The quarantine of a warehouse and the lake that it is loaded from.
pub(super) fn desk(
    config: &Config,
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
) -> Result<LocalDesk> {
    let staging = settings(config)?.staging;
    let quarantine = Quarantine::new(store, Arc::clone(&warehouse), staging);
    Ok(LocalDesk::new(quarantine, warehouse))
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

/// A loader of the configured lake, rung for by the configured queue, if there is one.
async fn loader_of_lake(
    config: &Config,
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    wait: Duration,
) -> Result<Loader> {
    let Some(url) = &config.loader.queue_url else {
        return loader(config, store, warehouse);
    };
    let mut settings = settings(config)?;
    if config.loader.sweep_seconds.is_none() {
        settings.sweep_every = SWEEP_BESIDE_QUEUE;
    }
    let s3 = lake::settings(&config.lake)?;
    let prefix = match s3.prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let queue = QueueSettings {
        url: url.to_string(),
        bucket: s3.bucket,
        prefix,
        wait,
        visibility: Duration::from_secs(config.loader.queue_visibility_seconds.into()),
    };
    let queue = Queue::connect(queue, Arc::clone(&store)).await;
    let sweep = Sweep::new(Arc::clone(&store), settings.look_back_every);
    let both = Both::new(queue, sweep, settings.sweep_every);
    Ok(Loader::announced_by(
        Box::new(both),
        store,
        warehouse,
        settings,
    ))
}

/// A loader that finds windows by the sweep.
pub(super) fn loader(
    config: &Config,
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
) -> Result<Loader> {
    Ok(Loader::new(store, warehouse, settings(config)?))
}

/// A loader's settings as the configuration says. It stages files in a folder beside the warehouse, so that they
/// are on the disk that was chosen for it.
fn settings(config: &Config) -> Result<LoadSettings> {
    let staging = config.warehouse.directory.join("staging");
    std::fs::create_dir_all(&staging)
        .with_context(|| format!("cannot make {}", staging.display()))?;
    let sweep = config.loader.sweep_seconds;
    let sweep_every = sweep.map_or(SWEEP, |seconds| Duration::from_secs(seconds.get()));
    Ok(LoadSettings {
        sweep_every,
        staging,
        ..LoadSettings::default()
    })
}
