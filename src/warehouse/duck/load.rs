//! One load: many windows, one transaction. The SQL of its steps stands in `warehouse/sql/`.

use super::{
    ahead::ReadFiles,
    read, refused,
    staging::{deduplicate, id_range, of_kind, rows_by_file, stage_windows},
    steps::timed,
    stopped,
};
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{LoadReport, StagedFile, StagedWindow, WarehouseError, columns::names},
};
use chrono::{DateTime, SecondsFormat, Utc};
use duckdb::{Connection, params};
use std::collections::{HashMap, HashSet};

const FACTS: &str = include_str!("../sql/facts.sql");
const MESSAGES: &str = include_str!("../sql/messages.sql");
const DELTAS: &str = include_str!("../sql/deltas.sql");
const APPLY: &str = include_str!("../sql/apply.sql");
const JUDGE: &str = include_str!("../sql/judge.sql");
const ORPHANS: &str = include_str!("../sql/orphans.sql");
const STALE_BUCKETS: &str = include_str!("../sql/stale_buckets.sql");
const BUCKETS: &str = include_str!("../sql/buckets.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 8] = [
    FACTS,
    MESSAGES,
    DELTAS,
    APPLY,
    ORPHANS,
    JUDGE,
    STALE_BUCKETS,
    BUCKETS,
];

/// The most hours that stand in a statement one by one; more become their whole range.
const MOST_LISTED_HOURS: usize = 500;

/// Loads the windows that are not loaded yet, all of them or none: facts, messages, buckets. `read` is
/// what the connection has read for it already.
pub(super) fn load(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
) -> Result<LoadReport, WarehouseError> {
    take(connection, windows, read, "messages", merge)
}

/// The first half of a rebuild: facts, and the messages' own lines.
pub(super) fn gather(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
) -> Result<LoadReport, WarehouseError> {
    take(connection, windows, read, "message_lines", |connection| {
        timed("facts", || insert_facts(connection))?;
        let names = names(Kind::Message);
        let sql = format!("INSERT INTO message_lines BY NAME SELECT {names} FROM new_message");
        timed("messages", || connection.execute_batch(&sql))
    })
}

/// Notes and new lines are the same in both; `merge` is what becomes of the lines. Messages are known
/// in the table `messages`.
fn take(
    connection: &mut Connection,
    windows: &[StagedWindow],
    read: Option<&ReadFiles>,
    messages: &str,
    merge: impl FnOnce(&Connection) -> duckdb::Result<()>,
) -> Result<LoadReport, WarehouseError> {
    let transaction = connection.transaction().map_err(refused("begin a load"))?;
    let windows = not_loaded(&transaction, windows).map_err(refused("list its windows"))?;
    if windows.is_empty() {
        return Ok(LoadReport::default());
    }
    // Read again if some were loaded meanwhile.
    if !read.is_some_and(|read| read.are_those_of(&windows)) {
        stage_windows(&transaction, &windows)?;
    }
    for kind in Kind::ALL {
        timed("deduplicate", || deduplicate(&transaction, kind, messages))
            .map_err(refused("find the new events"))?;
    }
    merge(&transaction).map_err(refused("load events"))?;
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

/// Facts, then new messages, then what happened to older ones, then the buckets.
pub(super) fn merge(connection: &Connection) -> duckdb::Result<()> {
    timed("facts", || insert_facts(connection))?;
    timed("deltas", || connection.execute_batch(DELTAS))?;
    timed("messages", || connection.execute_batch(MESSAGES))?;
    let hours = touched_hours(connection)?;
    let (Some(first), Some(last)) = (hours.first(), hours.last()) else {
        return Ok(());
    };
    let times = format!(
        "message_recorded_at >= {} AND message_recorded_at < {} + INTERVAL 1 HOUR",
        instant(first),
        instant(last)
    );
    let hours = hours_condition(&hours);
    let apply = APPLY.replace("{hours}", &hours);
    timed("apply", || connection.execute_batch(&apply))?;
    timed("orphans", || {
        leave_orphans(connection, "SELECT message_id FROM changes")
    })?;
    let touched = format!("{hours} AND rowid IN (SELECT place FROM changes)");
    timed("judge", || judge(connection, &touched, &hours, &times))?;
    timed("stale buckets", || connection.execute_batch(STALE_BUCKETS))?;
    let messages = format!("{hours} AND bucket_key IN (SELECT bucket_key FROM stale_buckets)");
    let buckets = BUCKETS.replace("{messages}", &messages);
    timed("buckets", || connection.execute_batch(&buckets))
}

/// The second half of a rebuild, for messages of whole hours: none of them is there yet, and the
/// views of `rebuild/slice.sql` hold all that is known of them. `hours` and `times` are conditions on
/// the hour and the time of messages.
pub(super) fn make_whole(connection: &Connection, hours: &str, times: &str) -> duckdb::Result<()> {
    timed("deltas", || connection.execute_batch(DELTAS))?;
    timed("messages", || connection.execute_batch(MESSAGES))?;
    timed("orphans", || {
        leave_orphans(connection, "SELECT event_id FROM new_message")
    })?;
    timed("judge", || judge(connection, hours, hours, times))?;
    timed("buckets", || {
        connection.execute_batch(&BUCKETS.replace("{messages}", hours))
    })
}

fn leave_orphans(connection: &Connection, known: &str) -> duckdb::Result<()> {
    connection.execute_batch(&ORPHANS.replace("{known}", known))
}

/// The status of messages with receipts by segment, or with corrected ones.
fn judge(connection: &Connection, touched: &str, hours: &str, times: &str) -> duckdb::Result<()> {
    let judged = format!(
        "{touched} AND (segmented OR message_id IN (SELECT message_id FROM corrected_receipts))"
    );
    let any = format!("SELECT EXISTS (FROM messages WHERE {judged})");
    if !connection.query_row(&any, [], |row| row.get(0))? {
        return Ok(());
    }
    let sql = JUDGE
        .replace("{judged}", &judged)
        .replace("{hours}", hours)
        .replace("{times}", times);
    connection.execute_batch(&sql)
}

fn insert_facts(connection: &Connection) -> duckdb::Result<()> {
    let (first, last) = id_range(
        connection,
        "SELECT receipt_id AS event_id FROM new_receipt WHERE message_id IS NULL",
    )?;
    let mut sql = FACTS
        .replace("{first_receipt}", &first)
        .replace("{last_receipt}", &last);
    for kind in Kind::ALL {
        sql = sql.replace(&format!("{{{kind}}}"), &names(kind));
    }
    connection.execute_batch(&sql)
}

/// The hours of all messages that the new events are about, in order.
fn touched_hours(connection: &Connection) -> duckdb::Result<Vec<DateTime<Utc>>> {
    connection
        .prepare(
            "SELECT DISTINCT date_trunc('hour', message_recorded_at) FROM deltas UNION \
             SELECT DISTINCT date_trunc('hour', recorded_at) FROM new_message ORDER BY 1",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// A literal condition on `hour`: DuckDB prunes row groups by literals, not by a join.
fn hours_condition(hours: &[DateTime<Utc>]) -> String {
    match hours {
        [first, .., last] if hours.len() > MOST_LISTED_HOURS => {
            format!("hour BETWEEN {} AND {}", instant(first), instant(last))
        }
        _ => {
            let list: Vec<_> = hours.iter().map(instant).collect();
            format!("hour IN ({})", list.join(", "))
        }
    }
}

/// A time as SQL has it.
pub(super) fn instant(time: &DateTime<Utc>) -> String {
    let text = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("TIMESTAMPTZ '{text}'")
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
