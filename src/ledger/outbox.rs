//! The outbox as the shipper reads it: the rows of one window, a pure function of its seal.
//!
//! A window holds what its snapshot sees and the one before did not. Those are transactions of two
//! sorts: they began after the seal before (a range of the index), or that seal found them under way
//! and they have ended since (read one by one: a range from the oldest of them would be walked again
//! in every window for as long as one writer stays open). The second sort is older: it comes first,
//! and all rows come in the order (transaction, row).
//!
//! The first window of an epoch begins with rows of another cluster, if there are any (see
//! [`super::epochs`]).

pub mod reclaim;

use super::session::SessionError;
use super::windows::SealedWindow;
use crate::event::Kind;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use postgres::Client;
use postgres::binary_copy::{BinaryCopyOutIter, BinaryCopyOutRow};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Type;

const COPY_FOREIGN: &str = include_str!("sql/ship/copy_foreign.sql");
const COPY_RANGE: &str = include_str!("sql/ship/copy_range.sql");
const COPY_TRANSACTION: &str = include_str!("sql/ship/copy_transaction.sql");
const COLUMNS: [Type; 3] = [Type::INT2, Type::TIMESTAMPTZ, Type::TEXT];

/// One event, as it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxRow<'a> {
    /// Its kind.
    pub kind: Kind,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Its line, without a line break.
    pub line: &'a str,
}

/// Hands a window's rows, in order, to `each`. They stream: memory does not grow with the window.
///
/// # Errors
/// If the ledger refuses a statement, the connection breaks, or a row's kind is unknown here;
/// [`SessionError::Work`] if `each` fails.
pub fn read_window<F>(
    client: &mut Client,
    window: &SealedWindow,
    mut each: F,
) -> Result<(), SessionError>
where
    F: FnMut(OutboxRow<'_>) -> anyhow::Result<()>,
{
    for statement in statements(window) {
        let reader = client.copy_out(&statement)?;
        let mut rows = BinaryCopyOutIter::new(reader, &COLUMNS);
        while let Some(row) = rows.next()? {
            each(decode(&row)?).map_err(SessionError::Work)?;
        }
    }
    Ok(())
}

/// The statements whose answers, one after the other, are the window.
fn statements(window: &SealedWindow) -> Vec<String> {
    let foreign_through = window.foreign_through.to_string();
    let foreign = window.foreign.map(|(after, through)| {
        COPY_FOREIGN
            .replace("{after}", &after.to_string())
            .replace("{through}", &through.to_string())
    });
    let (previous, snapshot) = (&window.previous, &window.snapshot);
    let ended_since = previous
        .in_progress()
        .iter()
        .filter(|xid| snapshot.sees(**xid))
        .map(|xid| {
            COPY_TRANSACTION
                .replace("{foreign_through}", &foreign_through)
                .replace("{xid}", &xid.to_string())
        });
    let range = COPY_RANGE
        .replace("{foreign_through}", &foreign_through)
        .replace("{from}", &previous.xmax().to_string())
        .replace("{to}", &snapshot.xmax().to_string())
        .replace("{snapshot}", &snapshot.to_string());
    foreign
        .into_iter()
        .chain(ended_since)
        .chain([range])
        .collect()
}

fn decode(row: &BinaryCopyOutRow) -> Result<OutboxRow<'_>, SessionError> {
    let number: i16 = row.try_get(0)?;
    let kind = Kind::from_number(number)
        .with_context(|| format!("the outbox holds an event of the unknown kind {number}"))
        .map_err(SessionError::Unexpected)?;
    Ok(OutboxRow {
        kind,
        recorded_at: row.try_get(1)?,
        line: row.try_get(2)?,
    })
}

#[cfg(test)]
mod tests;
