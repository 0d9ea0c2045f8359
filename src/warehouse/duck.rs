//! The warehouse in DuckDB: one file a generation, one process that owns it.

use super::{
    Counts, KindCount, LoadReport, LoadedFile, Progress, QuarantineFilter, QuarantinedFile, Retry,
    Rows, Select, StagedWindow, Warehouse, WarehouseError, rows::Cell,
};
use crate::{cause::with_causes, domain::window::WindowId};
use arc_swap::ArcSwap;
use directory::Directory;
use generation::Generation;
use std::{
    collections::HashMap,
    fs::File,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

mod ahead;
mod buckets;
mod checkpoint;
mod deltas;
mod derive;
mod directory;
mod fold;
mod generation;
mod heal;
mod load;
mod merge;
mod notes;
mod quarantine;
mod read;
mod rebuild;
mod recount;
mod rules;
mod staging;
mod steps;
mod stopped;
mod threads;

pub use rebuild::Rebuild;

/// How much of the machine DuckDB may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuckSettings {
    /// Most memory, as DuckDB writes it: `1GB`. What does not fit goes to `tmp/` beside the file.
    pub memory_limit: String,
    /// Threads of one statement that reads, or makes the messages of a rebuild; a load has one.
    pub threads: usize,
}

impl Default for DuckSettings {
    fn default() -> Self {
        Self {
            memory_limit: "1GB".to_owned(),
            threads: 2,
        }
    }
}

/// The warehouse of a folder: its current generation, open.
///
/// A read or a load is wholly of one generation: of the one that was current when it began.
#[derive(Debug)]
pub struct DuckWarehouse {
    directory: Directory,
    settings: DuckSettings,
    current: ArcSwap<Generation>,
    next: Mutex<Next>,
    /// No other process opens the folder until this is dropped.
    _lock: File,
}

/// What was found of a newer generation.
#[derive(Debug, Default)]
struct Next {
    opened: Option<Arc<Generation>>,
    /// The name of one that this version cannot use.
    refused: Option<String>,
}

impl DuckWarehouse {
    /// Opens the current generation in `directory`, or makes the first.
    ///
    /// # Errors
    /// [`WarehouseError::Owned`] when another process has it; [`WarehouseError::OtherSchema`] when
    /// its tables are not this version's.
    pub fn open(directory: &Path, settings: &DuckSettings) -> Result<Self, WarehouseError> {
        let directory = Directory::open(directory).map_err(failed("find its folder"))?;
        let lock = directory.lock_owner()?;
        let name = directory.current().map_err(failed("find its file"))?;
        let generation = Generation::open(&name, directory.file(&name), settings)?;
        tell_of(&generation)?;
        retire(&directory, &name);
        Ok(Self {
            directory,
            settings: settings.clone(),
            current: ArcSwap::from_pointee(generation),
            next: Mutex::default(),
            _lock: lock,
        })
    }

    /// Breaks something, for a test to see what happens then.
    #[cfg(test)]
    pub(crate) fn execute(&self, sql: &str) {
        self.current.load().execute(sql).unwrap();
    }
}

impl Warehouse for DuckWarehouse {
    fn generation(&self) -> String {
        self.current.load().generation()
    }

    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError> {
        self.current.load_full().load(windows)
    }

    fn read_ahead(&self, windows: &[StagedWindow]) -> Result<(), WarehouseError> {
        self.current.load_full().read_ahead(windows)
    }

    fn loaded(&self, among: &[WindowId]) -> Result<HashMap<WindowId, String>, WarehouseError> {
        self.current.load_full().loaded(among)
    }

    fn note_stopped(&self, stopped: &[(WindowId, String)]) -> Result<(), WarehouseError> {
        self.current.load_full().note_stopped(stopped)
    }

    fn stopped(&self) -> Result<Vec<(WindowId, String)>, WarehouseError> {
        self.current.load_full().stopped()
    }

    fn progress(&self) -> Result<Option<Progress>, WarehouseError> {
        self.current.load_full().progress()
    }

    fn quarantined(
        &self,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedFile>, WarehouseError> {
        self.current.load_full().quarantined(filter)
    }

    fn retry(&self, retry: &Retry) -> Result<LoadReport, WarehouseError> {
        self.current.load_full().retry(retry)
    }

    fn counts(&self) -> Result<Counts, WarehouseError> {
        self.current.load_full().counts()
    }

    fn loaded_files(&self, among: &[WindowId]) -> Result<Vec<LoadedFile>, WarehouseError> {
        self.current.load_full().loaded_files(among)
    }

    fn kind_counts(&self) -> Result<Vec<KindCount>, WarehouseError> {
        self.current.load_full().kind_counts()
    }

    fn read(&self, statements: &[Select], limit: Duration) -> Result<Vec<Rows>, WarehouseError> {
        self.current.load_full().read(statements, limit)
    }

    fn fold(&self, at_least: u64) -> Result<bool, WarehouseError> {
        self.current.load_full().fold(at_least)
    }

    fn checkpoint(&self, at_least: u64) -> Result<bool, WarehouseError> {
        self.current.load_full().checkpoint(at_least)
    }

    fn newer(&self) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        let name = self.directory.current().map_err(failed("find its file"))?;
        let mut next = lock(&self.next);
        if name == self.current.load().name {
            *next = Next::default();
            return Ok(None);
        }
        if let Some(opened) = next.opened.as_ref().filter(|opened| opened.name == name) {
            return Ok(Some(opened.clone()));
        }
        next.opened = None;
        if next.refused.as_ref() == Some(&name) {
            return Ok(None);
        }
        match Generation::open(&name, self.directory.file(&name), &self.settings) {
            Ok(opened) => {
                let opened = Arc::new(opened);
                next.opened = Some(opened.clone());
                Ok(Some(opened))
            }
            Err(error @ WarehouseError::OtherSchema { .. }) => {
                tracing::error!(
                    error = with_causes(&error),
                    "another version made the current generation: this process goes on with the \
                     one before until that version takes its place"
                );
                next.refused = Some(name);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn adopt_newer(&self) -> Result<(), WarehouseError> {
        let Some(opened) = lock(&self.next).opened.take() else {
            return Ok(());
        };
        tell_of(&opened)?;
        let name = opened.name.clone();
        let before = self.current.swap(opened);
        tracing::info!(
            generation = name,
            before = before.name,
            "reports come from another generation"
        );
        retire(&self.directory, &name);
        Ok(())
    }
}

/// Says which generation answers, and whether its rows follow this version's rules.
fn tell_of(generation: &Generation) -> Result<(), WarehouseError> {
    let older = generation.nature()?.rules != rules::fingerprint();
    metrics::gauge!("textrail_warehouse_older_rules").set(f64::from(u8::from(older)));
    if older {
        tracing::warn!(
            generation = generation.name,
            "this generation was made by the rules of another version: it is loaded and read, and \
             `textrail reprocess` makes one by the rules of this version"
        );
    }
    Ok(())
}

/// Old generations are no use to anybody; failing to remove them is no reason not to go on.
fn retire(directory: &Directory, current: &str) {
    if let Err(error) = directory.retire(current) {
        tracing::warn!(
            error = format!("{error:#}"),
            "an old generation could not be removed"
        );
    }
}

/// A panic elsewhere while the lock was held left a transaction that DuckDB rolls back: the
/// connection itself is sound.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(action: &'static str) -> impl FnOnce(duckdb::Error) -> WarehouseError {
    move |source| WarehouseError::Engine {
        action,
        source: source.into(),
    }
}

fn failed(action: &'static str) -> impl FnOnce(anyhow::Error) -> WarehouseError {
    move |source| WarehouseError::Engine { action, source }
}
