//! The warehouse in DuckDB: one file a generation, one process that owns it.

use super::{
    Counts, LoadReport, Progress, QuarantineFilter, QuarantinedFile, Retry, Rows, Select,
    StagedWindow, Warehouse, WarehouseError, rows::Cell,
};
use crate::domain::window::WindowId;
use duckdb::Connection;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

mod generation;
mod load;
mod quarantine;
mod read;
mod staging;

/// How much of the machine DuckDB may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuckSettings {
    /// Most memory, as DuckDB writes it: `1GB`. What does not fit goes to `tmp/` beside the file.
    pub memory_limit: String,
    /// Threads of one statement.
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

/// An open generation.
#[derive(Debug)]
pub struct DuckWarehouse {
    generation: String,
    file: PathBuf,
    /// The one writer. Loads hold it for their whole transaction.
    writer: Mutex<Connection>,
    /// From which each read gets its own connection.
    reader: Mutex<Connection>,
}

impl DuckWarehouse {
    /// Opens the current generation in `directory`, or makes the first.
    pub fn open(directory: &Path, settings: &DuckSettings) -> Result<Self, WarehouseError> {
        let (generation, file) = generation::current(directory).map_err(failed("find its file"))?;
        let writer = generation::open(&file, settings).map_err(failed("open its file"))?;
        let reader = writer.try_clone().map_err(refused("open a connection"))?;
        Ok(Self {
            generation,
            file,
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
        })
    }

    /// Breaks something, for a test to see what happens then.
    #[cfg(test)]
    pub(crate) fn execute(&self, sql: &str) {
        lock(&self.writer).execute_batch(sql).unwrap();
    }

    /// A connection of its own for a reader: it waits for no load.
    fn connect(&self) -> Result<Connection, WarehouseError> {
        lock(&self.reader)
            .try_clone()
            .map_err(refused("open a connection"))
    }
}

impl Warehouse for DuckWarehouse {
    fn generation(&self) -> String {
        self.generation.clone()
    }

    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError> {
        load::load(&mut lock(&self.writer), windows)
    }

    fn loaded(&self, among: &[WindowId]) -> Result<HashSet<WindowId>, WarehouseError> {
        read::loaded(&self.connect()?, among).map_err(refused("list its windows"))
    }

    fn progress(&self) -> Result<Option<Progress>, WarehouseError> {
        read::progress(&self.connect()?).map_err(refused("tell its progress"))
    }

    fn quarantined(
        &self,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedFile>, WarehouseError> {
        quarantine::list(&self.connect()?, filter).map_err(refused("list its quarantine"))
    }

    fn retry(&self, retry: &Retry) -> Result<LoadReport, WarehouseError> {
        quarantine::retry(&mut lock(&self.writer), retry)
    }

    fn counts(&self) -> Result<Counts, WarehouseError> {
        let mut counts = read::counts(&self.connect()?).map_err(refused("count what waits"))?;
        counts.bytes = generation::bytes(&self.file);
        Ok(counts)
    }

    fn read(&self, statements: &[Select], limit: Duration) -> Result<Vec<Rows>, WarehouseError> {
        read::all(&mut self.connect()?, statements, limit)
    }

    fn checkpoint(&self) -> Result<(), WarehouseError> {
        lock(&self.writer)
            .execute_batch("CHECKPOINT")
            .map_err(refused("checkpoint"))
    }
}

/// A panic elsewhere while the lock was held left a transaction that DuckDB rolls back: the
/// connection itself is sound.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
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
