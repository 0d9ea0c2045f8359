//! The warehouse in DuckDB: one file a generation, one process that owns it.

use super::{
    Counts, LoadReport, Progress, Rows, Select, StagedWindow, Warehouse, WarehouseError, rows::Cell,
};
use crate::domain::window::WindowId;
use duckdb::Connection;
use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

mod generation;
mod heal;
mod load;
mod owner;
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
    settings: DuckSettings,
    /// The one writer. Loads hold it for their whole transaction.
    writer: Mutex<Connection>,
    /// From which each read gets its own connection.
    reader: Mutex<Connection>,
    /// Given up last.
    _lock: File,
}

impl DuckWarehouse {
    /// Opens the current generation in `directory`, or makes the first.
    ///
    /// # Errors
    /// [`WarehouseError::Owned`] when another process has it.
    pub fn open(directory: &Path, settings: &DuckSettings) -> Result<Self, WarehouseError> {
        let lock = owner::lock(directory)?;
        let (generation, file) = generation::current(directory).map_err(failed("find its file"))?;
        let writer = generation::open(&file, settings).map_err(failed("open its file"))?;
        let reader = writer.try_clone().map_err(refused("open a connection"))?;
        Ok(Self {
            generation,
            file,
            settings: settings.clone(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            _lock: lock,
        })
    }

    /// Breaks something, for a test to see what happens then.
    #[cfg(test)]
    pub(crate) fn execute(&self, sql: &str) {
        lock(&self.writer).execute_batch(sql).unwrap();
    }

    /// A connection of its own for a reader: it waits for no load.
    fn connect(&self) -> Result<Connection, WarehouseError> {
        let connection = lock(&self.reader).try_clone();
        if let Ok(connection) = connection
            && heal::is_sound(&connection)
        {
            return Ok(connection);
        }
        self.heal()?;
        lock(&self.reader)
            .try_clone()
            .map_err(refused("open a connection"))
    }

    /// The writer, when whoever has it is done.
    fn writer(&self) -> Result<MutexGuard<'_, Connection>, WarehouseError> {
        let writer = lock(&self.writer);
        if heal::is_sound(&writer) {
            return Ok(writer);
        }
        drop(writer);
        self.heal()?;
        Ok(lock(&self.writer))
    }

    /// Opens the database again, unless somebody just did.
    fn heal(&self) -> Result<(), WarehouseError> {
        let mut writer = lock(&self.writer);
        let mut reader = lock(&self.reader);
        if heal::is_sound(&writer) && heal::is_sound(&reader) {
            return Ok(());
        }
        heal::reopen(&self.file, &self.settings, &mut writer, &mut reader)
            .map_err(failed("open its file again"))?;
        tracing::warn!("DuckDB had given the warehouse up: it was opened again");
        Ok(())
    }
}

impl Warehouse for DuckWarehouse {
    fn generation(&self) -> String {
        self.generation.clone()
    }

    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError> {
        load::load(&mut *self.writer()?, windows)
    }

    fn loaded(&self, among: &[WindowId]) -> Result<HashSet<WindowId>, WarehouseError> {
        read::loaded(&self.connect()?, among).map_err(refused("list its windows"))
    }

    fn progress(&self) -> Result<Option<Progress>, WarehouseError> {
        read::progress(&self.connect()?).map_err(refused("tell its progress"))
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
        self.writer()?
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
