//! The loader's metrics.

use crate::{
    event::Kind,
    warehouse::{Counts, LoadReport, StagedWindow},
};
use chrono::Utc;
use std::time::Duration;

/// After a load: what it did, how long it took, and how old its facts are now that reports have
/// them.
pub(super) fn loaded(report: &LoadReport, windows: &[StagedWindow], took: Duration) {
    let count = u64::try_from(report.windows.len()).unwrap_or(u64::MAX);
    metrics::counter!("textrail_windows_loaded_total").increment(count);
    metrics::histogram!("textrail_load_duration_seconds").record(took.as_secs_f64());
    for kind in Kind::ALL {
        let rows = report.rows[kind as usize];
        metrics::counter!("textrail_rows_loaded_total", "kind" => kind.as_str()).increment(rows);
    }
    metrics::counter!("textrail_duplicate_events_total").increment(report.duplicates);
    metrics::counter!("textrail_lines_quarantined_total").increment(report.quarantined);
    let new = windows
        .iter()
        .filter(|window| report.windows.contains(&window.id));
    for file in new.flat_map(|window| &window.files) {
        for recorded_at in [file.first_recorded_at, file.last_recorded_at] {
            let lag = (Utc::now() - recorded_at).as_seconds_f64().max(0.0);
            metrics::histogram!("textrail_commit_to_report_seconds").record(lag);
        }
    }
}

/// What waits and how large the warehouse is, as gauges.
pub(super) fn counts(counts: Counts) {
    gauge("textrail_quarantined_lines", counts.quarantined_lines);
    gauge("textrail_orphan_events", counts.orphan_events);
    gauge("textrail_parked_receipts", counts.parked_receipts);
    gauge("textrail_windows_ahead_of_a_gap", counts.windows_ahead);
    gauge("textrail_warehouse_bytes", counts.bytes);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floating point; counts beyond 2^53 do not occur"
)]
fn gauge(name: &'static str, value: u64) {
    metrics::gauge!(name).set(value as f64);
}
