//! What was counted, read for `textrail verify`.

use super::{KindCount, SessionError, read, to_count};
use crate::domain::window::WindowId;
use crate::event::Kind;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use postgres::{Client, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most windows that are counted on the spot, since the shipper has not: each costs a look
/// through its part of the outbox.
const MOST_ON_THE_SPOT: usize = 100;

/// What the ledger knows of one kind in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownKind {
    /// Events, by its own count; none if it was shipped before there were counts.
    pub events: Option<i64>,
    /// How many of these have their fact.
    pub facts: Option<i64>,
    /// Lines that were noted as shipped.
    pub shipped: Option<i64>,
}

/// What the ledger knows of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWindow {
    /// Its name.
    pub id: WindowId,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// Whether it was noted as shipped.
    pub shipped: bool,
    /// Whether its epoch ended before it was shipped: its rows are in the next epoch's first window.
    pub closed: bool,
    /// Its manifest's key; none for one that is empty, or not shipped.
    pub manifest_key: Option<String>,
    /// Whether it was counted, by the shipper or on the spot.
    pub counted: bool,
    /// Its kinds; those that are absent have nothing.
    pub kinds: BTreeMap<Kind, KnownKind>,
}

/// A fact that no event tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// The window whose count found it.
    pub window: WindowId,
    /// Its kind.
    pub kind: Kind,
    /// Its id; of a standing wish, its subscriber's.
    pub fact_id: Uuid,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// The last window of each epoch, and PostgreSQL's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads {
    /// By epoch.
    pub windows: BTreeMap<i32, i64>,
    /// The clock. A window that is sealed later is not among them.
    pub now: DateTime<Utc>,
}

/// See [`Heads`].
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn heads(client: &mut Client) -> Result<Heads, SessionError> {
    let rows = client.query(include_str!("../sql/count/heads.sql"), &[])?;
    let mut heads = Heads {
        windows: BTreeMap::new(),
        now: DateTime::UNIX_EPOCH,
    };
    for row in &rows {
        heads.windows.insert(row.try_get(0)?, row.try_get(1)?);
        heads.now = row.try_get(2)?;
    }
    Ok(heads)
}

/// The windows sealed in a span, in order. The newest of those that the shipper has not counted are
/// counted on the spot, and nothing is noted; what is beyond [`MOST_ON_THE_SPOT`] stays uncounted.
///
/// # Errors
/// If the ledger refuses a statement, the connection breaks, or a kind is unknown here.
pub fn windows(
    client: &mut Client,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<KnownWindow>, SessionError> {
    let rows = client.query(
        include_str!("../sql/count/windows_between.sql"),
        &[&since, &until],
    )?;
    let mut windows: Vec<KnownWindow> = Vec::new();
    for row in &rows {
        add(&mut windows, row)?;
    }
    let waiting = windows
        .iter_mut()
        .rev()
        .filter(|window| !window.counted && !window.closed);
    for window in waiting.take(MOST_ON_THE_SPOT) {
        for count in on_the_spot(client, window.id)? {
            let known = window.kinds.entry(count.kind).or_default();
            known.events = Some(count.events);
            known.facts = Some(count.facts);
        }
        window.counted = true;
    }
    Ok(windows)
}

/// Lines of all windows sealed before an instant.
///
/// # Errors
/// If the ledger refuses the statement, the connection breaks, or a kind is unknown here.
pub fn before(
    client: &mut Client,
    instant: DateTime<Utc>,
) -> Result<BTreeMap<Kind, i64>, SessionError> {
    let rows = client.query(include_str!("../sql/count/windows_before.sql"), &[&instant])?;
    rows.iter()
        .map(|row| Ok((kind(row, 0)?, row.try_get(1)?)))
        .collect()
}

/// Facts that no event tells of.
///
/// # Errors
/// If the ledger refuses the statement, the connection breaks, or a kind is unknown here.
pub fn alone(client: &mut Client) -> Result<Vec<Alone>, SessionError> {
    let rows = client.query(
        "SELECT epoch, number, kind, fact_id, recorded_at FROM facts_without_event
         ORDER BY epoch, number, kind, recorded_at",
        &[],
    )?;
    rows.iter()
        .map(|row| {
            Ok(Alone {
                window: window_id(row)?,
                kind: kind(row, 2)?,
                fact_id: row.try_get(3)?,
                recorded_at: row.try_get(4)?,
            })
        })
        .collect()
}

/// When a window was sealed; none if the ledger does not know it.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn sealed_at(client: &mut Client, id: WindowId) -> Result<Option<DateTime<Utc>>, SessionError> {
    let row = client.query_opt(
        "SELECT sealed_at FROM windows WHERE epoch = $1 AND number = $2",
        &[&id.epoch, &id.number],
    )?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

fn on_the_spot(client: &mut Client, id: WindowId) -> Result<Vec<KindCount>, SessionError> {
    let row = client.query_one(
        include_str!("../sql/count/window_to_count.sql"),
        &[&id.epoch, &id.number],
    )?;
    read(client, &to_count(&row)?)
}

/// Adds a row to its window.
fn add(windows: &mut Vec<KnownWindow>, row: &Row) -> Result<(), SessionError> {
    let id = window_id(row)?;
    if windows.last().is_none_or(|last| last.id != id) {
        windows.push(KnownWindow {
            id,
            sealed_at: row.try_get(2)?,
            shipped: row.try_get(3)?,
            manifest_key: row.try_get(4)?,
            closed: row.try_get(5)?,
            counted: row.try_get(6)?,
            kinds: BTreeMap::new(),
        });
    }
    let named: Option<i16> = row.try_get(7)?;
    if let (Some(_), Some(window)) = (named, windows.last_mut()) {
        let known = KnownKind {
            events: row.try_get(8)?,
            facts: row.try_get(9)?,
            shipped: row.try_get(10)?,
        };
        window.kinds.insert(kind(row, 7)?, known);
    }
    Ok(())
}

fn window_id(row: &Row) -> Result<WindowId, SessionError> {
    Ok(WindowId {
        epoch: row.try_get(0)?,
        number: row.try_get(1)?,
    })
}

fn kind(row: &Row, column: usize) -> Result<Kind, SessionError> {
    let number: i16 = row.try_get(column)?;
    Kind::from_number(number)
        .with_context(|| format!("no kind has the number {number}"))
        .map_err(SessionError::Unexpected)
}
