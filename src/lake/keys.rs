//! Keys in the lake. Hive-style partitions by seal time; names that begin with `_` are passed over
//! by Athena, Hive, Spark, Trino and DuckDB.

use chrono::{DateTime, Utc};

/// Under which manifests stand.
pub const MANIFESTS: &str = "_manifest/";
/// Under which lines that could not be loaded stand.
pub const QUARANTINE: &str = "_quarantine/";
/// Under which log files stand.
pub const EVENTS: &str = "events/";

/// `events/click/dt=2026-11-23/hr=05/20261123T050500Z-0001-0000000042-0000.json.gz`.
pub fn log_file(
    kind: &str,
    sealed_at: DateTime<Utc>,
    epoch: i32,
    window: i64,
    part: i32,
) -> String {
    format!(
        "{EVENTS}{kind}/dt={}/hr={}/{}-{epoch:04}-{window:010}-{part:04}.json.gz",
        sealed_at.format("%F"),
        sealed_at.format("%H"),
        sealed_at.format("%Y%m%dT%H%M%SZ"),
    )
}

/// `_manifest/dt=2026-11-23/0001-0000000042.json`: lexical order is order of sealing.
pub fn manifest(sealed_at: DateTime<Utc>, epoch: i32, window: i64) -> String {
    format!(
        "{MANIFESTS}dt={}/{epoch:04}-{window:010}.json",
        sealed_at.format("%F")
    )
}
