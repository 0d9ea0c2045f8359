//! Generations: files with fixed names, and a pointer file that names the current one.
//!
//! The pointer is switched by one rename. The database files are never renamed: DuckDB does not see
//! a rename of an open file, and its write-ahead log would keep the old name.

use super::DuckSettings;
use crate::{
    event::{Kind, fields::fields},
    warehouse::columns::{self, FACT_TABLES},
};
use anyhow::Context;
use duckdb::{Config, Connection};
use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

const POINTER: &str = "current";
const FIRST: &str = "generation-0001";

const MACROS: &str = include_str!("../sql/macros.sql");
const SCHEMA: &str = include_str!("../sql/schema.sql");
const ALL_RECEIPTS: &str = include_str!("../sql/all_receipts.sql");

/// The current generation's name and file. Without a pointer the first generation becomes current.
pub(super) fn current(directory: &Path) -> anyhow::Result<(String, PathBuf)> {
    fs::create_dir_all(directory)
        .with_context(|| format!("could not create {}", directory.display()))?;
    let pointer = directory.join(POINTER);
    let name = match fs::read_to_string(&pointer) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            point(directory, FIRST)?;
            FIRST.to_owned()
        }
        Err(error) => {
            return Err(error).with_context(|| format!("could not read {}", pointer.display()));
        }
    };
    let file = directory.join(format!("{name}.duckdb"));
    Ok((name, file))
}

/// Makes a generation the current one, atomically and durably.
fn point(directory: &Path, name: &str) -> anyhow::Result<()> {
    let mut next = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(next, "{name}")?;
    next.as_file().sync_all()?;
    next.persist(directory.join(POINTER))?;
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

/// Opens a generation's file, and makes the tables that it lacks.
pub(super) fn open(file: &Path, settings: &DuckSettings) -> anyhow::Result<Connection> {
    let config = Config::default()
        .max_memory(&settings.memory_limit)?
        .threads(i64::try_from(settings.threads)?)?
        // No code from the network, whatever a statement names.
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        // Fewer, larger checkpoints: at the default of 16 MB each window paid for one.
        .with("checkpoint_threshold", "256MB")?;
    let connection = Connection::open_with_flags(file, config)
        .with_context(|| format!("could not open {}", file.display()))?;
    connection.execute_batch("SET GLOBAL TimeZone = 'UTC'")?;
    connection.execute_batch(MACROS)?;
    connection.execute_batch(SCHEMA)?;
    for (table, kind) in FACT_TABLES {
        create_facts(&connection, table, kind)?;
    }
    connection.execute_batch(ALL_RECEIPTS)?;
    Ok(connection)
}

/// Makes a fact table, or adds to an older one the optional columns that came since: a new optional
/// field keeps the version of the log line, so old rows rightly have none.
fn create_facts(connection: &Connection, table: &str, kind: Kind) -> duckdb::Result<()> {
    let definitions = columns::definitions(kind);
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {table} ({definitions})"
    ))?;
    for field in fields(kind).iter().filter(|field| !field.required) {
        connection.execute_batch(&format!(
            "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS \"{}\" {}",
            field.name,
            columns::sql_type(field.field_type)
        ))?;
    }
    Ok(())
}

/// Bytes of a generation on disk, its write-ahead log included.
pub(super) fn bytes(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push(".wal");
    [file, Path::new(&log)]
        .iter()
        .filter_map(|path| fs::metadata(path).ok())
        .map(|metadata| metadata.len())
        .sum()
}
