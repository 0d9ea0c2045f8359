//! The loader: finds windows that the warehouse does not have, fetches and verifies their files,
//! and loads them, each window wholly or not at all.

use crate::{
    announce::Announcer,
    domain::window::WindowId,
    lake::store::{ObjectStore, StoreError},
    warehouse::{LoadReport, StagedWindow, Warehouse, WarehouseError},
};
use futures_util::future::join_all;
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinError,
};
use tokio_util::sync::CancellationToken;

pub mod download;
mod fetch;
mod file;
mod line;
mod measure;
mod quarantine;
mod staging;
#[cfg(test)]
mod tests;

pub use fetch::FetchError;
pub use file::FileError;

/// Windows fetched at once: small ones are mostly waiting for the lake.
const WINDOWS_AT_ONCE: usize = 8;

/// How a loader works.
#[derive(Clone, Debug)]
pub struct LoaderSettings {
    /// Where files lie between the lake and the warehouse; emptied after each load.
    pub staging: PathBuf,
    /// Files fetched and checked at once.
    pub parallel_files: usize,
    /// Rows of one transaction, roughly: catching up takes many windows at once.
    pub rows_per_load: u64,
    /// Longest time between two looks at the lake.
    pub sweep_interval: Duration,
}

impl LoaderSettings {
    /// The usual way, staging in this folder.
    pub fn new(staging: PathBuf) -> Self {
        Self {
            staging,
            parallel_files: 4,
            rows_per_load: 1_000_000,
            sweep_interval: Duration::from_secs(10),
        }
    }
}

/// Loads the lake into a warehouse.
#[derive(Clone, Debug)]
pub struct Loader {
    store: Arc<dyn ObjectStore>,
    announcer: Arc<dyn Announcer>,
    warehouse: Arc<dyn Warehouse>,
    settings: LoaderSettings,
    /// As many permits as files may be in memory at once.
    files: Arc<Semaphore>,
}

/// What one look at the lake came to.
#[derive(Debug, Default)]
pub struct TickReport {
    /// What was loaded, all transactions together.
    pub loaded: LoadReport,
    /// Windows that stay out, by their manifests' keys: the next tick tries them again.
    pub failed: Vec<String>,
}

/// Why a tick came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The lake did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The warehouse did not answer.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// No room to stage files.
    #[error("could not stage files")]
    Staging(#[source] std::io::Error),
    /// A blocking thread was lost.
    #[error("a worker thread was lost")]
    Worker(#[from] JoinError),
}

impl Loader {
    /// A loader from this lake into this warehouse.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        announcer: Arc<dyn Announcer>,
        warehouse: Arc<dyn Warehouse>,
        settings: LoaderSettings,
    ) -> Self {
        Self {
            store,
            announcer,
            warehouse,
            files: Arc::new(Semaphore::new(settings.parallel_files)),
            settings,
        }
    }

    /// Looks at the lake at once, whenever it is woken, and every sweep interval, until the
    /// shutdown; a load in hand is finished.
    pub async fn run(self, wake: Arc<Notify>, shutdown: CancellationToken) {
        if let Err(error) = staging::clean(&self.settings.staging) {
            tracing::warn!(%error, "could not remove what an earlier loader left in the staging folder");
        }
        while !shutdown.is_cancelled() {
            if let Err(error) = self.tick().await {
                metrics::counter!("textrail_load_failures_total").increment(1);
                tracing::error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "could not load from the lake"
                );
            }
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(self.settings.sweep_interval) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Loads every window that the lake has and the warehouse has not.
    pub async fn tick(&self) -> Result<TickReport, LoadError> {
        let progress = self
            .with_warehouse(|warehouse| warehouse.progress())
            .await?;
        let after = progress.map(|progress| progress.manifest_key);
        let keys = self.announcer.manifests(after.as_deref()).await?;
        let mut pending = self.not_loaded(keys).await?;
        let mut report = TickReport::default();
        while !pending.is_empty() {
            self.load_some(&mut pending, &mut report).await?;
        }
        self.measure().await?;
        Ok(report)
    }

    /// The manifests of windows that are not loaded, in order.
    async fn not_loaded(&self, keys: Vec<String>) -> Result<VecDeque<String>, LoadError> {
        let named: Vec<_> = keys
            .into_iter()
            .filter_map(|key| Some((window_of(&key)?, key)))
            .collect();
        let ids: Vec<_> = named.iter().map(|(id, _)| *id).collect();
        let loaded = self
            .with_warehouse(move |warehouse| warehouse.loaded(&ids))
            .await?;
        let new = named.into_iter().filter(|(id, _)| !loaded.contains(id));
        Ok(new.map(|(_, key)| key).collect())
    }

    /// Takes windows off the front of `pending` up to the rows of one transaction, and loads them.
    async fn load_some(
        &self,
        pending: &mut VecDeque<String>,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let directory = staging::make(&self.settings.staging).map_err(LoadError::Staging)?;
        let mut windows = Vec::new();
        let mut rows = 0;
        while !pending.is_empty() && rows < self.settings.rows_per_load {
            let keys = pending.drain(..pending.len().min(WINDOWS_AT_ONCE));
            let fetches = keys.map(|key| async {
                let fetched = self.fetch(&key, directory.path()).await;
                (key, fetched)
            });
            for (key, fetched) in join_all(fetches).await {
                match fetched {
                    Ok(window) => {
                        rows += window.files.iter().map(|file| file.lines).sum::<u64>();
                        windows.push(window);
                    }
                    Err(error) => fail(report, &key, error),
                }
            }
        }
        self.load(windows, report).await
    }

    async fn fetch(&self, key: &str, directory: &Path) -> Result<StagedWindow, FetchError> {
        let window = fetch::window(&self.store, key, directory, &self.files).await?;
        quarantine::store(self.store.as_ref(), &window).await?;
        Ok(window)
    }

    /// Loads windows together; if that fails, one by one, so that none stops the others.
    async fn load(
        &self,
        windows: Vec<StagedWindow>,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        if windows.is_empty() {
            return Ok(());
        }
        let together = Arc::new(windows);
        let Err(error) = self.load_once(together.clone(), report).await? else {
            return Ok(());
        };
        if let [window] = together.as_slice() {
            fail(report, &window.manifest_key, error);
            return Ok(());
        }
        tracing::warn!(
            error = format!("{:#}", anyhow::Error::from(error)),
            windows = together.len(),
            "could not load windows together; loading them one by one"
        );
        for window in together.iter() {
            let alone = Arc::new(vec![window.clone()]);
            if let Err(error) = self.load_once(alone, report).await? {
                fail(report, &window.manifest_key, error);
            }
        }
        Ok(())
    }

    async fn load_once(
        &self,
        windows: Arc<Vec<StagedWindow>>,
        report: &mut TickReport,
    ) -> Result<Result<(), WarehouseError>, LoadError> {
        let began = std::time::Instant::now();
        let warehouse = self.warehouse.clone();
        let given = windows.clone();
        let loaded = tokio::task::spawn_blocking(move || warehouse.load(&given)).await?;
        Ok(loaded.map(|loaded| {
            measure::loaded(&loaded, &windows, began.elapsed());
            report.loaded.add(loaded);
        }))
    }

    async fn measure(&self) -> Result<(), LoadError> {
        let counts = self.with_warehouse(|warehouse| warehouse.counts()).await?;
        measure::counts(counts);
        Ok(())
    }

    async fn with_warehouse<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn Warehouse) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, LoadError> {
        let warehouse = self.warehouse.clone();
        Ok(tokio::task::spawn_blocking(move || ask(warehouse.as_ref())).await??)
    }
}

/// Says loudly that a window stays out; the others go on.
fn fail(report: &mut TickReport, key: &str, error: impl Into<anyhow::Error>) {
    metrics::counter!("textrail_window_failures_total").increment(1);
    tracing::error!(
        manifest = key,
        error = format!("{:#}", error.into()),
        "could not load a window"
    );
    report.failed.push(key.to_owned());
}

/// The window that a manifest's key names; none for a key of another form.
fn window_of(key: &str) -> Option<WindowId> {
    let (_, name) = key.rsplit_once('/')?;
    let (epoch, number) = name.strip_suffix(".json")?.split_once('-')?;
    Some(WindowId {
        epoch: epoch.parse().ok()?,
        number: number.parse().ok()?,
    })
}
