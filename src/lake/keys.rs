//! Keys in the lake. Hive-style partitions by seal time; names that begin with `_` are passed over
//! by Athena, Hive, Spark, Trino and DuckDB.

use chrono::{DateTime, NaiveDate, Utc};

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

/// Under which a kind's log files of a day stand, by the time of sealing: `events/click/dt=2026-11-23/`.
pub fn log_files_of(kind: &str, day: NaiveDate) -> String {
    format!("{EVENTS}{kind}/dt={day}/")
}

/// `_manifest/dt=2026-11-23/0001-0000000042.json`: lexical order is order of sealing.
pub fn manifest(sealed_at: DateTime<Utc>, epoch: i32, window: i64) -> String {
    format!(
        "{MANIFESTS}dt={}/{epoch:04}-{window:010}.json",
        sealed_at.format("%F")
    )
}

/// Epoch and number of the window whose manifest stands under a key; none if it is no manifest's.
pub fn manifest_window(key: &str) -> Option<(i32, i64)> {
    let (_, name) = key.strip_prefix(MANIFESTS)?.split_once('/')?;
    let (epoch, window) = name.strip_suffix(".json")?.split_once('-')?;
    Some((epoch.parse().ok()?, window.parse().ok()?))
}

/// The day of the window whose manifest stands under a key, by its time of sealing.
pub fn manifest_day(key: &str) -> Option<NaiveDate> {
    let (day, _) = key.strip_prefix(MANIFESTS)?.split_once('/')?;
    day.strip_prefix("dt=")?.parse().ok()
}

/// What sorts just before all manifests of a day.
pub fn manifests_of(day: NaiveDate) -> String {
    format!("{MANIFESTS}dt={day}")
}

/// `_quarantine/0001-0000000042/click-0000.ndjson`.
pub fn quarantine(kind: &str, epoch: i32, window: i64, part: i32) -> String {
    format!("{QUARANTINE}{epoch:04}-{window:010}/{kind}-{part:04}.ndjson")
}

/// `_quarantine/0001-0000000042/click-0000.corrected/`: under which the corrections of a file's lines
/// stand, each under its line number.
pub fn corrections(kind: &str, epoch: i32, window: i64, part: i32) -> String {
    format!("{QUARANTINE}{epoch:04}-{window:010}/{kind}-{part:04}.corrected/")
}

/// `_quarantine/0001-0000000042/click-0000.resolved/0000000017.json`.
pub fn resolved(kind: &str, epoch: i32, window: i64, part: i32, line_number: u64) -> String {
    format!("{QUARANTINE}{epoch:04}-{window:010}/{kind}-{part:04}.resolved/{line_number:010}.json")
}

/// `_quarantine/queue/<message id>.json`.
pub fn queue_aside(message_id: &str) -> String {
    // Ids are UUIDs; whatever a queue makes of them, a key is one segment of plain letters.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name: String = message_id.chars().filter(|c| plain(*c)).collect();
    format!("{QUARANTINE}queue/{name}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifests_key_names_its_window() {
        let key = manifest(DateTime::UNIX_EPOCH, 3, 12_345_678_901);
        assert_eq!(manifest_window(&key), Some((3, 12_345_678_901)));
        assert_eq!(manifest_day(&key), Some(NaiveDate::default()));
        assert!(manifests_of(NaiveDate::default()) < key);
        let file = log_file("click", DateTime::UNIX_EPOCH, 3, 1, 0);
        assert!(file.starts_with(&log_files_of("click", NaiveDate::default())));
        for other in [
            "",
            "_manifest/1-2.json",
            "_manifest/dt=x/1-2",
            "events/dt=x/1-2.json",
        ] {
            assert_eq!(manifest_window(other), None, "{other}");
        }
    }
}
