//! What each metric means, in the words that `/metrics` shows.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Describes every metric. One that no part of this process touches does not appear.
pub(super) fn describe() {
    describe_http();
    describe_ledger();
    describe_ship();
    describe_load();
}

fn describe_http() {}

fn describe_ledger() {
    describe_histogram!(
        "textrail_commit_batch_rows",
        Unit::Count,
        "Calls that one transaction of the recorder answered, by lane"
    );
    describe_histogram!(
        "textrail_commit_duration_seconds",
        Unit::Seconds,
        "Time of one transaction of the recorder, by lane"
    );
    describe_counter!(
        "textrail_commit_failures_total",
        Unit::Count,
        "Transactions of the recorder that failed, by lane; most are repeated"
    );
    describe_counter!(
        "textrail_recorder_connect_failures_total",
        Unit::Count,
        "Attempts of the recorder's threads to reach PostgreSQL that failed"
    );
}

fn describe_ship() {
    describe_gauge!(
        "textrail_outbox_unsealed_rows",
        Unit::Count,
        "Committed events not yet in a window"
    );
}

fn describe_load() {}
