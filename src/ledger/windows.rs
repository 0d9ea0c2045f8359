//! Windows: sealing them, which of them wait, and the notes that they were shipped and verified.
//!
//! Everything here is about the newest epoch; [`super::epochs`] begins one.

use super::session::SessionError;
use super::snapshot::Snapshot;
use crate::domain::window::WindowId;
use crate::event::Kind;
use anyhow::anyhow;
use chrono::{DateTime, Utc};
use postgres::{Client, Row};

/// The most rows that [`backlog`] counts: it must stay cheap when nothing was sealed for hours.
const COUNTED: i64 = 1_000_000;

/// What a seal is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SealOrder {
    /// The mark of the clock.
    pub boundary: DateTime<Utc>,
    /// Bytes of text after which a file is closed and the next begun.
    pub split_bytes: i64,
    /// How the files are laid out.
    pub format_version: i32,
}

/// A sealed window: all that its files are a function of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedWindow {
    /// Its name.
    pub id: WindowId,
    /// What it and all windows before it see.
    pub snapshot: Snapshot,
    /// What the windows before it see.
    pub previous: Snapshot,
    /// The mark of the clock that it was sealed for.
    pub boundary: DateTime<Utc>,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// Bytes of text after which a file is closed and the next begun.
    pub split_bytes: u64,
    /// How its files are laid out.
    pub format_version: i32,
    /// Rows up to this id are of another cluster, and are not told by their transactions.
    pub foreign_through: i64,
    /// The ids, from after the one through the other, of such rows in this window: an epoch's first
    /// takes them in.
    pub foreign: Option<(i64, i64)>,
}

/// A file of a shipped window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedFile {
    /// The kind of its lines.
    pub kind: Kind,
    /// From 0, in order of lines.
    pub part: i32,
    /// Key in the lake.
    pub key: String,
    /// Lines.
    pub rows: i64,
    /// Bytes before compression.
    pub text_bytes: i64,
    /// Checksum before compression.
    pub text_sha256: Vec<u8>,
    /// Bytes of the object.
    pub object_bytes: i64,
    /// Checksum of the object.
    pub object_sha256: Vec<u8>,
    /// Smallest `recorded_at` in it.
    pub first_recorded_at: DateTime<Utc>,
    /// Largest `recorded_at` in it.
    pub last_recorded_at: DateTime<Utc>,
}

/// A shipped window that waits to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// Its name.
    pub id: WindowId,
    /// Key of its manifest.
    pub manifest_key: String,
    /// Rows that were noted when it was shipped.
    pub rows: i64,
}

/// What the last of an unbroken row of verified windows sees: all of it is safe in the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedThrough {
    /// The ledger's life.
    pub epoch: i32,
    /// The window's snapshot.
    pub snapshot: Snapshot,
    /// Rows up to this id are of another cluster: the snapshot says nothing about them.
    pub foreign_through: i64,
    /// Of those, the ones up to this id are in verified windows.
    pub foreign_verified: i64,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Rows that no seal has seen, at most a million.
    pub unsealed_rows: i64,
    /// Age of the oldest of them, in seconds; 0 if there is none.
    pub oldest_seconds: f64,
    /// Windows that are sealed and not shipped.
    pub unshipped_windows: i64,
}

/// Seals a window; `None` if the boundary was sealed already, or a later one that has come.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn seal(client: &mut Client, order: &SealOrder) -> Result<Option<WindowId>, SessionError> {
    let sealed = client.query_opt(
        include_str!("sql/ship/seal.sql"),
        &[&order.boundary, &order.split_bytes, &order.format_version],
    )?;
    sealed.as_ref().map(window_id).transpose()
}

/// The oldest window that waits to be shipped.
///
/// # Errors
/// If the ledger refuses the statement, the connection breaks, or the seal cannot be read.
pub fn next_to_ship(client: &mut Client) -> Result<Option<SealedWindow>, SessionError> {
    let row = client.query_opt(include_str!("sql/ship/next_to_ship.sql"), &[])?;
    row.as_ref().map(sealed_window).transpose()
}

/// PostgreSQL's clock.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn clock(client: &mut Client) -> Result<DateTime<Utc>, SessionError> {
    Ok(client
        .query_one("SELECT clock_timestamp()", &[])?
        .try_get(0)?)
}

/// Whether a window was confirmed, by whomever.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn is_shipped(client: &mut Client, id: WindowId) -> Result<bool, SessionError> {
    let row = client.query_one(
        "SELECT EXISTS (SELECT FROM shipped_windows WHERE epoch = $1 AND number = $2)",
        &[&id.epoch, &id.number],
    )?;
    Ok(row.try_get(0)?)
}

/// The first window that the manifest of a window with rows accounts for: itself, or the first of
/// the empty ones just before it.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn first_accounted(client: &mut Client, id: WindowId) -> Result<i64, SessionError> {
    let row = client.query_one(
        include_str!("sql/ship/last_with_rows.sql"),
        &[&id.epoch, &id.number],
    )?;
    let last: i64 = row.try_get(0)?;
    Ok(last + 1)
}

/// Notes a window as shipped, with its files; one without files was empty. False if it was noted
/// before: then nothing is changed.
///
/// # Errors
/// If the ledger was put back meanwhile, and has sealed no window of that name or another one.
pub fn confirm(
    client: &mut Client,
    window: &SealedWindow,
    manifest_key: Option<&str>,
    files: &[ShippedFile],
) -> Result<bool, SessionError> {
    let id = window.id;
    let rows: i64 = files.iter().map(|file| file.rows).sum();
    let mut transaction = client.transaction()?;
    let noted = transaction.execute(
        include_str!("sql/ship/confirm_window.sql"),
        &[
            &id.epoch,
            &id.number,
            &rows,
            &manifest_key,
            &window.sealed_at,
            &window.snapshot.to_string(),
        ],
    )?;
    if noted == 0 {
        drop(transaction);
        if is_shipped(client, id)? {
            return Ok(false);
        }
        return Err(SessionError::Unexpected(anyhow!(
            "window {id} was sealed otherwise when it was read: the ledger was put back meanwhile"
        )));
    }
    let statement = transaction.prepare(include_str!("sql/ship/confirm_file.sql"))?;
    for file in files {
        transaction.execute(
            &statement,
            &[
                &id.epoch,
                &id.number,
                &file.kind.number(),
                &file.part,
                &file.key,
                &file.rows,
                &file.text_bytes,
                &file.text_sha256,
                &file.object_bytes,
                &file.object_sha256,
                &file.first_recorded_at,
                &file.last_recorded_at,
            ],
        )?;
    }
    transaction.commit()?;
    Ok(true)
}

/// The oldest shipped window that waits to be verified.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn next_to_verify(client: &mut Client) -> Result<Option<Unverified>, SessionError> {
    let row = client.query_opt(include_str!("sql/ship/next_to_verify.sql"), &[])?;
    row.map(|row| {
        Ok(Unverified {
            id: window_id(&row)?,
            manifest_key: row.try_get(2)?,
            rows: row.try_get(3)?,
        })
    })
    .transpose()
}

/// Up to where all windows are verified; `None` before the first is shipped.
///
/// # Errors
/// If the ledger refuses the statement, the connection breaks, or the snapshot cannot be read.
pub fn verified_through(client: &mut Client) -> Result<Option<VerifiedThrough>, SessionError> {
    let row = client.query_opt(include_str!("sql/ship/verified_through.sql"), &[])?;
    row.map(|row| {
        Ok(VerifiedThrough {
            epoch: row.try_get(0)?,
            snapshot: snapshot(&row, 1)?,
            foreign_through: row.try_get(2)?,
            foreign_verified: row.try_get(3)?,
        })
    })
    .transpose()
}

/// Notes a window as verified.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn note_verified(client: &mut Client, id: WindowId) -> Result<(), SessionError> {
    client.execute(
        "UPDATE shipped_windows SET verified_at = now()
         WHERE epoch = $1 AND number = $2 AND verified_at IS NULL",
        &[&id.epoch, &id.number],
    )?;
    Ok(())
}

/// Counts what waits.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn backlog(client: &mut Client) -> Result<Backlog, SessionError> {
    let row = client.query_one(include_str!("sql/ship/backlog.sql"), &[&COUNTED])?;
    Ok(Backlog {
        unsealed_rows: row.try_get(0)?,
        oldest_seconds: row.try_get(1)?,
        unshipped_windows: row.try_get(2)?,
    })
}

/// Bytes of the outbox and its indexes.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn outbox_bytes(client: &mut Client) -> Result<u64, SessionError> {
    let row = client.query_one(include_str!("sql/ship/outbox_bytes.sql"), &[])?;
    let bytes: i64 = row.try_get(0)?;
    Ok(bytes.unsigned_abs())
}

fn window_id(row: &Row) -> Result<WindowId, SessionError> {
    Ok(WindowId {
        epoch: row.try_get(0)?,
        number: row.try_get(1)?,
    })
}

fn snapshot(row: &Row, column: usize) -> Result<Snapshot, SessionError> {
    let text: String = row.try_get(column)?;
    text.parse()
        .map_err(|error| SessionError::Unexpected(anyhow::Error::new(error)))
}

fn sealed_window(row: &Row) -> Result<SealedWindow, SessionError> {
    let split_bytes: i64 = row.try_get(6)?;
    let id = window_id(row)?;
    let (through, covered): (i64, i64) = (row.try_get(8)?, row.try_get(9)?);
    Ok(SealedWindow {
        id,
        snapshot: snapshot(row, 2)?,
        previous: snapshot(row, 3)?,
        boundary: row.try_get(4)?,
        sealed_at: row.try_get(5)?,
        split_bytes: u64::try_from(split_bytes)
            .map_err(|error| SessionError::Unexpected(error.into()))?,
        format_version: row.try_get(7)?,
        foreign_through: through,
        foreign: (id.number == 1 && covered < through).then_some((covered, through)),
    })
}

#[cfg(test)]
mod tests;
