//! What the loader tells of itself.

use super::{
    fault::{Fault, LoadError},
    fetch::Found,
};
use crate::{
    cause::with_causes,
    event::Kind,
    warehouse::{Counts, LoadReport, StagedFile, StagedWindow, WarehouseError},
};
use chrono::Utc;
use metrics::{counter, gauge, histogram};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For how long keys that were left out are an alarm.
const ALARM: Duration = Duration::from_secs(24 * 60 * 60);

/// The windows of a transaction lie ready.
pub(super) fn staged(begun: Instant) {
    histogram!("textrail_load_stage_duration_seconds").record(begun.elapsed().as_secs_f64());
}

/// A transaction of the warehouse stands.
pub(super) fn loaded(
    report: &LoadReport,
    found: &[Found],
    staged: &[StagedWindow],
    begun: Instant,
) {
    counter!("textrail_windows_loaded_total").increment(report.windows.len() as u64);
    histogram!("textrail_load_duration_seconds").record(begun.elapsed().as_secs_f64());
    for (kind, rows) in Kind::ALL.into_iter().zip(report.rows) {
        counter!("textrail_load_rows_total", "kind" => kind.as_str()).increment(rows);
    }
    // Windows that another loader was faster with are its to count.
    let ours = |id| report.windows.contains(id);
    found.iter().filter(|found| ours(&found.id)).for_each(lag);
    let windows = staged.iter().filter(|window| ours(&window.id));
    for file in windows.flat_map(|window| &window.files) {
        counter!("textrail_quarantined_lines_total", "kind" => file.kind.as_str())
            .increment(file.lines - file.good_lines);
        unknown_keys(file);
    }
    tracing::info!(
        windows = report.windows.len(),
        rows = report.rows.iter().sum::<u64>(),
        duplicates = report.duplicates,
        quarantined = report.quarantined,
        "loaded"
    );
}

/// A newer writer may be ahead. Counted here, where the file's load stands, so that a load that is
/// repeated counts once.
fn unknown_keys(file: &StagedFile) {
    if file.unknown_keys > 0 {
        counter!("textrail_load_unknown_keys_total", "kind" => file.kind.as_str())
            .increment(file.unknown_keys);
        *last_unknown_key() = Some(Instant::now());
        tracing::warn!(
            key = file.key,
            keys = file.unknown_keys,
            "lines have keys that this version does not know: it leaves them out"
        );
    }
}

/// When this process last left out a key.
fn last_unknown_key() -> MutexGuard<'static, Option<Instant>> {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what happened then is still worth an alarm: long enough that somebody sees it.
fn is_alarming(last: Option<Instant>, now: Instant) -> bool {
    last.is_some_and(|last| now.duration_since(last) < ALARM)
}

/// From the commit of each file's oldest row until now, when the reports have it.
fn lag(found: &Found) {
    let now = Utc::now();
    for file in &found.manifest.files {
        // A clock that was set back gives no lag rather than a negative one.
        let lag = (now - file.first_recorded_at).to_std().unwrap_or_default();
        histogram!("textrail_commit_to_report_seconds").record(lag.as_secs_f64());
    }
}

/// What waits in the warehouse.
pub(super) fn counts(counts: &Counts) {
    gauge!("textrail_warehouse_orphan_events").set(counts.orphan_events as f64);
    gauge!("textrail_warehouse_parked_receipts").set(counts.parked_receipts as f64);
    gauge!("textrail_warehouse_quarantined_lines").set(counts.quarantined_lines as f64);
    gauge!("textrail_warehouse_bucket_changes").set(counts.bucket_changes as f64);
    gauge!("textrail_warehouse_message_changes").set(counts.message_changes as f64);
    gauge!("textrail_warehouse_windows_ahead").set(counts.windows_ahead as f64);
    gauge!("textrail_warehouse_bytes").set(counts.bytes as f64);
    let alarm = is_alarming(*last_unknown_key(), Instant::now());
    gauge!("textrail_load_unknown_keys_alarm").set(f64::from(u8::from(alarm)));
}

/// Whether a window is stopped, by the key of its manifest.
pub(super) fn stands_still(manifest_key: &str, reason: &'static str, stopped: bool) {
    let labels = [
        ("manifest", manifest_key.to_owned()),
        ("reason", reason.to_owned()),
    ];
    gauge!("textrail_load_stopped_window", &labels).set(if stopped { 1.0 } else { 0.0 });
}

/// A window was stopped.
pub(super) fn stopped(manifest_key: &str, fault: &Fault) {
    counter!("textrail_load_failures_total", "reason" => fault.reason()).increment(1);
    tracing::error!(
        manifest_key,
        error = with_causes(fault),
        "a window could not be loaded: it will be tried again, the others go on"
    );
}

/// How many windows are stopped, and have not been loaded since.
pub(super) fn stopped_windows(count: usize) {
    gauge!("textrail_load_stopped_windows").set(count as f64);
}

/// A transaction of several windows failed.
pub(super) fn takes_apart(windows: usize, error: &WarehouseError) {
    tracing::warn!(
        windows,
        error = with_causes(error),
        "windows are loaded one by one after all"
    );
}

/// The last windows could not be called back to mind.
pub(super) fn not_remembered(fault: &Fault) {
    tracing::warn!(
        error = with_causes(fault),
        "the last windows that were loaded cannot be proven yet: it will be tried again"
    );
}

/// What waits for a pause could not be done in it.
pub(super) fn not_tidied(error: &LoadError) {
    counter!("textrail_load_failures_total", "reason" => error.reason()).increment(1);
    tracing::error!(
        error = with_causes(error),
        "the warehouse could not be tidied, its reports are right all the same: it will be tried again"
    );
}

/// The loader could not go on.
pub(super) fn failed(error: &LoadError) {
    counter!("textrail_load_failures_total", "reason" => error.reason()).increment(1);
    tracing::error!(
        error = with_causes(error),
        "loading failed: it will be tried again"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_left_out_is_an_alarm_for_a_day() {
        let left_out = Instant::now();
        assert!(!is_alarming(None, left_out));
        assert!(is_alarming(Some(left_out), left_out));
        assert!(is_alarming(Some(left_out), left_out + ALARM / 2));
        assert!(!is_alarming(Some(left_out), left_out + ALARM));
    }
}
