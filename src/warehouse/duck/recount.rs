//! By what rules the buckets of a generation were counted, which it notes.
//!
//! Where they are another version's, or where those of one grain are not the sums of those of another, what
//! loads changed in messages is folded into them, and all buckets are counted anew, when it is opened: reports read
//! them from then on.

use super::{buckets, fold, merge::instant, rules::bare};
use crate::warehouse::Grain;
use chrono::{DateTime, Utc};
use duckdb::Connection;
use sha2::{Digest as _, Sha256};

const MACROS: &str = include_str!("../sql/macros.sql");
const AGREE: &str = include_str!("../sql/buckets_agree.sql");

/// Counts all buckets anew, in one transaction, unless they are counted by our rules alone; a day after
/// the other, since the histograms of all of them at once may need more memory than there is.
pub(super) fn recount_others(connection: &mut Connection) -> duckdb::Result<()> {
    let ours = rules(connection)?;
    let counted = "SELECT EXISTS (FROM buckets_counted WHERE rules = ?)";
    if connection.query_row(counted, [&ours], |row| row.get(0))?
        && connection.query_row(AGREE, [], |row| row.get(0))?
    {
        return Ok(());
    }
    // By itself: a message says the same before and after, and counting has enough to remember.
    let folding = connection.transaction()?;
    fold::fold_messages(&folding)?;
    folding.commit()?;
    let transaction = connection.transaction()?;
    let tables = Grain::ALL.map(Grain::table);
    for table in tables.into_iter().chain([fold::ERRORS, "buckets_counted"]) {
        transaction.execute_batch(&format!("DELETE FROM {table}"))?;
    }
    fold::forget_changes(&transaction)?;
    let days = days(&transaction)?;
    if !days.is_empty() {
        let days = days.len();
        tracing::info!(days, "all buckets are counted by this version's rules");
    }
    for day in days {
        let (day, span) = (instant(&day), Grain::Day.seconds());
        let condition = format!("hour >= {day} AND hour < {day} + to_seconds({span})");
        buckets::count(
            &transaction,
            &format!("(SELECT *, 1 AS sign FROM messages WHERE {condition})"),
        )?;
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
    for text in buckets::STATEMENTS.iter().chain(&[MACROS]) {
        hash.update(bare(text));
    }
    hash.update(sample);
    Ok(hex::encode(&hash.finalize()[..16]))
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
