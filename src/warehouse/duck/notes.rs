//! What was noted of loaded files, and what the tables hold: the warehouse's side of every proof.

use super::read::{Ranges, window_id};
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{KindCount, LoadedFile},
};
use duckdb::{Connection, Row, params, types::Type};
use std::collections::HashSet;

/// The notes of these windows' files.
pub(super) fn loaded_files(
    connection: &Connection,
    among: &[WindowId],
) -> duckdb::Result<Vec<LoadedFile>> {
    let Some(ranges) = Ranges::of(among) else {
        return Ok(Vec::new());
    };
    let asked: HashSet<_> = among.iter().copied().collect();
    let mut statement = connection.prepare(include_str!("../sql/loaded_files_between.sql"))?;
    let files =
        statement.query_map(params![ranges.0, ranges.1, ranges.2, ranges.3], loaded_file)?;
    files
        .filter(|file| file.as_ref().map_or(true, |file| asked.contains(&file.id)))
        .collect()
}

fn loaded_file(row: &Row<'_>) -> duckdb::Result<LoadedFile> {
    Ok(LoadedFile {
        id: window_id(row)?,
        kind: kind(row, 2)?,
        part: row.get(3)?,
        key: row.get(4)?,
        lines: row.get(5)?,
        loaded: row.get(6)?,
        duplicates: row.get(7)?,
        quarantined: row.get(8)?,
        text_sha256: row.get(9)?,
    })
}

/// Each kind's rows, noted and held.
pub(super) fn kind_counts(connection: &Connection) -> duckdb::Result<Vec<KindCount>> {
    let mut counts: Vec<KindCount> = connection
        .prepare(include_str!("../sql/kind_counts.sql"))?
        .query_map([], |row| {
            Ok(KindCount {
                kind: kind(row, 0)?,
                noted: row.get(1)?,
                held: row.get(2)?,
            })
        })?
        .collect::<duckdb::Result<_>>()?;
    counts.sort_by_key(|count| count.kind as usize);
    Ok(counts)
}

fn kind(row: &Row<'_>, place: usize) -> duckdb::Result<Kind> {
    let name: String = row.get(place)?;
    Kind::from_name(&name).ok_or_else(|| {
        let error = format!("{name} is no kind");
        duckdb::Error::FromSqlConversionFailure(place, Type::Text, error.into())
    })
}
