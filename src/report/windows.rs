//! What the warehouse holds of the lake's windows: its side of `textrail verify`.

use super::{ReportError, made::unexpected};
use crate::warehouse::{Cell, Rows, Select};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most rows of one answer; ask for less time.
const MOST_ROWS: usize = 200_000;

const WINDOWS: &str = include_str!("sql/windows.sql");
const BEFORE: &str = include_str!("sql/windows_before.sql");
const KINDS: &str = include_str!("sql/kinds.sql");

/// Which windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowsQuery {
    /// Sealed at or after this.
    pub start: DateTime<Utc>,
    /// And before this.
    pub end: DateTime<Utc>,
    /// Whether the different events of each table are counted, too: that reads every event's id.
    pub deep: bool,
}

/// Lines of one kind, as the notes of their files say: `lines` = `loaded` + `duplicates` +
/// `quarantined`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoadedLines {
    /// The kind.
    pub kind: String,
    /// Lines in the lake.
    pub lines: i64,
    /// Lines that became a row.
    pub loaded: i64,
    /// Lines whose event was known already.
    pub duplicates: i64,
    /// Lines put aside.
    pub quarantined: i64,
}

/// A window that is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoadedWindow {
    /// The ledger's life.
    pub epoch: i32,
    /// The window.
    pub number: i64,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// Its lines, kind by kind.
    pub kinds: Vec<LoadedLines>,
}

/// Rows of one kind in the whole warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KindRows {
    /// The kind.
    pub kind: String,
    /// Rows that the notes of all files add up to.
    pub noted: i64,
    /// Rows that the tables hold.
    pub held: i64,
    /// Different events among these; only if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<i64>,
}

/// What the warehouse holds of windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WindowsReport {
    /// Which build of the warehouse answered.
    pub generation: String,
    /// The windows, in order.
    pub windows: Vec<LoadedWindow>,
    /// All windows sealed before them, added up.
    pub before: Vec<LoadedLines>,
    /// All that is in the warehouse.
    pub kinds: Vec<KindRows>,
}

/// The statements that answer, to be read in one snapshot.
pub(super) fn statements(query: &WindowsQuery) -> [Select; 4] {
    let distinct = |column: &str| {
        if query.deep {
            format!("count(DISTINCT {column})")
        } else {
            "NULL::BIGINT".to_owned()
        }
    };
    let kinds = KINDS
        .replace("{distinct:message_id}", &distinct("message_id"))
        .replace("{distinct:event_id}", &distinct("event_id"));
    let select = |sql: &str, parameters| Select {
        sql: sql.to_owned(),
        parameters,
        most_rows: MOST_ROWS,
    };
    let (start, end) = (Cell::Time(query.start), Cell::Time(query.end));
    [
        select(WINDOWS, vec![start.clone(), end]),
        select(BEFORE, vec![start]),
        select(&kinds, Vec::new()),
        super::statements::origin(),
    ]
}

/// The answer from the statements' rows.
pub(super) fn report(
    [windows, before, kinds, origin]: [Rows; 4],
) -> Result<WindowsReport, ReportError> {
    let generation = origin.first().and_then(|row| row.get(1)?.text());
    Ok(WindowsReport {
        generation: generation
            .ok_or_else(|| unexpected("a generation without a name"))?
            .to_owned(),
        windows: grouped(&windows)?,
        before: before
            .iter()
            .map(|row| lines(row))
            .collect::<Result<_, _>>()?,
        kinds: kinds
            .iter()
            .map(|row| kind_rows(row))
            .collect::<Result<_, _>>()?,
    })
}

fn grouped(rows: &Rows) -> Result<Vec<LoadedWindow>, ReportError> {
    let mut windows: Vec<LoadedWindow> = Vec::new();
    for row in rows {
        let (Some(epoch), Some(number), Some(sealed_at)) = (
            integer(row, 0),
            integer(row, 1),
            row.get(2).and_then(Cell::time),
        ) else {
            return Err(unexpected("a window without a name"));
        };
        let epoch = i32::try_from(epoch).map_err(|_| unexpected("an epoch out of range"))?;
        let same = |last: &&mut LoadedWindow| (last.epoch, last.number) == (epoch, number);
        let kinds = match windows.last_mut().filter(same) {
            Some(last) => &mut last.kinds,
            None => {
                windows.push(LoadedWindow {
                    epoch,
                    number,
                    sealed_at,
                    kinds: Vec::new(),
                });
                match windows.last_mut() {
                    Some(last) => &mut last.kinds,
                    None => continue,
                }
            }
        };
        if row.get(3).and_then(Cell::text).is_some() {
            kinds.push(lines(row.get(3..).unwrap_or_default())?);
        }
    }
    Ok(windows)
}

fn lines(row: &[Cell]) -> Result<LoadedLines, ReportError> {
    let counts = (
        integer(row, 1),
        integer(row, 2),
        integer(row, 3),
        integer(row, 4),
    );
    let (Some(kind), (Some(lines), Some(loaded), Some(duplicates), Some(quarantined))) =
        (row.first().and_then(Cell::text), counts)
    else {
        return Err(unexpected("a kind without its counts"));
    };
    Ok(LoadedLines {
        kind: kind.to_owned(),
        lines,
        loaded,
        duplicates,
        quarantined,
    })
}

fn kind_rows(row: &[Cell]) -> Result<KindRows, ReportError> {
    let (Some(kind), Some(noted), Some(held)) = (
        row.first().and_then(Cell::text),
        integer(row, 1),
        integer(row, 2),
    ) else {
        return Err(unexpected("a kind without its rows"));
    };
    Ok(KindRows {
        kind: kind.to_owned(),
        noted,
        held,
        events: integer(row, 3),
    })
}

fn integer(row: &[Cell], place: usize) -> Option<i64> {
    row.get(place).and_then(Cell::integer)
}
