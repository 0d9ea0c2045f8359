//! Folding: what loads appended is added to the buckets, and put into the messages.
//!
//! A bucket or a message that changes is looked for among all others, and the blocks that it stands in are
//! written anew: those of weeks, nearly all of them. That takes about as long for the changes of one window as for
//! those of many, so it is done for many, and while no window waits.

use super::{merge::PLACES, steps::timed};
use crate::warehouse::Grain;
use duckdb::Connection;

/// Changes of buckets.
pub(super) const CHANGES: &str = "bucket_changes";
/// Changes of what went wrong.
pub(super) const ERROR_CHANGES: &str = "error_changes";
/// What went wrong.
pub(super) const ERRORS: &str = "error_stats";

/// Messages that loads changed.
const MESSAGE_CHANGES: &str = "message_changes";

const FOLD_MESSAGES: &str = include_str!("../sql/fold_messages.sql");
const FOLD: &str = include_str!("../sql/fold_buckets.sql");
const FOLD_ERRORS: &str = include_str!("../sql/fold_errors.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 3] = [FOLD_MESSAGES, FOLD, FOLD_ERRORS];

/// Folds all changes, in one transaction, if there are so many; tells whether.
pub(super) fn fold_changes(connection: &mut Connection, at_least: u64) -> duckdb::Result<bool> {
    let transaction = connection.transaction()?;
    let waiting = [CHANGES, ERROR_CHANGES, MESSAGE_CHANGES]
        .map(|table| format!("(SELECT count(*) FROM {table})"))
        .join(" + ");
    let waiting: u64 = transaction.query_row(&format!("SELECT {waiting}"), [], |row| row.get(0))?;
    if waiting == 0 || waiting < at_least {
        return Ok(false);
    }
    timed("fold", || {
        fold_messages(&transaction)?;
        for grain in Grain::ALL {
            fold(&transaction, grain, CHANGES)?;
        }
        transaction.execute_batch(FOLD_ERRORS)?;
        forget_changes(&transaction)?;
        fail::fail_point!("load.fold.before");
        transaction.commit()
    })?;
    fail::fail_point!("load.fold.after");
    Ok(true)
}

/// Puts what loads made of messages that were there before into their table.
pub(super) fn fold_messages(connection: &Connection) -> duckdb::Result<()> {
    let places = PLACES.replace("{sought}", MESSAGE_CHANGES);
    connection.execute_batch(&FOLD_MESSAGES.replace("{places}", &places))
}

/// Changes that are in the buckets, or of buckets that are no more.
pub(super) fn forget_changes(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch(&format!(
        "DELETE FROM {CHANGES}; DELETE FROM {ERROR_CHANGES}"
    ))
}

/// Adds changes, rows of a table like [`CHANGES`], to the buckets of one grain.
pub(super) fn fold(connection: &Connection, grain: Grain, changes: &str) -> duckdb::Result<()> {
    let (key, bucket) = match grain {
        // As they stand there.
        Grain::Quarter => ("bucket_key".to_owned(), "bucket".to_owned()),
        Grain::Hour | Grain::Day => {
            let bucket = format!("begin_of(bucket, {})", grain.seconds());
            let key = format!(
                "bucket_key_of({bucket}, campaign, campaign_type, gateway, sender, country)"
            );
            (key, bucket)
        }
    };
    let sql = FOLD
        .replace("{stats}", grain.table())
        .replace("{changes}", changes)
        .replace("{key}", &key)
        .replace("{bucket}", &bucket);
    connection.execute_batch(&sql)
}
