//! The buckets that reports read, kept by differences: what a window's messages count now, less what
//! they counted before.
//!
//! That is exact as long as both were counted by the same rules, so a generation notes by which its
//! buckets are. Where they are another version's, or where those of one grain are not the sums of those of
//! another, all buckets are counted anew when it is opened: reports read them from then on.

use super::{merge::instant, threads::Threads};
use crate::warehouse::Grain;
use chrono::{DateTime, Utc};
use duckdb::Connection;
use sha2::{Digest as _, Sha256};

const MACROS: &str = include_str!("../sql/macros.sql");
const MESSAGES: &str = include_str!("../sql/bucket_messages.sql");
const COUNT: &str = include_str!("../sql/count_buckets.sql");
const COUNT_ERRORS: &str = include_str!("../sql/count_errors.sql");
const TOUCH: &str = include_str!("../sql/touch_buckets.sql");
const MERGE: &str = include_str!("../sql/merge_buckets.sql");
const AGREE: &str = include_str!("../sql/buckets_agree.sql");
const MERGE_ERRORS: &str = include_str!("../sql/merge_errors.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 6] =
    [MESSAGES, COUNT, COUNT_ERRORS, TOUCH, MERGE, MERGE_ERRORS];

const ERRORS: &str = "error_stats";

/// Counts the messages of a load: `before` and `after` are selections of the columns of messages, as
/// the buckets have them and as they have come to be. The messages themselves are written by now.
pub(super) fn merge(
    connection: &Connection,
    before: &str,
    after: &str,
    threads: Threads,
) -> duckdb::Result<()> {
    for (messages, side) in [(before, "before"), (after, "after")] {
        see(connection, messages)?;
        for grain in Grain::ALL {
            count_beside(connection, grain, side)?;
        }
        let errors = beside(connection, ERRORS, side)?;
        count_errors(connection, &errors)?;
    }
    for grain in Grain::ALL {
        threads.all(connection, || touch(connection, grain))?;
        merge_grain(connection, grain)?;
    }
    connection.execute_batch(MERGE_ERRORS)
}

/// Counts messages of whole hours, none of which is counted yet. `messages` is a selection like those
/// of [`merge`].
pub(super) fn count(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    see(connection, messages)?;
    count_grain(connection, Grain::Quarter, Grain::Quarter.table())?;
    count_grain(connection, Grain::Hour, Grain::Hour.table())?;
    // Others of their days may be counted already.
    beside(connection, Grain::Day.table(), "before")?;
    count_beside(connection, Grain::Day, "after")?;
    touch(connection, Grain::Day)?;
    merge_grain(connection, Grain::Day)?;
    count_errors(connection, ERRORS)
}

/// Counts all buckets anew, in one transaction, unless they are counted by our rules alone; a day after
/// the other, since the histograms of all of them at once may need more memory than there is.
pub(super) fn recount_others(connection: &mut Connection) -> duckdb::Result<()> {
    let ours = rules(connection)?;
    let transaction = connection.transaction()?;
    let counted = "SELECT EXISTS (FROM buckets_counted WHERE rules = ?)";
    if transaction.query_row(counted, [&ours], |row| row.get(0))?
        && transaction.query_row(AGREE, [], |row| row.get(0))?
    {
        return Ok(());
    }
    let tables = Grain::ALL.map(Grain::table);
    for table in tables.into_iter().chain([ERRORS, "buckets_counted"]) {
        transaction.execute_batch(&format!("DELETE FROM {table}"))?;
    }
    let days = days(&transaction)?;
    if !days.is_empty() {
        let days = days.len();
        tracing::info!(days, "all buckets are counted by this version's rules");
    }
    for day in days {
        let (day, span) = (instant(&day), Grain::Day.seconds());
        let condition = format!("hour >= {day} AND hour < {day} + to_seconds({span})");
        count(&transaction, &format!("(FROM messages WHERE {condition})"))?;
    }
    transaction.execute("INSERT INTO buckets_counted VALUES (?)", [&ours])?;
    transaction.commit()
}

fn days(connection: &Connection) -> duckdb::Result<Vec<DateTime<Utc>>> {
    let span = Grain::Day.seconds();
    connection
        .prepare(&format!(
            "SELECT DISTINCT begin_of(hour, {span}) FROM messages ORDER BY 1"
        ))?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Hex SHA-256 of what decides which bucket a message counts in, and what, shortened. A hash of DuckDB's
/// decides it, too, which another version of DuckDB may compute otherwise: one of its values stands for it.
fn rules(connection: &Connection) -> duckdb::Result<String> {
    let sample =
        "SELECT bucket_key_of('2026-11-23'::TIMESTAMPTZ, 'a', 'b', NULL, 'c', 'd')::VARCHAR";
    let sample: String = connection.query_row(sample, [], |row| row.get(0))?;
    let mut hash = Sha256::new();
    for text in [MACROS, MESSAGES, COUNT, COUNT_ERRORS, &sample] {
        hash.update(text);
    }
    Ok(hex::encode(&hash.finalize()[..16]))
}

/// The messages that are counted by what follows.
fn see(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    connection.execute_batch(&MESSAGES.replace("{messages}", messages))
}

/// An empty table of the load's own, like one of the buckets; its name.
fn beside(connection: &Connection, table: &str, side: &str) -> duckdb::Result<String> {
    let name = format!("{side}_{table}");
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE {name} AS FROM {table} LIMIT 0"
    ))?;
    Ok(name)
}

fn count_beside(connection: &Connection, grain: Grain, side: &str) -> duckdb::Result<()> {
    let into = beside(connection, grain.table(), side)?;
    count_grain(connection, grain, &into)
}

fn count_grain(connection: &Connection, grain: Grain, into: &str) -> duckdb::Result<()> {
    let (key, begin) = match grain {
        // As they stand in the message.
        Grain::Quarter => ("bucket_key".to_owned(), "bucket".to_owned()),
        Grain::Hour | Grain::Day => {
            let begin = format!("begin_of(bucket, {})", grain.seconds());
            let key = format!(
                "bucket_key_of({begin}, campaign, campaign_type, gateway, sender, country)"
            );
            (key, begin)
        }
    };
    let sql = COUNT
        .replace("{key}", &key)
        .replace("{bucket}", &begin)
        .replace("{into}", into);
    connection.execute_batch(&sql)
}

fn count_errors(connection: &Connection, into: &str) -> duckdb::Result<()> {
    connection.execute_batch(&COUNT_ERRORS.replace("{into}", into))
}

/// Finds the buckets of a grain that what was counted beside is about.
fn touch(connection: &Connection, grain: Grain) -> duckdb::Result<()> {
    connection.execute_batch(&TOUCH.replace("{stats}", grain.table()))
}

/// Puts what was counted beside into the buckets of a grain.
fn merge_grain(connection: &Connection, grain: Grain) -> duckdb::Result<()> {
    connection.execute_batch(&MERGE.replace("{stats}", grain.table()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three years around 1970 and three of ours, each time at another second of its hour.
    #[test]
    fn a_span_begins_where_the_calendar_says() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "SELECT count(*) FROM (
                SELECT make_timestamptz(base + 7_000_003_000 * number) AS time
                FROM range(-7000, 7000) AS numbers (number),
                     (VALUES (0), (1_800_000_000_000_000)) AS bases (base))
            WHERE begin_of(time, 86400) <> date_trunc('day', time)
               OR begin_of(time, 3600) <> date_trunc('hour', time)
               OR begin_of(time, 900) <> time_bucket(INTERVAL 15 MINUTES, time)";
        connection
            .execute_batch(&format!("SET TimeZone = 'UTC'; {MACROS}"))
            .unwrap();
        let wrong: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(wrong, 0);
    }
}
