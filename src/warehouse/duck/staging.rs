//! From verified text to staging tables, and from them to the lines that are new.

use crate::{
    event::Kind,
    warehouse::{
        StagedFile, WarehouseError,
        columns::{definitions, known_by, names, path_literal, read_json_columns},
    },
};
use duckdb::Connection;
use std::collections::HashMap;

const DEDUPLICATE: &str = include_str!("../sql/deduplicate.sql");

/// Reads all good lines of a kind, and proves that each file came to the rows that it must have.
///
/// The lines were checked one by one before they were staged, so an error here is ours.
pub(super) fn stage(
    connection: &Connection,
    kind: Kind,
    files: &[&StagedFile],
) -> Result<(), WarehouseError> {
    let read = |source: duckdb::Error| WarehouseError::Engine {
        action: "read staged lines",
        source: source.into(),
    };
    connection
        .execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE staging_{kind} ({}, file_path VARCHAR NOT NULL)",
            definitions(kind)
        ))
        .map_err(read)?;
    let filled: Vec<_> = files.iter().filter(|file| file.good_lines > 0).collect();
    if filled.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = filled.iter().map(|file| path_literal(&file.path)).collect();
    connection
        .execute_batch(&format!(
            "INSERT INTO staging_{kind} SELECT {}, filename FROM read_json([{}], \
             columns = {}, format = 'newline_delimited', filename = true, ignore_errors = false)",
            names(kind),
            paths.join(", "),
            read_json_columns(kind),
        ))
        .map_err(read)?;
    let found = rows_by_file(connection, &format!("staging_{kind}")).map_err(read)?;
    for file in filled {
        let found = rows_of(&found, file);
        if found != file.good_lines {
            return Err(WarehouseError::RowCount {
                key: file.key.clone(),
                expected: file.good_lines,
                found,
            });
        }
    }
    Ok(())
}

/// Makes `new_{kind}`: the staged lines whose event the warehouse does not know. It knows messages by
/// the table `messages`.
pub(super) fn deduplicate(
    connection: &Connection,
    kind: Kind,
    messages: &str,
) -> duckdb::Result<()> {
    let (first, last) = id_range(connection, &format!("SELECT event_id FROM staging_{kind}"))?;
    let (known, id) = known_by(kind, messages);
    let sql = DEDUPLICATE
        .replace("{kind}", kind.as_str())
        .replace("{known}", known)
        .replace("{id}", id)
        .replace("{first}", &first)
        .replace("{last}", &last);
    connection.execute_batch(&sql)
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

/// Rows of a table by the file that they came from.
pub(super) fn rows_by_file(
    connection: &Connection,
    table: &str,
) -> duckdb::Result<HashMap<String, u64>> {
    connection
        .prepare(&format!(
            "SELECT file_path, count(*) FROM {table} GROUP BY file_path"
        ))?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The rows of one file among [`rows_by_file`].
pub(super) fn rows_of(rows: &HashMap<String, u64>, file: &StagedFile) -> u64 {
    let path = file.path.to_string_lossy();
    rows.get(path.as_ref()).copied().unwrap_or(0)
}
