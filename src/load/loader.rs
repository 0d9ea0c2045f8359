//! The loader. Tests drive it by [`Loader::tick`], services by [`Loader::run`].

use super::{
    ask::ask,
    batch::Staged,
    fault::{Fault, LoadError},
    measure,
    proof::Proof,
    reprocess::follow::follow,
    settings::LoadSettings,
    staging, tidy,
    waiting::Waiting,
};
use crate::{
    announce::{Announcement, Announcer, sweep::Sweep},
    domain::window::WindowId,
    lake::store::ObjectStore,
    pauses,
    warehouse::{Warehouse, WarehouseError},
};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

mod ahead;
mod apart;
mod prove;
mod settle;

use settle::Halt;

/// What a tick did.
#[derive(Debug, Default)]
pub struct TickReport {
    /// Manifests that were announced, new or not; but for those of windows that are stopped, which a
    /// queue announces again and again.
    pub announced: usize,
    /// Windows that are loaded now and were not before, in the order of loading.
    pub windows: Vec<WindowId>,
    /// Rows of all kinds.
    pub rows: u64,
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
    /// Windows that could not be loaded.
    pub stopped: Vec<Stopped>,
}

/// A window that could not be loaded.
#[derive(Debug)]
pub struct Stopped {
    /// Its manifest.
    pub manifest_key: String,
    /// Why.
    pub fault: Fault,
}

/// See the module. Many may run: a window that another loaded is passed over.
#[derive(Debug)]
pub struct Loader {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    announcer: Box<dyn Announcer>,
    settings: LoadSettings,
    waiting: Waiting,
    /// Windows that were stopped and have not been loaded since, by manifest.
    stopped: BTreeMap<String, Halt>,
    proof: Proof,
    /// When those that stand still were last tried again.
    looked_again: Option<Instant>,
}

impl Loader {
    /// A loader that finds windows by the sweep.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        warehouse: Arc<dyn Warehouse>,
        settings: LoadSettings,
    ) -> Self {
        let sweep = Sweep::new(store.clone(), settings.look_back_every);
        Self::announced_by(Box::new(sweep), store, warehouse, settings)
    }

    /// A loader that is told of windows by an announcer of the caller's.
    pub fn announced_by(
        announcer: Box<dyn Announcer>,
        store: Arc<dyn ObjectStore>,
        warehouse: Arc<dyn Warehouse>,
        settings: LoadSettings,
    ) -> Self {
        Self {
            store,
            warehouse,
            announcer,
            settings,
            waiting: Waiting::default(),
            stopped: BTreeMap::new(),
            proof: Proof::default(),
            looked_again: None,
        }
    }

    /// Loads all windows that are new.
    ///
    /// # Errors
    /// When it cannot go on with any window. What was loaded by then stays loaded.
    pub async fn tick(&mut self) -> Result<TickReport, LoadError> {
        self.round(&CancellationToken::new()).await
    }

    /// Goes on until `shutdown`, then finishes the transaction in hand. `wake` tells of windows
    /// shipped by the same process. A failure is logged and tried again, after ever longer pauses.
    pub async fn run(
        mut self,
        mut wake: Option<watch::Receiver<Option<WindowId>>>,
        shutdown: CancellationToken,
    ) {
        self.clean();
        let mut delays = pauses::between_attempts();
        while !shutdown.is_cancelled() {
            let settled = match self.round(&shutdown).await {
                Ok(report) => !report.stopped.iter().any(|stopped| stopped.fault.passes()),
                Err(error) => {
                    measure::failed(&error);
                    false
                }
            };
            let pause = if settled {
                delays = pauses::between_attempts();
                None
            } else {
                delays.next()
            };
            if pause.is_none() && self.announcer.waits() {
                continue;
            }
            tokio::select! {
                () = wait(pause, self.settings.sweep_every, &mut wake) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Removes what a killed load left.
    pub(super) fn clean(&self) {
        if let Err(error) = staging::clean(&self.settings.staging) {
            tracing::warn!(%error, "what a killed load left could not be removed");
        }
    }

    /// Windows that were stopped and have not been loaded since, each with its reason.
    pub(super) fn stopped(&self) -> BTreeMap<String, &'static str> {
        let stopped = self.stopped.iter();
        stopped
            .map(|(key, halt)| (key.clone(), halt.reason))
            .collect()
    }

    pub(super) async fn round(
        &mut self,
        shutdown: &CancellationToken,
    ) -> Result<TickReport, LoadError> {
        self.round_at(Instant::now(), shutdown).await
    }

    /// Loads, and proves: also when loading failed, so that the alarm never goes stale.
    pub(super) async fn round_at(
        &mut self,
        now: Instant,
        shutdown: &CancellationToken,
    ) -> Result<TickReport, LoadError> {
        let done = self.load_announced(shutdown).await;
        if shutdown.is_cancelled() {
            return done;
        }
        let proven = self.prove(now).await;
        let looked = done.is_ok() && matches!(proven, Ok(true));
        self.proof.tell(&self.left(looked), now);
        let report = done?;
        proven?;
        Ok(report)
    }

    async fn load_announced(
        &mut self,
        shutdown: &CancellationToken,
    ) -> Result<TickReport, LoadError> {
        let followed = follow(&self.store, &self.warehouse, &self.settings, shutdown).await;
        if let Err(error) = followed {
            measure::failed(&error);
        }
        self.look_again().await?;
        let mark = self.ask(|warehouse| warehouse.progress()).await?;
        let mark = mark.map(|progress| progress.manifest_key);
        let mut report = TickReport::default();
        let announced = tokio::select! {
            announced = self.announcer.next(mark.as_deref()) => announced,
            () = shutdown.cancelled() => return Ok(report),
        };
        // A source that is away does not stop what waits already.
        let silent = match announced {
            Ok(announced) => {
                let stands = |news: &&Announcement| !self.stopped.contains_key(&news.manifest_key);
                report.announced = announced.iter().filter(stands).count();
                self.waiting.add(announced);
                None
            }
            Err(error) => Some(error),
        };
        self.load_waiting(&mut report, shutdown).await?;
        if !shutdown.is_cancelled() {
            tidy::tidy(&self.warehouse, &self.settings).await;
        }
        measure::counts(&self.ask(|warehouse| warehouse.counts()).await?);
        silent.map_or(Ok(report), |error| Err(error.into()))
    }

    /// One transaction.
    async fn load(
        &mut self,
        staged: &Staged,
        range: Range<usize>,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let begun = Instant::now();
        let (windows, among) = (staged.windows.clone(), range.clone());
        let done = self
            .ask(move |warehouse| warehouse.load(&windows[among]))
            .await?;
        let (found, windows) = (&staged.found[range.clone()], &staged.windows[range]);
        measure::loaded(&done, found, windows, begun);
        self.proof.expect(found);
        report.windows.extend(&done.windows);
        report.rows += done.rows.iter().sum::<u64>();
        report.duplicates += done.duplicates;
        report.quarantined += done.quarantined;
        self.settle(found.iter().map(|found| found.key.as_str()))
            .await
    }

    /// Calls the warehouse on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Warehouse) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, LoadError> {
        ask(&self.warehouse, question).await
    }
}

/// Waits for a pause to end, or, without one, for a shipped window or the next sweep.
async fn wait(
    pause: Option<Duration>,
    sweep_every: Duration,
    wake: &mut Option<watch::Receiver<Option<WindowId>>>,
) {
    let Some(receiver) = wake else {
        return tokio::time::sleep(pause.unwrap_or(sweep_every)).await;
    };
    if let Some(pause) = pause {
        return tokio::time::sleep(pause).await;
    }
    let woken = tokio::time::timeout(sweep_every, receiver.changed()).await;
    if matches!(woken, Ok(Err(_))) {
        // The shipper is gone: the sweep goes on alone.
        *wake = None;
    }
}
