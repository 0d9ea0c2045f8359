//! The ledger's own count of its windows, by queries that share nothing with those that ship:
//! the events of each window, whether each has its fact, and whether each fact has its event.
//!
//! Counts are made while the outbox still holds the window, and kept: that is the ledger's side of
//! `textrail verify`, and the outbox is reclaimed only behind windows whose count is the manifest's.

pub mod kept;

use super::session::SessionError;
use crate::domain::window::WindowId;
use crate::event::Kind;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use postgres::{Client, GenericClient, Row};
use uuid::Uuid;

/// The most facts without an event that one count notes: more are a flood, and as good a reason for
/// an alarm.
const MOST_ALONE: i64 = 1_000;
/// Windows that differ and are counted again at a time.
const MOST_AGAIN: i64 = 10;

/// A window to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToCount {
    /// Its name.
    pub id: WindowId,
    /// Its snapshot, as text.
    pub snapshot: String,
    /// That of the window before.
    pub previous: String,
    /// Rows up to this id are of another cluster, and are not told by their transactions.
    pub foreign_through: i64,
    /// Those after this id are in this window: an epoch's first takes them in.
    pub foreign_after: i64,
    /// Those after this id are of a later cluster; none if there is no later one.
    pub own_through: Option<i64>,
}

/// What the ledger holds of one kind in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// The kind.
    pub kind: Kind,
    /// Rows of the outbox.
    pub events: i64,
    /// How many of these have their row in the fact tables.
    pub facts: i64,
    /// When the oldest of them was recorded.
    pub oldest: Option<DateTime<Utc>>,
}

/// What a count came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Every kind, in their order.
    pub kinds: Vec<KindCount>,
    /// Whether each kind's events are as many as the lines of the shipped files.
    pub equal: bool,
    /// Whether it cannot be counted any more: the version before emptied the outbox of it. Then it is
    /// neither equal nor different, and held against nothing.
    pub reclaimed: bool,
    /// Facts that were found to have no event.
    pub alone: u64,
}

impl Counted {
    /// Events of all kinds.
    pub fn events(&self) -> i64 {
        self.kinds.iter().map(|count| count.events).sum()
    }

    /// Events without a fact.
    pub fn without_fact(&self) -> i64 {
        self.kinds
            .iter()
            .map(|count| count.events - count.facts)
            .sum()
    }
}

/// How far the ledger's half of the proof is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proof {
    /// Windows whose count is not what was shipped.
    pub windows_differing: i64,
    /// Events without their fact.
    pub events_without_fact: i64,
    /// Facts without their event.
    pub facts_without_event: i64,
    /// The newest window that is proven, by its number in the newest epoch.
    pub proven: Option<i64>,
    /// Seconds since the oldest window that is not proven was sealed; 0 if there is none.
    pub waiting_seconds: f64,
}

/// The oldest shipped window without a count, but for some.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn next_to_count(
    client: &mut Client,
    but_for: &[WindowId],
) -> Result<Option<ToCount>, SessionError> {
    let epochs: Vec<i32> = but_for.iter().map(|id| id.epoch).collect();
    let numbers: Vec<i64> = but_for.iter().map(|id| id.number).collect();
    let row = client.query_opt(
        include_str!("sql/count/next_to_count.sql"),
        &[&epochs, &numbers],
    )?;
    row.as_ref().map(to_count).transpose()
}

/// The oldest windows whose count differed, from after a window on, and then from the first.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn differing(client: &mut Client, after: WindowId) -> Result<Vec<ToCount>, SessionError> {
    let rows = client.query(
        include_str!("sql/count/differing.sql"),
        &[&MOST_AGAIN, &after.epoch, &after.number],
    )?;
    rows.iter().map(to_count).collect()
}

/// Counts a window, and notes the count. On the primary: a standby may lack the newest facts.
///
/// # Errors
/// If the ledger refuses a statement, the connection breaks, or a kind is unknown here.
pub fn count(client: &mut Client, window: &ToCount) -> Result<Counted, SessionError> {
    let kinds = read(client, window)?;
    let counts = |of: fn(&KindCount) -> i64| kinds.iter().map(of).collect::<Vec<_>>();
    let numbers: Vec<i16> = kinds.iter().map(|count| count.kind.number()).collect();
    let (events, facts) = (counts(|count| count.events), counts(|count| count.facts));
    let id = window.id;
    let reclaimed = client.execute(
        include_str!("sql/count/note_reclaimed.sql"),
        &[&id.epoch, &id.number, &numbers, &events],
    )?;
    if reclaimed > 0 {
        return Ok(Counted {
            kinds,
            equal: false,
            reclaimed: true,
            alone: 0,
        });
    }
    let oldest = kinds.iter().filter_map(|count| count.oldest).min();
    let alone = note_alone(client, id, oldest)?;
    let mut transaction = client.transaction()?;
    let equal = transaction.execute(
        include_str!("sql/count/note_equal.sql"),
        &[&id.epoch, &id.number, &numbers, &events],
    )? > 0
        || is_equal(&mut transaction, id)?;
    // An empty window that is equal needs no rows: there are many.
    if !equal || events.iter().any(|events| *events > 0) {
        transaction.execute(
            include_str!("sql/count/note_count.sql"),
            &[&id.epoch, &id.number, &numbers, &events, &facts],
        )?;
    }
    transaction.commit()?;
    Ok(Counted {
        kinds,
        equal,
        reclaimed: false,
        alone,
    })
}

/// An operator accepts what a window's count is: it no longer holds the outbox, and stays a difference.
/// False if it holds nothing: it is not verified yet, or is counted.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn accept(client: &mut Client, id: WindowId) -> Result<bool, SessionError> {
    let accepted = client.execute(
        include_str!("sql/count/accept.sql"),
        &[&id.epoch, &id.number],
    )?;
    Ok(accepted > 0)
}

/// Counts a window, and notes nothing.
///
/// # Errors
/// If the ledger refuses a statement, the connection breaks, or a kind is unknown here.
pub fn read(client: &mut Client, window: &ToCount) -> Result<Vec<KindCount>, SessionError> {
    let mut transaction = begin(client)?;
    let rows = transaction.query(
        include_str!("sql/count/count_window.sql"),
        &[
            &window.snapshot,
            &window.previous,
            &window.foreign_through,
            &window.foreign_after,
            &window.own_through,
        ],
    )?;
    transaction.commit()?;
    rows.iter()
        .map(|row| {
            let number: i16 = row.try_get(0)?;
            let kind = Kind::from_number(number)
                .with_context(|| format!("no kind has the number {number}"))
                .map_err(SessionError::Unexpected)?;
            Ok(KindCount {
                kind,
                events: row.try_get(1)?,
                facts: row.try_get(2)?,
                oldest: row.try_get(3)?,
            })
        })
        .collect()
}

/// Forgets facts whose event has come; how many are left.
///
/// # Errors
/// If the ledger refuses a statement, or the connection breaks.
pub fn settle_alone(client: &mut Client) -> Result<i64, SessionError> {
    const LEFT: &str = "SELECT count(*) FROM facts_without_event";
    let known: i64 = client.query_one(LEFT, &[])?.try_get(0)?;
    if known == 0 {
        return Ok(0);
    }
    let mut transaction = begin(client)?;
    transaction.execute(include_str!("sql/count/settle_alone.sql"), &[])?;
    let left = transaction.query_one(LEFT, &[])?.try_get(0)?;
    transaction.commit()?;
    Ok(left)
}

/// How far the proof is.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn proof(client: &mut Client) -> Result<Proof, SessionError> {
    let row = client.query_one(include_str!("sql/count/proof.sql"), &[])?;
    Ok(Proof {
        windows_differing: row.try_get(0)?,
        events_without_fact: row.try_get(1)?,
        facts_without_event: row.try_get(2)?,
        proven: row.try_get(3)?,
        waiting_seconds: row.try_get(4)?,
    })
}

/// A transaction in which to count.
fn begin(client: &mut Client) -> Result<postgres::Transaction<'_>, SessionError> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(include_str!("sql/count/begin.sql"))?;
    Ok(transaction)
}

fn is_equal(client: &mut impl GenericClient, id: WindowId) -> Result<bool, SessionError> {
    let row = client.query_opt(
        "SELECT counted_at IS NOT NULL FROM shipped_windows WHERE epoch = $1 AND number = $2",
        &[&id.epoch, &id.number],
    )?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
}

/// Looks for facts without an event around a window; notes them, and returns how many it noted.
///
/// The outbox is locked before it is asked how far it was reclaimed: a TRUNCATE is seen at once by
/// every snapshot, its note is not, and between the two all facts would seem to be alone.
fn note_alone(
    client: &mut Client,
    id: WindowId,
    oldest: Option<DateTime<Utc>>,
) -> Result<u64, SessionError> {
    let mut transaction = begin(client)?;
    transaction.batch_execute("LOCK TABLE outbox IN ACCESS SHARE MODE")?;
    let row = transaction.query_one(
        include_str!("sql/count/span.sql"),
        &[&id.epoch, &id.number, &oldest],
    )?;
    let (since, until): (DateTime<Utc>, DateTime<Utc>) = (row.try_get(0)?, row.try_get(1)?);
    let (first_xid, last_xid): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let suspects = transaction.query(
        include_str!("sql/count/facts_alone.sql"),
        &[&since, &until, &first_xid, &last_xid, &MOST_ALONE],
    )?;
    if suspects.is_empty() {
        return Ok(0);
    }
    let mut kinds: Vec<i16> = Vec::new();
    let mut ids: Vec<Uuid> = Vec::new();
    let mut times: Vec<DateTime<Utc>> = Vec::new();
    for suspect in &suspects {
        kinds.push(suspect.try_get(0)?);
        ids.push(suspect.try_get(1)?);
        times.push(suspect.try_get(2)?);
    }
    let noted = transaction.execute(
        include_str!("sql/count/note_alone.sql"),
        &[&id.epoch, &id.number, &kinds, &ids, &times],
    )?;
    transaction.commit()?;
    Ok(noted)
}

fn to_count(row: &Row) -> Result<ToCount, SessionError> {
    let id = WindowId {
        epoch: row.try_get(0)?,
        number: row.try_get(1)?,
    };
    let (foreign_through, covered_through): (i64, i64) = (row.try_get(4)?, row.try_get(5)?);
    let takes_foreign = id.number == 1;
    Ok(ToCount {
        id,
        snapshot: row.try_get(2)?,
        previous: row.try_get(3)?,
        foreign_through,
        foreign_after: if takes_foreign {
            covered_through
        } else {
            foreign_through
        },
        own_through: row.try_get(6)?,
    })
}

#[cfg(test)]
mod tests;
