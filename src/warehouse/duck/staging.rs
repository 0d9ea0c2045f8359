//! From staged files to the lines that are new. Mostly nothing is copied: DuckDB reads the files where they lie, and
//! of them the columns that a statement needs. So they have to lie there until the load is committed.
//!
//! `lines_{kind}` are all good lines, `staging_{kind}` those that are told for the first time, and once
//! [`deduplicate`] has looked, those whose event is new, which have the name `new_{kind}` as well.

use super::{refused, steps::timed};
use crate::{
    event::Kind,
    warehouse::{
        StagedFile, StagedWindow, WarehouseError,
        columns::{known_by, staged_lines},
    },
};
use duckdb::Connection;

/// What is done, in errors.
const READ: &str = "read staged lines";

/// Of more files than these, their lines are copied into a table: to open one and to find its columns takes each
/// statement up to 0.7 ms, whatever it holds, and there are a dozen statements. Tests have few.
const MOST_IN_PLACE: usize = if cfg!(test) { 2 } else { 32 };

const REPEATED: &str = include_str!("../sql/repeated.sql");
const DEDUPLICATE: &str = include_str!("../sql/deduplicate.sql");

/// Reads all good lines of these windows, in the place of what was read before: see [`stage`].
pub(super) fn stage_windows(
    connection: &Connection,
    windows: &[&StagedWindow],
) -> Result<(), WarehouseError> {
    for kind in Kind::ALL {
        timed("read", || stage(connection, kind, &of_kind(windows, kind)))?;
    }
    Ok(())
}

/// The files of a kind. A staged line names its file by its place among them.
pub(super) fn of_kind<'a>(windows: &[&'a StagedWindow], kind: Kind) -> Vec<&'a StagedFile> {
    let files = windows.iter().flat_map(|window| &window.files);
    files.filter(|file| file.kind == kind).collect()
}

/// Makes `staging_{kind}` of these files, and proves that each of them has the rows that it must have. Of an event
/// that is told several times, the first line counts.
///
/// The lines were checked one by one before they were staged, so an error here is ours.
pub(super) fn stage(
    connection: &Connection,
    kind: Kind,
    files: &[&StagedFile],
) -> Result<(), WarehouseError> {
    let paths: Vec<_> = files.iter().map(|file| file.path.as_path()).collect();
    let lines = staged_lines(kind, &paths);
    let sql = if files.len() > MOST_IN_PLACE {
        format!(
            "CREATE OR REPLACE TEMP TABLE copied_{kind} AS {lines};
             CREATE OR REPLACE TEMP VIEW lines_{kind} AS FROM copied_{kind}"
        )
    } else {
        format!(
            "CREATE OR REPLACE TEMP VIEW lines_{kind} AS {lines};
             DROP TABLE IF EXISTS temp.copied_{kind}"
        )
    };
    connection.execute_batch(&sql).map_err(refused(READ))?;
    let table = format!("lines_{kind}");
    let found = rows_by_file(connection, &table, files.len()).map_err(refused(READ))?;
    for (file, found) in files.iter().zip(found) {
        if found != file.good_lines {
            return Err(WarehouseError::RowCount {
                key: file.key.clone(),
                expected: file.good_lines,
                found,
            });
        }
    }
    connection
        .execute_batch(&REPEATED.replace("{kind}", kind.as_str()))
        .and_then(|()| name_lines(connection, kind, false))
        .map_err(refused(READ))
}

/// Makes `new_{kind}`: the staged lines whose event the warehouse does not know. It knows messages by
/// the table `messages`. Tells how many it knows.
pub(super) fn deduplicate(
    connection: &Connection,
    kind: Kind,
    messages: &str,
) -> duckdb::Result<usize> {
    let (first, last) = id_range(connection, &format!("SELECT event_id FROM staging_{kind}"))?;
    let (known, id) = known_by(kind, messages);
    let sql = DEDUPLICATE
        .replace("{kind}", kind.as_str())
        .replace("{known}", known)
        .replace("{id}", id)
        .replace("{first}", &first)
        .replace("{last}", &last);
    connection.execute_batch(&sql)?;
    let known = count(connection, &format!("known_{kind}"))?;
    if known > 0 {
        name_lines(connection, kind, true)?;
    }
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP VIEW new_{kind} AS FROM staging_{kind}"
    ))?;
    Ok(known)
}

/// Makes `staging_{kind}` of the lines that are not repeated and, where some are `known`, of those that are not known.
/// Mostly these are all lines, and then nothing is looked up.
fn name_lines(connection: &Connection, kind: Kind, known: bool) -> duckdb::Result<()> {
    let mut sql =
        format!("CREATE OR REPLACE TEMP VIEW staging_{kind} AS FROM lines_{kind} WHERE true");
    if count(connection, &format!("repeated_{kind}"))? > 0 {
        sql.push_str(&format!(
            " AND (file, line) NOT IN (SELECT (file, line) FROM repeated_{kind})"
        ));
    }
    if known {
        sql.push_str(&format!(
            " AND event_id NOT IN (SELECT event_id FROM known_{kind})"
        ));
    }
    connection.execute_batch(&sql)
}

fn count(connection: &Connection, table: &str) -> duckdb::Result<usize> {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get(0)
    })
}

/// The smallest and the largest of some ids, as text; of none, a range that holds nothing but nil.
pub(super) fn id_range(connection: &Connection, ids: &str) -> duckdb::Result<(String, String)> {
    let nil = uuid::Uuid::nil().to_string();
    connection.query_row(
        &format!("SELECT min(event_id)::VARCHAR, max(event_id)::VARCHAR FROM ({ids})"),
        [],
        |row| {
            let first: Option<String> = row.get(0)?;
            let last: Option<String> = row.get(1)?;
            Ok((first.unwrap_or_else(|| nil.clone()), last.unwrap_or(nil)))
        },
    )
}

/// Rows of a table of staged lines, file by file.
pub(super) fn rows_by_file(
    connection: &Connection,
    table: &str,
    files: usize,
) -> duckdb::Result<Vec<u64>> {
    let mut counts = vec![0; files];
    let sql = format!("SELECT file, count(*) FROM {table} GROUP BY file");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        counts[row.get::<_, usize>(0)?] = row.get(1)?;
    }
    Ok(counts)
}
