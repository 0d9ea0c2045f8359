//! By what rules a generation was made: its tables, and the statements that fill them.
//!
//! A generation whose *tables* are others than this version's can be neither read nor loaded by it.
//! One whose tables are the same but whose *statements* were others is sound and goes on by ours;
//! its older rows follow the older rules until they are made again. `textrail reprocess` answers
//! both: it makes another generation from the lake.

use super::{
    buckets, deltas, derive, fold,
    generation::{TABLES, define},
    merge,
};
use crate::{
    event::Kind,
    warehouse::columns::{FACT_TABLES, definitions},
};
use duckdb::Connection;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

/// Hex SHA-256 of all that makes a generation what it is, shortened.
pub(super) fn fingerprint() -> &'static str {
    static RULES: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        let fixed = TABLES
            .iter()
            .chain(&merge::STATEMENTS)
            .chain(&deltas::STATEMENTS)
            .chain(&buckets::STATEMENTS)
            .chain(&fold::STATEMENTS)
            .chain(&derive::STATEMENTS);
        for text in fixed {
            hash.update(bare(text));
        }
        for kind in Kind::ALL {
            hash.update(definitions(kind));
        }
        hex::encode(&hash.finalize()[..16])
    });
    &RULES
}

/// A statement without the lines of its comments: they are no rule, and a word that is put right in one must not
/// have a warehouse made again.
pub(super) fn bare(sql: &str) -> String {
    let lines = sql.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with("--"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The columns of each table, with their types, in order.
type Shape = BTreeMap<String, Vec<(String, String)>>;

const SHAPE: &str = "SELECT table_name, column_name, data_type FROM duckdb_columns() \
                     WHERE database_name = current_database() AND table_name IN \
                     (SELECT table_name FROM duckdb_tables() \
                      WHERE database_name = current_database()) \
                     ORDER BY table_name, column_index";

fn shape_of(connection: &Connection) -> duckdb::Result<Shape> {
    let mut shape = Shape::new();
    let mut statement = connection.prepare(SHAPE)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let columns = shape.entry(row.get(0)?).or_default();
        columns.push((row.get(1)?, row.get(2)?));
    }
    Ok(shape)
}

/// Columns, beside those of facts, that came to a table later: a file without them gets them as it is opened.
const CAME_LATER: [(&str, &str); 2] = [
    ("quarantined_lines", "lines"),
    ("generation", "appends_changes"),
];

/// The first table of an open file that is not as this version makes it; none if all are, or are yet
/// to be made.
pub(super) fn other_table(connection: &Connection) -> anyhow::Result<Option<String>> {
    let found = shape_of(connection)?;
    for (table, columns) in our_shape()? {
        let Some(found) = found.get(table) else {
            continue;
        };
        let same = if FACT_TABLES.iter().any(|(name, _)| name == table) {
            facts_fit(found, columns)
        } else {
            let lacks = |name: &str| !found.iter().any(|(column, _)| column == name);
            let columns = columns.iter().filter(|(name, _)| {
                !(CAME_LATER.contains(&(table.as_str(), name.as_str())) && lacks(name))
            });
            found.iter().eq(columns)
        };
        if !same {
            return Ok(Some(table.clone()));
        }
    }
    Ok(None)
}

/// The tables as this version makes them.
fn our_shape() -> duckdb::Result<&'static Shape> {
    static SHAPE: OnceLock<Shape> = OnceLock::new();
    if let Some(shape) = SHAPE.get() {
        return Ok(shape);
    }
    let fresh = Connection::open_in_memory()?;
    define(&fresh)?;
    let shape = shape_of(&fresh)?;
    Ok(SHAPE.get_or_init(|| shape))
}

/// Whether each column that both have is of one type: missing optional ones are added, and ones that
/// a newer version added stay empty.
fn facts_fit(found: &[(String, String)], ours: &[(String, String)]) -> bool {
    let found: BTreeMap<_, _> = found.iter().map(|(name, kind)| (name, kind)).collect();
    ours.iter()
        .all(|(name, kind)| found.get(name).is_none_or(|found| *found == kind))
}
