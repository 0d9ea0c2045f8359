//! Windows that were tried and could not be loaded. Within an epoch the gap that one leaves holds the
//! progress back; where an epoch ends no number says what is missing, so this note does.

use super::read::{self, window_id};
use crate::domain::window::WindowId;
use chrono::Utc;
use duckdb::{Connection, params};

const ALL: &str = "SELECT epoch, number, manifest_key FROM stopped_windows ORDER BY epoch, number";

/// Notes those that are neither loaded nor noted.
pub(super) fn note(
    connection: &mut Connection,
    stopped: &[(WindowId, String)],
) -> duckdb::Result<()> {
    let transaction = connection.transaction()?;
    let noted = all(&transaction)?;
    let ids: Vec<_> = stopped.iter().map(|(id, _)| *id).collect();
    let loaded = read::loaded(&transaction, &ids)?;
    for (id, manifest_key) in stopped {
        if loaded.contains_key(id) || noted.iter().any(|(noted, _)| noted == id) {
            continue;
        }
        transaction
            .prepare_cached("INSERT INTO stopped_windows VALUES (?, ?, ?, ?)")?
            .execute(params![id.epoch, id.number, manifest_key, Utc::now()])?;
    }
    transaction.commit()
}

/// All of them, in order.
pub(super) fn all(connection: &Connection) -> duckdb::Result<Vec<(WindowId, String)>> {
    connection
        .prepare(ALL)?
        .query_map([], |row| Ok((window_id(row)?, row.get(2)?)))?
        .collect()
}

/// These windows are loaded after all.
pub(super) fn forget(
    connection: &Connection,
    loaded: impl Iterator<Item = WindowId>,
) -> duckdb::Result<()> {
    if oldest_epoch(connection)?.is_none() {
        return Ok(());
    }
    let mut delete =
        connection.prepare("DELETE FROM stopped_windows WHERE epoch = ? AND number = ?")?;
    for id in loaded {
        delete.execute(params![id.epoch, id.number])?;
    }
    Ok(())
}

/// The oldest epoch of which a window is stopped.
pub(super) fn oldest_epoch(connection: &Connection) -> duckdb::Result<Option<i32>> {
    connection.query_row("SELECT min(epoch) FROM stopped_windows", [], |row| {
        row.get(0)
    })
}
