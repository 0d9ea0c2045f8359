//! What a load changes in the buckets that reports read: what its messages count now, less what they
//! counted before.
//!
//! To count a bucket anew is to read all of its messages, over weeks of them; to change it is to look for it
//! among those of weeks. So a load does neither: it appends what changes, and [`mod@fold`] adds that to the
//! buckets now and then. That is exact as long as a message was counted before by the same rules
//! ([`recount`](super::recount)).

use super::fold::{self, fold};
use crate::warehouse::Grain;
use duckdb::Connection;

pub(super) const MESSAGES: &str = include_str!("../sql/bucket_messages.sql");
pub(super) const COUNT: &str = include_str!("../sql/count_buckets.sql");
pub(super) const COUNT_ERRORS: &str = include_str!("../sql/count_errors.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 3] = [MESSAGES, COUNT, COUNT_ERRORS];

/// Appends what a load's messages change. `messages` is a selection of columns of theirs, as they were counted
/// (`sign` -1) and as they have come to be (`sign` 1).
pub(super) fn change(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    see(connection, messages)?;
    connection.execute_batch(&COUNT.replace("{into}", fold::CHANGES))?;
    count_errors(connection, fold::ERROR_CHANGES)
}

/// Counts messages of whole hours, none of which is counted yet. `messages` is a selection like that of
/// [`change`].
pub(super) fn count(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    let (quarters, changes) = (Grain::Quarter.table(), fold::CHANGES);
    see(connection, messages)?;
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE counted AS FROM {changes} LIMIT 0"
    ))?;
    connection.execute_batch(&COUNT.replace("{into}", "counted"))?;
    // A row a bucket, each of one that is not there yet: nothing to be folded.
    connection.execute_batch(&format!(
        "INSERT INTO {quarters} SELECT * EXCLUDE (deliver_slots_less, click_slots_less) FROM counted"
    ))?;
    for longer in [Grain::Hour, Grain::Day] {
        fold(connection, longer, "counted")?;
    }
    count_errors(connection, fold::ERRORS)
}

/// The messages that are counted by what follows.
fn see(connection: &Connection, messages: &str) -> duckdb::Result<()> {
    connection.execute_batch(&MESSAGES.replace("{messages}", messages))
}

fn count_errors(connection: &Connection, into: &str) -> duckdb::Result<()> {
    connection.execute_batch(&COUNT_ERRORS.replace("{into}", into))
}
