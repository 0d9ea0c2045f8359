//! What the warehouse answers.

use super::{Cell, refused, stopped};
use crate::{
    domain::window::WindowId,
    warehouse::{Counts, Progress, Rows, Select, WarehouseError},
};
use chrono::{DateTime, Utc};
use duckdb::{
    Connection, Row, ToSql, params, params_from_iter,
    types::{TimeUnit, ToSqlOutput, Value},
};
use std::{
    collections::{HashMap, HashSet},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

const COUNTS: &str = include_str!("../sql/counts.sql");

/// Which of these windows are loaded, and from which manifest.
pub(super) fn loaded(
    connection: &Connection,
    among: &[WindowId],
) -> duckdb::Result<HashMap<WindowId, String>> {
    // One scan for all of them: the table has no index.
    let Some(ranges) = Ranges::of(among) else {
        return Ok(HashMap::new());
    };
    let mut loaded: HashMap<WindowId, String> = connection
        .prepare(include_str!("../sql/loaded_between.sql"))?
        .query_map(params![ranges.0, ranges.1, ranges.2, ranges.3], |row| {
            Ok((window_id(row)?, row.get(2)?))
        })?
        .collect::<duckdb::Result<_>>()?;
    let asked: HashSet<&WindowId> = among.iter().collect();
    loaded.retain(|id, _| asked.contains(id));
    Ok(loaded)
}

/// First and last epoch, first and last number of some windows.
pub(super) struct Ranges(
    pub(super) i32,
    pub(super) i32,
    pub(super) i64,
    pub(super) i64,
);

impl Ranges {
    /// The smallest that hold all of them; none of none.
    pub(super) fn of(windows: &[WindowId]) -> Option<Self> {
        let epochs = windows.iter().map(|id| id.epoch);
        let numbers = windows.iter().map(|id| id.number);
        Some(Self(
            epochs.clone().min()?,
            epochs.max()?,
            numbers.clone().min()?,
            numbers.max()?,
        ))
    }
}

/// The stored progress.
pub(super) fn progress(connection: &Connection) -> duckdb::Result<Option<Progress>> {
    connection
        .prepare("SELECT epoch, number, boundary, manifest_key FROM progress")?
        .query_map([], |row| {
            Ok(Progress {
                id: window_id(row)?,
                boundary: row.get(2)?,
                manifest_key: row.get(3)?,
            })
        })?
        .next()
        .transpose()
}

/// The last loaded window that is reached from `start` without a gap. A new epoch follows on the
/// last one from its first window, unless a window of an older one is known and not loaded: nobody
/// else knows how many the older one had.
pub(super) fn contiguous_after(
    connection: &Connection,
    start: Option<WindowId>,
) -> duckdb::Result<Option<Progress>> {
    let mut at = start.unwrap_or(WindowId {
        epoch: 0,
        number: 0,
    });
    let mut statement = connection.prepare(
        "SELECT epoch, number, boundary, manifest_key, first_number FROM loaded_windows \
         WHERE epoch > $1 OR (epoch = $1 AND number > $2) ORDER BY epoch, number",
    )?;
    let mut rows = statement.query(params![at.epoch, at.number])?;
    let held_by = stopped::oldest_epoch(connection)?;
    let mut reached = None;
    while let Some(row) = rows.next()? {
        let id = window_id(row)?;
        let first: i64 = row.get(4)?;
        let expected = if id.epoch == at.epoch {
            at.number + 1
        } else {
            1
        };
        let held = id.epoch != at.epoch && held_by.is_some_and(|older| older < id.epoch);
        if held || first > expected {
            break;
        }
        reached = Some(Progress {
            id,
            boundary: row.get(2)?,
            manifest_key: row.get(3)?,
        });
        at = id;
    }
    Ok(reached)
}

pub(super) fn window_id(row: &Row<'_>) -> duckdb::Result<WindowId> {
    Ok(WindowId {
        epoch: row.get(0)?,
        number: row.get(1)?,
    })
}

/// What waits or was put aside; the caller adds the bytes.
pub(super) fn counts(connection: &Connection) -> duckdb::Result<Counts> {
    connection.query_row(COUNTS, [], |row| {
        Ok(Counts {
            quarantined_lines: row.get(0)?,
            orphan_events: row.get(1)?,
            parked_receipts: row.get(2)?,
            bucket_changes: row.get(3)?,
            message_changes: row.get(4)?,
            windows_ahead: row.get(5)?,
            bytes: 0,
        })
    })
}

/// Runs statements in one snapshot; interrupts them when the time is over.
pub(super) fn all(
    connection: &mut Connection,
    statements: &[Select],
    limit: Duration,
) -> Result<Vec<Rows>, WarehouseError> {
    let began = Instant::now();
    let interrupt = connection.interrupt_handle();
    let (done, waiting) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
            }
        });
        let result = in_one_snapshot(connection, statements);
        drop(done);
        match result {
            Err(WarehouseError::Engine { .. }) if began.elapsed() >= limit => {
                Err(WarehouseError::Timeout { limit })
            }
            result => result,
        }
    })
}

fn in_one_snapshot(
    connection: &mut Connection,
    statements: &[Select],
) -> Result<Vec<Rows>, WarehouseError> {
    let transaction = connection.transaction().map_err(refused("begin to read"))?;
    let results = statements.iter().map(|select| one(&transaction, select));
    results.collect()
}

fn one(connection: &Connection, select: &Select) -> Result<Rows, WarehouseError> {
    let rows = rows(connection, select).map_err(refused("read"))?;
    if rows.len() > select.most_rows {
        return Err(WarehouseError::TooManyRows {
            limit: select.most_rows,
        });
    }
    Ok(rows)
}

/// Up to one row more than the limit: enough to know that there are too many. DuckDB holds a result whole
/// before its first row is read, so it is told the limit.
fn rows(connection: &Connection, select: &Select) -> duckdb::Result<Rows> {
    let limit = select.most_rows.saturating_add(1);
    let mut statement = connection.prepare(&format!("{}\nLIMIT {limit}", select.sql))?;
    let mut rows = statement.query(params_from_iter(&select.parameters))?;
    let mut cells = Rows::new();
    while let Some(row) = rows.next()? {
        let width = row.as_ref().column_count();
        cells.push(
            (0..width)
                .map(|index| row.get(index).map(cell))
                .collect::<Result<_, _>>()?,
        );
        if cells.len() > select.most_rows {
            break;
        }
    }
    Ok(cells)
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Boolean(value) => Cell::Boolean(value),
        Value::TinyInt(value) => Cell::Integer(value.into()),
        Value::SmallInt(value) => Cell::Integer(value.into()),
        Value::Int(value) => Cell::Integer(value.into()),
        Value::BigInt(value) => Cell::Integer(value),
        Value::UTinyInt(value) => Cell::Integer(value.into()),
        Value::USmallInt(value) => Cell::Integer(value.into()),
        Value::UInt(value) => Cell::Integer(value.into()),
        Value::Float(value) => Cell::Float(value.into()),
        Value::Double(value) => Cell::Float(value),
        Value::Text(text) => Cell::Text(text),
        Value::Timestamp(unit, value) => instant(unit, value).map_or(Cell::Null, Cell::Time),
        Value::List(items) => integers(&items).map_or_else(|| shown(&items), Cell::Integers),
        // Our statements cast to one of the above.
        other => shown(&other),
    }
}

/// What no cell is for.
fn shown(value: &impl std::fmt::Debug) -> Cell {
    Cell::Text(format!("{value:?}"))
}

fn integers(items: &[Value]) -> Option<Vec<i64>> {
    let integer = |item: &Value| match item {
        Value::BigInt(value) => Some(*value),
        _ => None,
    };
    items.iter().map(integer).collect()
}

fn instant(unit: TimeUnit, value: i64) -> Option<DateTime<Utc>> {
    match unit {
        TimeUnit::Second => DateTime::from_timestamp(value, 0),
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(value),
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(value),
        TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(value)),
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> duckdb::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::Owned(Value::Null)),
            Self::Boolean(value) => value.to_sql(),
            Self::Integer(value) => value.to_sql(),
            Self::Float(value) => value.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Time(time) => time.to_sql(),
            Self::Integers(numbers) => {
                let numbers = numbers.iter().copied().map(Value::BigInt).collect();
                Ok(ToSqlOutput::Owned(Value::List(numbers)))
            }
        }
    }
}
