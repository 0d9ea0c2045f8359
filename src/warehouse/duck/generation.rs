//! One generation: one open file.

use super::{
    DuckSettings, ahead::Ahead, checkpoint, fold, heal, load, lock, notes, quarantine, read,
    recount, refused, rules, stopped, threads::Threads,
};
use crate::{
    domain::window::WindowId,
    event::{Kind, fields::fields},
    warehouse::{
        Counts, KindCount, LoadReport, LoadedFile, Progress, QuarantineFilter, QuarantinedFile,
        Retry, Rows, Select, StagedWindow, Warehouse, WarehouseError,
        columns::{self, FACT_TABLES},
    },
};
use anyhow::Context;
use chrono::{DateTime, Utc};
use duckdb::{Config, Connection, params};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const MACROS: &str = include_str!("../sql/macros.sql");
const SCHEMA: &str = include_str!("../sql/schema.sql");
const ALL_RECEIPTS: &str = include_str!("../sql/all_receipts.sql");
/// What defines its tables beside the fields of the log lines.
pub(super) const TABLES: [&str; 3] = [MACROS, SCHEMA, ALL_RECEIPTS];

/// An open generation.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) name: String,
    file: PathBuf,
    settings: DuckSettings,
    /// Whether messages and buckets are made at each load: not while it is rebuilt.
    whole: AtomicBool,
    /// The one writer. Loads hold it for their whole transaction.
    writer: Mutex<Connection>,
    /// From which each read gets its own connection.
    reader: Mutex<Connection>,
    /// What is read for the next load.
    ahead: Ahead,
}

/// What a generation says of itself.
#[derive(Clone, Debug)]
pub(super) struct Nature {
    /// By what rules it was made.
    pub(super) rules: String,
    /// `gathering`, `deriving` or `whole`.
    pub(super) state: String,
    /// While deriving: messages recorded before this are made.
    pub(super) derived_before: Option<DateTime<Utc>>,
}

impl Generation {
    /// Opens a file, and makes the tables that it lacks.
    pub(super) fn open(
        name: &str,
        file: PathBuf,
        settings: &DuckSettings,
    ) -> Result<Self, WarehouseError> {
        let failed = |source| WarehouseError::Engine {
            action: "open its file",
            source,
        };
        let mut writer = connect(&file, settings).map_err(failed)?;
        if let Some(table) = rules::other_table(&writer).map_err(failed)? {
            return Err(WarehouseError::OtherSchema {
                generation: name.to_owned(),
                table,
            });
        }
        let opened = define(&writer)
            .and_then(|()| introduce(&writer, name))
            .and_then(|()| nature(&writer))
            .map_err(|error| failed(error.into()))?;
        if opened.state == "whole" {
            recount::recount_others(&mut writer).map_err(refused("count its buckets"))?;
        }
        let reader = writer.try_clone().map_err(refused("open a connection"))?;
        Ok(Self {
            name: name.to_owned(),
            file,
            settings: settings.clone(),
            whole: AtomicBool::new(opened.state == "whole"),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            ahead: Ahead::default(),
        })
    }

    /// What it says of itself.
    pub(super) fn nature(&self) -> Result<Nature, WarehouseError> {
        nature(&self.connect()?).map_err(refused("tell what it is"))
    }

    /// Whether messages and buckets are made at each load.
    pub(super) fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    /// It is rebuilt, or is so no longer.
    pub(super) fn set_whole(&self, whole: bool) {
        self.whole.store(whole, Ordering::Release);
    }

    /// Runs statements on the writer.
    pub(super) fn execute(&self, sql: &str) -> duckdb::Result<()> {
        lock(&self.writer).execute_batch(sql)
    }

    /// A connection of its own for a reader: it waits for no load.
    pub(super) fn connect(&self) -> Result<Connection, WarehouseError> {
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
        self.ahead.forget();
        heal::reopen(&self.file, &self.settings, &mut writer, &mut reader).map_err(|source| {
            WarehouseError::Engine {
                action: "open its file again",
                source,
            }
        })?;
        tracing::warn!("DuckDB had given the warehouse up: it was opened again");
        Ok(())
    }
}

impl Warehouse for Generation {
    fn generation(&self) -> String {
        self.name.clone()
    }

    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError> {
        let mut writer = self.writer()?;
        let read = self.ahead.take_over(&mut writer, windows);
        let threads = Threads(self.settings.threads);
        threads.one(&mut writer, |writer| {
            if self.is_whole() {
                load::load(writer, windows, read.as_ref(), threads)
            } else {
                load::gather(writer, windows, read.as_ref())
            }
        })
    }

    /// Does not wait for the writer: the load before these windows has it.
    fn read_ahead(&self, windows: &[StagedWindow]) -> Result<(), WarehouseError> {
        self.ahead.read(self.connect()?, windows, self.is_whole())
    }

    fn loaded(&self, among: &[WindowId]) -> Result<HashMap<WindowId, String>, WarehouseError> {
        read::loaded(&self.connect()?, among).map_err(refused("list its windows"))
    }

    fn note_stopped(&self, stopped: &[(WindowId, String)]) -> Result<(), WarehouseError> {
        stopped::note(&mut *self.writer()?, stopped)
            .map_err(refused("note the windows that cannot be loaded"))
    }

    fn stopped(&self) -> Result<Vec<(WindowId, String)>, WarehouseError> {
        stopped::all(&self.connect()?).map_err(refused("list the windows that cannot be loaded"))
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
        let threads = Threads(self.settings.threads);
        threads.one(&mut *self.writer()?, |writer| {
            quarantine::retry(writer, retry, threads)
        })
    }

    fn counts(&self) -> Result<Counts, WarehouseError> {
        let mut counts = read::counts(&self.connect()?).map_err(refused("count what waits"))?;
        counts.bytes = checkpoint::bytes(&self.file);
        Ok(counts)
    }

    fn loaded_files(&self, among: &[WindowId]) -> Result<Vec<LoadedFile>, WarehouseError> {
        notes::loaded_files(&self.connect()?, among).map_err(refused("list its files"))
    }

    fn kind_counts(&self) -> Result<Vec<KindCount>, WarehouseError> {
        notes::kind_counts(&self.connect()?).map_err(refused("count its rows"))
    }

    fn read(&self, statements: &[Select], limit: Duration) -> Result<Vec<Rows>, WarehouseError> {
        read::all(&mut self.connect()?, statements, limit)
    }

    /// With all of DuckDB's threads, unlike a load: most of it is to look through history.
    fn fold(&self, at_least: u64) -> Result<bool, WarehouseError> {
        fold::fold_changes(&mut *self.writer()?, at_least)
            .map_err(refused("fold what loads appended"))
    }

    /// With all of DuckDB's threads, as above.
    fn checkpoint(&self, at_least: u64) -> Result<bool, WarehouseError> {
        let writer = self.writer()?;
        if checkpoint::log_bytes(&self.file) < at_least {
            return Ok(false);
        }
        checkpoint::write(&writer).map_err(refused("checkpoint"))?;
        Ok(true)
    }
}

pub(super) fn connect(file: &Path, settings: &DuckSettings) -> anyhow::Result<Connection> {
    let config = Config::default()
        .max_memory(&settings.memory_limit)?
        .threads(i64::try_from(settings.threads)?)?
        // No code from the network, whatever a statement names.
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?;
    let config = checkpoint::by_itself(config)?;
    let connection = Connection::open_with_flags(file, config)
        .with_context(|| format!("could not open {}", file.display()))?;
    connection.execute_batch("SET GLOBAL TimeZone = 'UTC'")?;
    // Staged files are read a few times within seconds; the kernel has them in memory, and DuckDB needs its own for
    // what it makes of them.
    connection.execute_batch("SET GLOBAL enable_external_file_cache = false")?;
    // So many values of a join's smaller side become a filter of the scan of its larger one: what a
    // window is about is looked up without reading the rest.
    connection.execute_batch("SET GLOBAL dynamic_or_filter_threshold = 100000")?;
    Ok(connection)
}

/// Makes the tables, views and macros that a file lacks, in one transaction.
pub(super) fn define(connection: &Connection) -> duckdb::Result<()> {
    let facts: String = FACT_TABLES
        .iter()
        .map(|(table, kind)| facts(table, *kind))
        .collect();
    let sql = format!("BEGIN;\n{MACROS}\n{SCHEMA}\n{facts}\n{ALL_RECEIPTS}\nCOMMIT;");
    connection.execute_batch(&sql)
}

/// Makes a fact table, or adds to an older one the optional columns that came since: a new optional
/// field keeps the version of the log line, so old rows rightly have none.
fn facts(table: &str, kind: Kind) -> String {
    let definitions = columns::definitions(kind);
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {table} ({definitions});\n");
    for field in fields(kind).iter().filter(|field| !field.required) {
        sql.push_str(&format!(
            "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS \"{}\" {};\n",
            field.name,
            columns::sql_type(field.field_type)
        ));
    }
    sql
}

/// Has a generation that does not yet say what it is do so. One that was filled before generations
/// did is whole, by rules that nobody noted.
fn introduce(connection: &Connection, name: &str) -> duckdb::Result<()> {
    let known: bool =
        connection.query_row("SELECT EXISTS (FROM generation)", [], |row| row.get(0))?;
    if known {
        return Ok(());
    }
    let filled: bool =
        connection.query_row("SELECT EXISTS (FROM loaded_windows)", [], |row| row.get(0))?;
    let rules = if filled { "" } else { rules::fingerprint() };
    connection
        .prepare(
            "INSERT INTO generation (name, rules, made_by, made_at, state) \
             VALUES (?, ?, ?, ?, 'whole')",
        )?
        .execute(params![name, rules, env!("CARGO_PKG_VERSION"), Utc::now()])
        .map(drop)
}

fn nature(connection: &Connection) -> duckdb::Result<Nature> {
    let sql = "SELECT rules, state, derived_before FROM generation";
    connection.query_row(sql, [], |row| {
        Ok(Nature {
            rules: row.get(0)?,
            state: row.get(1)?,
            derived_before: row.get(2)?,
        })
    })
}
