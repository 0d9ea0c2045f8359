//! From staged files to staging tables, and from them to the lines that are new.

use super::{failed, refused, steps::timed};
use crate::{
    event::Kind,
    warehouse::{
        StagedFile, StagedWindow, WarehouseError,
        columns::{ROWS_AT_ONCE, definitions, known_by},
    },
};
use arrow::{
    array::{ArrayRef, Int32Array, RecordBatch},
    datatypes::{DataType, Field, Schema},
    ipc::reader::StreamReader,
};
use duckdb::Connection;
use std::{fs::File, path::Path, sync::Arc};

/// What is done, in errors.
const READ: &str = "read staged lines";

const REPEATED: &str = include_str!("../sql/repeated.sql");
const DEDUPLICATE: &str = include_str!("../sql/deduplicate.sql");
const NEW: &str = "CREATE OR REPLACE TEMP VIEW new_{kind} AS FROM staging_{kind}";

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

/// Reads all good lines of a kind, and proves that each file came to the rows that it must have. Of an event
/// that is told several times, the first line stays.
///
/// The lines were checked one by one before they were staged, so an error here is ours.
pub(super) fn stage(
    connection: &Connection,
    kind: Kind,
    files: &[&StagedFile],
) -> Result<(), WarehouseError> {
    connection
        .execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE staging_{kind} ({}, file INTEGER NOT NULL)",
            definitions(kind)
        ))
        .map_err(refused(READ))?;
    for (place, file) in (0..).zip(files) {
        append(connection, kind, place, &file.path).map_err(failed(READ))?;
    }
    let table = format!("staging_{kind}");
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
        .map_err(refused(READ))
}

/// Appends a staged file's rows, each with the file's place.
pub(crate) fn append(
    connection: &Connection,
    kind: Kind,
    place: i32,
    path: &Path,
) -> anyhow::Result<()> {
    let file = StreamReader::try_new_buffered(File::open(path)?, None)?;
    let mut fields = file.schema().fields().to_vec();
    fields.push(Arc::new(Field::new("file", DataType::Int32, false)));
    let schema = Arc::new(Schema::new(fields));
    let places: ArrayRef = Arc::new(Int32Array::from_value(place, ROWS_AT_ONCE));
    let table = format!("staging_{kind}");
    let mut rows = connection.appender_to_catalog_and_db(&table, "temp", "main")?;
    for batch in file {
        let batch = batch?;
        let mut columns = batch.columns().to_vec();
        columns.push(places.slice(0, batch.num_rows()));
        rows.append_record_batch(RecordBatch::try_new(schema.clone(), columns)?)?;
    }
    Ok(rows.flush()?)
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
    let known = connection.execute(&sql, [])?;
    connection.execute_batch(&NEW.replace("{kind}", kind.as_str()))?;
    Ok(known)
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
