//! Reprocess: another generation of the warehouse, from the lake alone.
//!
//! 1. **Gather**: all windows of the lake, oldest first; facts and messages' own lines. Each
//!    transaction commits with the note of its windows, so a killed one goes on where it was.
//! 2. **Derive**: messages and the buckets that reports read, once, slice by slice of time.
//! 3. **Catch up**: windows that came meanwhile are loaded as the loader does.
//!    Lines that were corrected meanwhile leave quarantine.
//! 4. **Prove**: every file of every manifest, listed again, against what was loaded; the notes
//!    against the tables; the buckets against the messages.
//! 5. **Switch**: one rename. The running loader sees it, brings the new generation up to the last
//!    window, and answers from it.
//!
//! The current generation answers and is loaded all the while, by another process or this one. A
//! window that cannot be loaded does not stop the others, but the switch: what is wrong is told at
//! once, and nothing is given up.

use super::{
    batch::{Order, StoppedWindows},
    fault::{Fault, LoadError},
    retry::{CorrectionError, Quarantine},
    staging,
};
use crate::{
    lake::store::ObjectStore,
    warehouse::{LoadReport, Warehouse, WarehouseError, duck::Rebuild},
};
use missing::{listing, missing};
use pour::Pour;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(super) mod follow;
mod missing;
mod pour;
mod prove;

pub use pour::PourSettings;

/// So few windows that came meanwhile are caught up with once more, and no further listing: where
/// windows are short, one would always come. The loader does the rest.
const FEW: usize = 3;

/// Where a reprocess stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Windows are gathered.
    Gather {
        /// Windows that are in, those of an earlier attempt included.
        windows: usize,
        /// Windows of the lake.
        of: usize,
        /// Rows that this attempt loaded.
        rows: u64,
    },
    /// Messages and buckets are made.
    Derive {
        /// Messages made by this attempt.
        messages: u64,
        /// Messages to make.
        of: u64,
    },
    /// Windows that came meanwhile are loaded.
    CatchUp {
        /// How many.
        windows: usize,
    },
    /// Windows are held against their manifests.
    Prove {
        /// Windows that were.
        windows: usize,
        /// Windows of the lake.
        of: usize,
    },
}

/// What a reprocess did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reprocessed {
    /// The generation that is current now.
    pub generation: String,
    /// The one that was.
    pub replaced: String,
    /// Its windows.
    pub windows: usize,
    /// Rows that this attempt loaded, of all kinds.
    pub rows: u64,
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
}

/// Why the current generation is still the one that it was. What was built is kept: the next attempt
/// goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum ReprocessError {
    /// Windows that cannot be loaded; all others are.
    #[error("{} windows cannot be loaded", .0.len())]
    Windows(Vec<(String, Fault)>),
    /// What was loaded is not what the lake holds.
    #[error("the new generation does not hold what the lake holds:\n  {}", .0.join("\n  "))]
    Unproven(Vec<String>),
    /// It was told to stop.
    #[error("it was told to stop")]
    Stopped,
    /// The corrections of quarantined lines cannot be read.
    #[error("corrections cannot be taken")]
    Corrections(#[from] CorrectionError),
    /// The lake or the disk.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
}

/// Builds a generation to its end and makes it the current one.
///
/// # Errors
/// See [`ReprocessError`].
pub async fn reprocess(
    store: Arc<dyn ObjectStore>,
    rebuild: Rebuild,
    settings: PourSettings,
    stop: CancellationToken,
    tell: impl FnMut(Step) + Send + 'static,
) -> Result<Reprocessed, ReprocessError> {
    staging::clean(&settings.staging).map_err(LoadError::Staging)?;
    let mut run = Run {
        warehouse: rebuild.warehouse(),
        store,
        settings,
        stop,
        tell: Box::new(tell),
        done: LoadReport::default(),
    };
    let replaced = rebuild.replaces().to_owned();
    let generation = rebuild.name().to_owned();
    let mut rebuild = Arc::new(rebuild);
    if rebuild.gathers()? {
        run.gather().await?;
    }
    // Of what was begun to be derived, nothing more is gathered: a fact that came since may be about
    // a message that is made already. It is caught up with, as any load.
    if !rebuild.is_whole() {
        rebuild = run.derive(rebuild).await?;
    }
    let windows = run.catch_up().await?;
    run.correct().await?;
    run.prove(&windows).await?;
    let done = run.done;
    drop(run.warehouse);
    // Nobody else holds it: each step that had it has ended.
    if let Some(rebuild) = Arc::into_inner(rebuild) {
        blocking(move || rebuild.switch()).await?;
    }
    Ok(Reprocessed {
        generation,
        replaced,
        windows: windows.len(),
        rows: done.rows.iter().sum(),
        duplicates: done.duplicates,
        quarantined: done.quarantined,
    })
}

/// One attempt.
struct Run {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    settings: PourSettings,
    stop: CancellationToken,
    tell: Box<dyn FnMut(Step) + Send>,
    done: LoadReport,
}

impl Run {
    async fn gather(&mut self) -> Result<(), ReprocessError> {
        let all = listing(&*self.store).await?;
        let lacking = missing(&all, &self.warehouse).await?;
        let of = all.len();
        let mut windows = of - lacking.len();
        let mut rows = 0;
        (self.tell)(Step::Gather { windows, of, rows });
        self.pour(lacking, |report| {
            windows += report.windows.len();
            rows += report.rows.iter().sum::<u64>();
            Step::Gather { windows, of, rows }
        })
        .await
    }

    /// Loads windows, each wholly or not at all; all that cannot be are told of at once.
    async fn pour(
        &mut self,
        order: Order,
        mut step: impl FnMut(&LoadReport) -> Step + Send,
    ) -> Result<(), ReprocessError> {
        let pour = Pour {
            store: &self.store,
            warehouse: &self.warehouse,
            settings: &self.settings,
            stop: &self.stop,
        };
        let (tell, done) = (&mut self.tell, &mut self.done);
        let stopped: StoppedWindows = pour
            .all(order, &mut |report| {
                tell(step(report));
                done.add(report.clone());
            })
            .await?;
        if self.stop.is_cancelled() {
            Err(ReprocessError::Stopped)
        } else if stopped.is_empty() {
            Ok(())
        } else {
            Err(ReprocessError::Windows(stopped))
        }
    }

    async fn derive(&mut self, rebuild: Arc<Rebuild>) -> Result<Arc<Rebuild>, ReprocessError> {
        let (steps, mut told) = tokio::sync::mpsc::unbounded_channel();
        let derive = tokio::task::spawn_blocking(move || {
            let mut tell = |messages, of| {
                // Fails only when the attempt was dropped: then nobody is there to be told.
                let _ = steps.send(Step::Derive { messages, of });
            };
            rebuild.derive(&mut tell).map(|()| rebuild)
        });
        while let Some(step) = told.recv().await {
            (self.tell)(step);
        }
        Ok(derive.await.map_err(LoadError::from)??)
    }

    /// Loads what came meanwhile, until nothing or very little does. Returns all windows of the lake
    /// at that time, which are all loaded.
    async fn catch_up(&mut self) -> Result<Order, ReprocessError> {
        loop {
            let all = listing(&*self.store).await?;
            let lacking = missing(&all, &self.warehouse).await?;
            let windows = lacking.len();
            if windows > 0 {
                (self.tell)(Step::CatchUp { windows });
                self.pour(lacking, |_| Step::CatchUp { windows }).await?;
            }
            if windows <= FEW {
                return Ok(all);
            }
        }
    }

    /// Takes the corrections that came after their files were gathered: the current generation has
    /// them.
    async fn correct(&mut self) -> Result<(), ReprocessError> {
        let staging = self.settings.staging.clone();
        let desk = Quarantine::new(self.store.clone(), self.warehouse.clone(), staging);
        desk.retry_corrected().await?;
        Ok(())
    }

    async fn prove(&mut self, windows: &Order) -> Result<(), ReprocessError> {
        fail::fail_point!("reprocess.prove.before");
        let (of, tell) = (windows.len(), &mut self.tell);
        let mut tell = |windows| tell(Step::Prove { windows, of });
        let differences = prove::prove(&self.store, &self.warehouse, windows, &mut tell).await?;
        fail::fail_point!("reprocess.prove.after");
        if differences.is_empty() {
            Ok(())
        } else {
            Err(ReprocessError::Unproven(differences))
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WarehouseError> + Send + 'static,
) -> Result<T, ReprocessError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(LoadError::from)??)
}
