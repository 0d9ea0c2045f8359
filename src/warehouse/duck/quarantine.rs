//! The quarantine: what is in it, and how lines get out of it.

use super::{
    load::note_bad_lines,
    merge::merge,
    refused,
    staging::{deduplicate, rows_by_file, stage},
    threads::Threads,
};
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{
        BadLine, LoadReport, QuarantineFilter, QuarantinedFile, Retry, StagedFile, WarehouseError,
    },
};
use chrono::{DateTime, Utc};
use duckdb::{Connection, Row, params, types::Type};

const LIST: &str = include_str!("../sql/quarantined.sql");

/// The files of which lines are in quarantine.
pub(super) fn list(
    connection: &Connection,
    filter: &QuarantineFilter,
) -> duckdb::Result<Vec<QuarantinedFile>> {
    let mut statement = connection.prepare(LIST)?;
    let mut rows = statement.query(params![
        filter.window.map(|id| id.epoch),
        filter.window.map(|id| id.number),
        filter.file,
        filter.line_number,
        i64::try_from(filter.most).unwrap_or(i64::MAX),
        filter.text,
    ])?;
    let mut files: Vec<QuarantinedFile> = Vec::new();
    while let Some(row) = rows.next()? {
        let file = file(row)?;
        match files.last_mut().filter(|last| last.key == file.key) {
            Some(last) => last.lines.extend(file.lines),
            None => files.push(file),
        }
    }
    Ok(files)
}

fn file(row: &Row<'_>) -> duckdb::Result<QuarantinedFile> {
    let kind: String = row.get(3)?;
    let kind = Kind::from_name(&kind);
    let bad = BadLine {
        line_number: row.get(7)?,
        lines: row.get(8)?,
        reason: row.get(9)?,
        line: row.get(10)?,
    };
    Ok(QuarantinedFile {
        id: WindowId {
            epoch: row.get(0)?,
            number: row.get(1)?,
        },
        manifest_key: row.get(2)?,
        kind: kind.ok_or_else(|| {
            duckdb::Error::FromSqlConversionFailure(3, Type::Text, "no kind of event".into())
        })?,
        part: row.get(4)?,
        key: row.get(5)?,
        quarantined_at: row.get(6)?,
        lines: vec![bad],
    })
}

/// Loads lines out of quarantine. What stays there stays since when it came.
pub(super) fn retry(
    connection: &mut Connection,
    retry: &Retry,
    threads: Threads,
) -> Result<LoadReport, WarehouseError> {
    let file = &retry.file;
    let transaction = connection.transaction().map_err(refused("begin a retry"))?;
    let stands = standing(&transaction, file).map_err(refused("list its quarantine"))?;
    let Some(since) = stands.since.filter(|_| stands.lines == retry.before) else {
        return Ok(LoadReport::default());
    };
    for kind in Kind::ALL {
        let files: &[&StagedFile] = if kind == file.kind { &[file] } else { &[] };
        stage(&transaction, kind, files)?;
        deduplicate(&transaction, kind, "messages").map_err(refused("find the new events"))?;
    }
    merge(&transaction, false, threads).map_err(refused("load events"))?;
    let loaded = note(&transaction, retry, since).map_err(refused("note what it loaded"))?;
    fail::fail_point!("load.commit.before");
    transaction.commit().map_err(refused("commit a retry"))?;
    fail::fail_point!("load.commit.after");
    let mut report = LoadReport {
        duplicates: file.good_lines - loaded,
        quarantined: file.bad_lines.iter().map(|bad| bad.lines).sum(),
        ..LoadReport::default()
    };
    report.rows[file.kind as usize] = loaded;
    Ok(report)
}

/// What a file has in quarantine.
struct Standing {
    since: Option<DateTime<Utc>>,
    lines: Vec<(u64, u64)>,
}

fn standing(connection: &Connection, file: &StagedFile) -> duckdb::Result<Standing> {
    let mut statement = connection.prepare(
        "SELECT line_number, lines, quarantined_at FROM quarantined_lines WHERE file_key = ? \
         ORDER BY line_number",
    )?;
    let mut rows = statement.query(params![file.key])?;
    let mut standing = Standing {
        since: None,
        lines: Vec::new(),
    };
    while let Some(row) = rows.next()? {
        standing.lines.push((row.get(0)?, row.get(1)?));
        standing.since.get_or_insert(row.get(2)?);
    }
    Ok(standing)
}

/// The file's lines still add up: what left quarantine is loaded, or was known. Returns what was
/// loaded.
fn note(connection: &Connection, retry: &Retry, since: DateTime<Utc>) -> duckdb::Result<u64> {
    let file = &retry.file;
    let loaded = rows_by_file(connection, &format!("new_{}", file.kind), 1)?[0];
    connection.execute(
        "DELETE FROM quarantined_lines WHERE file_key = ?",
        params![file.key],
    )?;
    note_bad_lines(connection, retry.id, file, since)?;
    connection.execute(
        "UPDATE loaded_files SET loaded = loaded + ?, duplicates = duplicates + ?, \
         quarantined = quarantined - ? WHERE file_key = ?",
        params![loaded, file.good_lines - loaded, file.good_lines, file.key],
    )?;
    Ok(loaded)
}
