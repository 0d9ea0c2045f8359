//! Many windows into a warehouse: while one transaction loads, the next one's files are fetched,
//! verified and staged, and their lines are read. Two batches at most lie on the disk, and none in
//! memory but what the warehouse holds of them, within its limit.

use crate::{
    lake::store::ObjectStore,
    load::{
        ask::ask,
        batch::{Order, Refused, StoppedWindows, blame, note_stopped, read_ahead, windows},
        fault::{Fault, LoadError},
        fetch::{self, Found},
        measure,
        settings::LoadSettings,
        staging, tidy,
    },
    warehouse::{LoadReport, StagedWindow, Warehouse, WarehouseError},
};
use futures_util::{
    FutureExt as _, Stream, StreamExt as _,
    future::join,
    stream::{self, Peekable},
};
use std::{ops::Range, path::PathBuf, pin::Pin, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Manifests read ahead.
const MANIFESTS_AT_ONCE: usize = 16;
/// Windows staged at the same time; each fetches a few files.
const WINDOWS_AT_ONCE: usize = 4;
/// How often a window is tried whose fault may pass, and the pause before each of those.
const ATTEMPTS: u32 = 4;

/// How much at once.
#[derive(Clone, Debug)]
pub struct PourSettings {
    /// Windows of one transaction, at most.
    pub windows: usize,
    /// Rows of one transaction, at most, unless one window alone has more.
    pub rows: u64,
    /// Bytes of text of one transaction, at most, unless one window alone has more. Twice as many may
    /// lie on the disk.
    pub text_bytes: u64,
    /// Rows that loads appended from which a loader folds them: here from a million, or these if they are more.
    pub fold_rows: u64,
    /// Under which folders for them are made.
    pub staging: PathBuf,
    /// The pause before what failed is tried again; it doubles.
    pub pause: Duration,
}

impl PourSettings {
    /// Large transactions, staged under this folder.
    pub fn new(staging: PathBuf) -> Self {
        Self {
            windows: 512,
            rows: 500_000,
            text_bytes: 256 << 20,
            fold_rows: 0,
            staging,
            pause: Duration::from_secs(1),
        }
    }
}

impl From<&LoadSettings> for PourSettings {
    fn from(settings: &LoadSettings) -> Self {
        Self {
            windows: settings.windows_at_once.max(1),
            rows: settings.rows_at_once,
            fold_rows: settings.fold_rows,
            ..Self::new(settings.staging.clone())
        }
    }
}

/// See the module.
pub(super) struct Pour<'a> {
    pub(super) store: &'a Arc<dyn ObjectStore>,
    pub(super) warehouse: &'a Arc<dyn Warehouse>,
    pub(super) settings: &'a PourSettings,
    pub(super) stop: &'a CancellationToken,
}

/// Windows of one transaction, and those that did not get so far.
struct Batch {
    /// Removed when the batch is.
    _folder: TempDir,
    keys: Vec<String>,
    windows: Arc<[StagedWindow]>,
    stopped: StoppedWindows,
}

type Manifests<'a> =
    Peekable<Pin<Box<dyn Stream<Item = (String, Result<Found, Fault>)> + Send + 'a>>>;

impl Pour<'_> {
    /// Loads them in this order, and tells what each transaction did. Those that cannot be loaded stop
    /// no other, and are returned with their faults.
    ///
    /// # Errors
    /// When no window can be loaded any more. What was loaded by then stays.
    pub(super) async fn all(
        &self,
        order: Order,
        tell: &mut (dyn FnMut(&LoadReport) + Send),
    ) -> Result<StoppedWindows, LoadError> {
        let (mut order, mut lasting) = (order, Vec::new());
        let mut pause = self.settings.pause;
        for attempt in 1..=ATTEMPTS {
            let stopped = self.once(order, tell).await?;
            let (again, rest): (Vec<_>, Vec<_>) = stopped
                .into_iter()
                .partition(|(_, fault)| fault.passes() && attempt < ATTEMPTS);
            lasting.extend(rest);
            order = windows(again.into_iter().map(|(key, _)| key));
            if order.is_empty() || self.stop.is_cancelled() {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Ok(lasting)
    }

    async fn once(
        &self,
        order: Order,
        tell: &mut (dyn FnMut(&LoadReport) + Send),
    ) -> Result<StoppedWindows, LoadError> {
        let mut manifests = self.manifests(order);
        let mut stopped = StoppedWindows::new();
        let mut staged = self.stage(&mut manifests).await?;
        while let Some(batch) = staged.take().filter(|_| !self.stop.is_cancelled()) {
            let keys = batch.stopped.iter().map(|(key, _)| key.as_str());
            note_stopped(self.warehouse, keys).await?;
            let (loaded, next) = join(self.load(&batch), self.ready(&mut manifests)).await;
            let (report, refused) = loaded?;
            stopped.extend(batch.stopped);
            stopped.extend(refused);
            tell(&report);
            // Of weeks of windows the changes would be many.
            tidy::fold_many(self.warehouse, self.settings.fold_rows).await;
            staged = next?;
        }
        Ok(stopped)
    }

    /// Reads manifests ahead, in order.
    fn manifests(&self, order: Order) -> Manifests<'static> {
        let store = self.store.clone();
        let reads = stream::iter(order).map(move |(id, key)| {
            let store = store.clone();
            async move {
                let found = fetch::manifest(&*store, id, key.clone()).await;
                (key, found)
            }
        });
        let reads: Pin<Box<dyn Stream<Item = _> + Send>> =
            Box::pin(reads.buffered(MANIFESTS_AT_ONCE));
        reads.peekable()
    }

    /// The next windows, staged and read ahead.
    async fn ready(&self, manifests: &mut Manifests<'_>) -> Result<Option<Batch>, LoadError> {
        let staged = self.stage(manifests).await?;
        if let Some(batch) = &staged {
            read_ahead(self.warehouse, &batch.windows).await;
        }
        Ok(staged)
    }

    /// The next windows, as many as one transaction takes, staged; none when there are no more.
    async fn stage(&self, manifests: &mut Manifests<'_>) -> Result<Option<Batch>, LoadError> {
        let (found, mut stopped) = self.gather(manifests).await;
        if found.is_empty() && stopped.is_empty() {
            return Ok(None);
        }
        let folder = staging::make(&self.settings.staging).map_err(LoadError::Staging)?;
        let staging: Vec<_> = found
            .iter()
            .map(|found| fetch::window(&**self.store, found, folder.path()).boxed())
            .collect();
        let staged: Vec<_> = stream::iter(staging)
            .buffered(WINDOWS_AT_ONCE)
            .collect()
            .await;
        let (mut keys, mut windows) = (Vec::new(), Vec::new());
        for (found, window) in found.into_iter().zip(staged) {
            match window {
                Ok(window) => {
                    keys.push(found.key);
                    windows.push(window);
                }
                Err(fault) => stopped.push((found.key, fault)),
            }
        }
        Ok(Some(Batch {
            _folder: folder,
            keys,
            windows: windows.into(),
            stopped,
        }))
    }

    /// The manifests of the next transaction.
    async fn gather(&self, manifests: &mut Manifests<'_>) -> (Vec<Found>, StoppedWindows) {
        let (mut batch, mut stopped) = (Vec::<Found>::new(), Vec::new());
        let (mut rows, mut bytes) = (0_u64, 0_u64);
        let settings = self.settings;
        loop {
            let fits = |next: &(String, Result<Found, Fault>)| match &next.1 {
                Ok(found) if !batch.is_empty() => {
                    batch.len() < settings.windows
                        && rows.saturating_add(found.manifest.rows()) <= settings.rows
                        && bytes.saturating_add(text_bytes(found)) <= settings.text_bytes
                }
                _ => true,
            };
            let Some((key, found)) = Pin::new(&mut *manifests).next_if(fits).await else {
                return (batch, stopped);
            };
            match found {
                Ok(found) => {
                    rows = rows.saturating_add(found.manifest.rows());
                    bytes = bytes.saturating_add(text_bytes(&found));
                    batch.push(found);
                }
                Err(fault) => stopped.push((key, fault)),
            }
        }
    }

    /// One transaction; after a failure each window by itself, so that the one at fault is known.
    async fn load(&self, batch: &Batch) -> Result<(LoadReport, StoppedWindows), LoadError> {
        let all = batch.windows.len();
        if all == 0 {
            return Ok((LoadReport::default(), Vec::new()));
        }
        fail::fail_point!("reprocess.batch.before");
        let loaded = self.transaction(batch, 0..all).await;
        fail::fail_point!("reprocess.batch.after");
        match loaded {
            Err(LoadError::Warehouse(error)) => self.load_apart(batch, error).await,
            loaded => Ok((loaded?, Vec::new())),
        }
    }

    async fn load_apart(
        &self,
        batch: &Batch,
        error: WarehouseError,
    ) -> Result<(LoadReport, StoppedWindows), LoadError> {
        let all = batch.windows.len();
        let (mut done, mut refused) = (LoadReport::default(), Refused::new());
        if all == 1 {
            let key = &batch.keys[0];
            note_stopped(self.warehouse, [key.as_str()]).await?;
            refused.push((key.clone(), error));
        } else {
            measure::takes_apart(all, &error);
            for (place, key) in batch.keys.iter().enumerate() {
                match self.transaction(batch, place..place + 1).await {
                    Err(LoadError::Warehouse(error)) => {
                        note_stopped(self.warehouse, [key.as_str()]).await?;
                        refused.push((key.clone(), error));
                    }
                    loaded => done.add(loaded?),
                }
            }
        }
        let (stopped, held_up) = blame(refused, all);
        match held_up.into_iter().next() {
            None => Ok((done, stopped)),
            Some((_, error)) => Err(error.into()),
        }
    }

    async fn transaction(
        &self,
        batch: &Batch,
        range: Range<usize>,
    ) -> Result<LoadReport, LoadError> {
        let windows = batch.windows.clone();
        ask(self.warehouse, move |warehouse| {
            warehouse.load(&windows[range])
        })
        .await
    }
}

fn text_bytes(found: &Found) -> u64 {
    found
        .manifest
        .files
        .iter()
        .map(|file| file.text_bytes)
        .sum()
}
