//! Folding: what loads appended is added to the buckets.
//!
//! A bucket that changes is taken out and put back, which means to look for it among all others. That takes
//! about as long for the changes of one window as for those of many, so it is done for many, and while no window
//! waits.

use super::steps::timed;
use crate::warehouse::Grain;
use duckdb::Connection;

/// Changes of buckets.
pub(super) const CHANGES: &str = "bucket_changes";
/// Changes of what went wrong.
pub(super) const ERROR_CHANGES: &str = "error_changes";
/// What went wrong.
pub(super) const ERRORS: &str = "error_stats";

const FOLD: &str = include_str!("../sql/fold_buckets.sql");
const FOLD_ERRORS: &str = include_str!("../sql/fold_errors.sql");
/// All of them, for the rules.
pub(super) const STATEMENTS: [&str; 2] = [FOLD, FOLD_ERRORS];

/// Folds all changes, in one transaction, if there are so many; tells whether.
pub(super) fn fold_changes(connection: &mut Connection, at_least: u64) -> duckdb::Result<bool> {
    let transaction = connection.transaction()?;
    let waiting =
        format!("SELECT (SELECT count(*) FROM {CHANGES}) + (SELECT count(*) FROM {ERROR_CHANGES})");
    let waiting: u64 = transaction.query_row(&waiting, [], |row| row.get(0))?;
    if waiting == 0 || waiting < at_least {
        return Ok(false);
    }
    timed("fold", || {
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
