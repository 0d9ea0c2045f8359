//! DuckDB gives a database up when a checkpoint fails, as it does on a full disk: from then on every
//! statement on it fails until it is opened again. Nothing is lost by that: what was committed is in
//! the file and in its write-ahead log.

use super::{DuckSettings, generation};
use anyhow::ensure;
use duckdb::Connection;
use std::path::Path;

/// Whether a connection leads to a database that works.
pub(super) fn is_sound(connection: &Connection) -> bool {
    connection
        .execute_batch("FROM loaded_windows LIMIT 0")
        .is_ok()
}

/// Opens the file again in the place of both connections. If it cannot be opened they stay unsound,
/// and whoever needs them tries again.
pub(super) fn reopen(
    file: &Path,
    settings: &DuckSettings,
    writer: &mut Connection,
    reader: &mut Connection,
) -> anyhow::Result<()> {
    // What holds the database has to go first.
    *writer = Connection::open_in_memory()?;
    *reader = Connection::open_in_memory()?;
    // One that was retired meanwhile is not made anew, empty.
    ensure!(file.exists(), "{} is gone", file.display());
    let opened = generation::connect(file, settings)?;
    *reader = opened.try_clone()?;
    *writer = opened;
    Ok(())
}
