//! The buckets that reports read, kept by differences: what a window's messages count now, less what
//! they counted before.
//!
//! That is exact as long as both were counted by the same rules, so a generation notes by which its
//! buckets are. Where they are another version's, or where nothing is noted, the next load counts all
//! buckets anew from all messages, in its transaction.

use super::steps::timed;
use duckdb::Connection;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const COUNT: &str = include_str!("../sql/buckets.sql");
const MERGE: &str = include_str!("../sql/merge_buckets.sql");
const MACROS: &str = include_str!("../sql/macros.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 2] = [COUNT, MERGE];

/// Hex SHA-256 of what decides what a message counts, shortened.
static COUNTED_BY: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    hash.update(COUNT);
    hash.update(MACROS);
    hex::encode(&hash.finalize()[..16])
});

/// Counts the messages of a load: `before` and `after` are selections of the columns of messages, as
/// the buckets have them and as they have come to be. The messages themselves are written by now.
pub(super) fn merge(connection: &Connection, before: &str, after: &str) -> duckdb::Result<()> {
    if !counted_by_us(connection)? {
        return timed("count all buckets", || count_all(connection));
    }
    count_beside(connection, before, "before")?;
    count_beside(connection, after, "after")?;
    connection.execute_batch(MERGE)
}

/// Counts messages none of whose buckets is there. `messages` is a selection like those of [`merge`].
pub(super) fn count(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    count_into(connection, messages, "message_stats", "error_stats")
}

/// Notes that all buckets are counted by our rules.
pub(super) fn note(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("DELETE FROM buckets_counted")?;
    connection
        .execute("INSERT INTO buckets_counted VALUES (?)", [&*COUNTED_BY])
        .map(drop)
}

fn counted_by_us(connection: &Connection) -> duckdb::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (FROM buckets_counted WHERE rules = ?)",
        [&*COUNTED_BY],
        |row| row.get(0),
    )
}

fn count_all(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("DELETE FROM message_stats; DELETE FROM error_stats")?;
    count(connection, "messages")?;
    note(connection)
}

/// Into tables of the load's own.
fn count_beside(connection: &Connection, messages: &str, name: &str) -> duckdb::Result<()> {
    let (stats, errors) = (format!("stats_{name}"), format!("errors_{name}"));
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE {stats} AS FROM message_stats LIMIT 0;\
         CREATE OR REPLACE TEMP TABLE {errors} AS FROM error_stats LIMIT 0"
    ))?;
    count_into(connection, messages, &stats, &errors)
}

fn count_into(
    connection: &Connection,
    messages: &str,
    stats: &str,
    errors: &str,
) -> duckdb::Result<()> {
    let sql = COUNT
        .replace("{messages}", messages)
        .replace("{stats}", stats)
        .replace("{errors}", errors);
    connection.execute_batch(&sql)
}
