//! `textrail load`: the loader alone. It owns the warehouse, so it also answers the reports that
//! `serve` passes on.

use super::late::Late;
use super::quarantine::LocalQuarantine;
use super::standby::Opened;
use super::{api, beside, lake, output, shutdown, standby};
use crate::announce::both::Both;
use crate::announce::sqs::{Queue, QueueSettings};
use crate::announce::sweep::Sweep;
use crate::cause::with_causes;
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

/// How often the lake is asked where a queue tells of new windows, unless the configuration says
/// otherwise: the sweep then only finds what it lost.
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
    let listener = api::bind(config.loader.listen, "loader.listen")?;
    let store = lake::connect(&config.lake).await?;
    let opened = standby::open(config).await?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let reports = Arc::new(Late::<LocalReports>::default());
    let quarantine = Arc::new(Late::<LocalQuarantine>::default());
    let state = ReportsState {
        reports: reports.clone(),
        quarantine: Some(quarantine.clone()),
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
    let worker = work(
        config.clone(),
        opened,
        (reports, quarantine),
        store,
        stop.clone(),
    );
    beside::run(served, "loader", worker, stop).await
}

/// Loads, at once or when the warehouse is free.
async fn work(
    config: Config,
    opened: Opened,
    (reports, late): (Arc<Late<LocalReports>>, Arc<Late<LocalQuarantine>>),
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
    let loader = async {
        late.open(quarantine(
            &config,
            Arc::clone(&store),
            Arc::clone(&warehouse),
        )?);
        loader_of_lake(&config, store, warehouse, WAIT).await
    };
    match loader.await {
        Ok(loader) => {
            tracing::info!("loading, and answering reports");
            loader.run(None, stop).await;
        }
        Err(error) => tracing::error!(error = with_causes(&*error), "cannot load"),
    }
}

/// The quarantine of a warehouse and the lake that it is loaded from.
pub(super) fn quarantine(
    config: &Config,
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
) -> Result<LocalQuarantine> {
    let staging = settings(config)?.staging;
    let quarantine = Quarantine::new(store, Arc::clone(&warehouse), staging);
    Ok(LocalQuarantine::new(quarantine, warehouse))
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
    let mut settings = LoadSettings {
        fold_rows: config.warehouse.fold_rows,
        checkpoint_bytes: config.warehouse.checkpoint_bytes,
        staging,
        ..LoadSettings::default()
    };
    if let Some(seconds) = config.loader.sweep_seconds {
        settings.sweep_every = Duration::from_secs(seconds.get());
    }
    Ok(settings)
}
