//! One load: many windows, one transaction.

use super::{
    ahead::ReadFiles,
    merge, read, refused,
    staging::{deduplicate, of_kind, rows_by_file, stage_windows},
    steps::timed,
    stopped,
    threads::Threads,
};
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{LoadReport, StagedFile, StagedWindow, WarehouseError, columns::names},
};
use chrono::{DateTime, Utc};
use duckdb::{Connection, params};
use std::collections::{HashMap, HashSet};

/// Loads the windows that are not loaded yet, all of them or none: facts, messages, buckets. `read` is
/// what the connection has read for it already.
pub(super) fn load(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
    threads: Threads,
) -> Result<LoadReport, WarehouseError> {
    let prepared = read.is_some_and(|read| read.prepared);
    take(
        connection,
        windows,
        read,
        "messages",
        |connection, lines| {
            let prepared = prepared && lines == Lines::AsRead;
            merge::merge(connection, prepared, threads)
        },
    )
}

/// The first half of a rebuild: facts, and the messages' own lines.
pub(super) fn gather(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
) -> Result<LoadReport, WarehouseError> {
    take(
        connection,
        windows,
        read,
        "message_lines",
        |connection, _| {
            timed("facts", || merge::insert_facts(connection))?;
            let names = names(Kind::Message);
            let sql = format!("INSERT INTO message_lines BY NAME SELECT {names} FROM new_message");
            timed("messages", || connection.execute_batch(&sql))
        },
    )
}

/// What is staged for a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// All that was read for it already, and what was made of that stands.
    AsRead,
    /// Lines that were read now, or without those that were loaded before.
    Others,
}

/// Notes and new lines are the same in both; `merge` is what becomes of the lines. Messages are known
/// in the table `messages`.
fn take(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
    messages: &str,
    merge: impl FnOnce(&Connection, Lines) -> duckdb::Result<()>,
) -> Result<LoadReport, WarehouseError> {
    let transaction = connection.transaction().map_err(refused("begin a load"))?;
    let windows = not_loaded(&transaction, windows).map_err(refused("list its windows"))?;
    if windows.is_empty() {
        return Ok(LoadReport::default());
    }
    // Read again if some were loaded meanwhile.
    let mut lines = Lines::AsRead;
    if !read.is_some_and(|read| read.are_those_of(&windows)) {
        stage_windows(&transaction, &windows)?;
        lines = Lines::Others;
    }
    for kind in Kind::ALL {
        let known = timed("deduplicate", || deduplicate(&transaction, kind, messages))
            .map_err(refused("find the new events"))?;
        if known > 0 {
            lines = Lines::Others;
        }
    }
    merge(&transaction, lines).map_err(refused("load events"))?;
    let report = note(&transaction, &windows).map_err(refused("note what it loaded"))?;
    stopped::forget(&transaction, windows.iter().map(|window| window.id))
        .map_err(refused("note what it loaded"))?;
    advance(&transaction).map_err(refused("note its progress"))?;
    fail::fail_point!("load.commit.before");
    timed("commit", || transaction.commit()).map_err(refused("commit a load"))?;
    fail::fail_point!("load.commit.after");
    Ok(report)
}

/// The windows to load, each once.
fn not_loaded<'a>(
    connection: &Connection,
    windows: &'a [StagedWindow],
) -> duckdb::Result<Vec<&'a StagedWindow>> {
    let ids: Vec<_> = windows.iter().map(|window| window.id).collect();
    let mut seen: HashSet<WindowId> = read::loaded(connection, &ids)?.into_keys().collect();
    let new = windows.iter().filter(|window| seen.insert(window.id));
    Ok(new.collect())
}

/// Notes each window, each file with its counts, and each bad line.
fn note(connection: &Connection, windows: &[&StagedWindow]) -> duckdb::Result<LoadReport> {
    let mut loaded = HashMap::new();
    for kind in Kind::ALL {
        let files = of_kind(windows, kind);
        let rows = rows_by_file(connection, &format!("new_{kind}"), files.len())?;
        loaded.extend(files.into_iter().map(|file| &file.path).zip(rows));
    }
    let mut report = LoadReport::default();
    let now = Utc::now();
    for window in windows {
        note_window(connection, window, now)?;
        report.windows.push(window.id);
        for file in &window.files {
            let rows = loaded[&file.path];
            note_file(connection, window.id, file, rows)?;
            note_bad_lines(connection, window.id, file, now)?;
            report.rows[file.kind as usize] += rows;
            report.duplicates += file.good_lines - rows;
            report.quarantined += file.lines - file.good_lines;
        }
    }
    Ok(report)
}

fn note_window(
    connection: &Connection,
    window: &StagedWindow,
    now: DateTime<Utc>,
) -> duckdb::Result<()> {
    connection
        .prepare_cached("INSERT INTO loaded_windows VALUES (?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            window.id.epoch,
            window.id.number,
            window.first_number,
            window.boundary,
            window.sealed_at,
            window.manifest_key,
            now,
        ])
        .map(drop)
}

fn note_file(
    connection: &Connection,
    id: WindowId,
    file: &StagedFile,
    rows: u64,
) -> duckdb::Result<()> {
    connection
        .prepare_cached("INSERT INTO loaded_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
        .execute(params![
            id.epoch,
            id.number,
            file.kind.as_str(),
            file.part,
            file.key,
            file.lines,
            rows,
            file.good_lines - rows,
            file.lines - file.good_lines,
            file.text_bytes,
            file.text_sha256,
            file.object_sha256,
        ])
        .map(drop)
}

/// Notes what a file has in quarantine since some time.
pub(super) fn note_bad_lines(
    connection: &Connection,
    id: WindowId,
    file: &StagedFile,
    since: DateTime<Utc>,
) -> duckdb::Result<()> {
    // Appended: all of a file may be here, and a statement a line takes most of a millisecond.
    let mut rows = connection.appender("quarantined_lines")?;
    for bad in &file.bad_lines {
        rows.append_row(params![
            id.epoch,
            id.number,
            file.kind.as_str(),
            file.part,
            file.key,
            bad.line_number,
            bad.reason,
            bad.line,
            since,
            bad.lines,
        ])?;
    }
    rows.flush()
}

/// Moves the progress over all windows that follow it without a gap.
fn advance(connection: &Connection) -> duckdb::Result<()> {
    let progress = read::progress(connection)?;
    let start = progress.map(|progress| progress.id);
    let Some(reached) = read::contiguous_after(connection, start)? else {
        return Ok(());
    };
    connection.execute_batch("DELETE FROM progress")?;
    connection
        .prepare_cached("INSERT INTO progress VALUES (?, ?, ?, ?)")?
        .execute(params![
            reached.id.epoch,
            reached.id.number,
            reached.boundary,
            reached.manifest_key,
        ])
        .map(drop)
}
