//! Logs and metrics: installed once, by `main`.

use anyhow::{Context, Result};
use clap::ValueEnum;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

mod catalogue;

/// Buckets of durations, in seconds: of a request, or of a transaction of the recorder.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];
/// Buckets of batch sizes, in rows.
const ROWS: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 2_000.0, 10_000.0];
/// Buckets of the work on windows, in seconds: from an empty one to a catch-up after an outage.
const WINDOW_WORK: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0,
];
/// Buckets of the lag from commit to report, in seconds.
const LAG: [f64; 13] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 86_400.0,
];
/// How often histograms are folded, so that a server that nobody scrapes does not grow.
const UPKEEP: Duration = Duration::from_secs(5);

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged unless `RUST_LOG` says otherwise: not each request, of which there may be thousands
/// a second, and not the HTTP library's own steps.
const DEFAULT_FILTER: &str = "info,textrail::access=warn,actix_server=warn";

/// Sends logs to stderr: for people on a terminal, else one JSON object a line. `RUST_LOG` chooses
/// what (`RUST_LOG=info` shows each request as well).
///
/// # Errors
/// A `RUST_LOG` that cannot be read; a second call.
pub fn start_logs(format: Option<LogFormat>) -> Result<()> {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|wanted| !wanted.is_empty());
    let filter =
        EnvFilter::try_new(wanted.as_deref().unwrap_or(DEFAULT_FILTER)).context("RUST_LOG")?;
    let terminal = std::io::stderr().is_terminal();
    let human = if terminal {
        LogFormat::Human
    } else {
        LogFormat::Json
    };
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = match format.unwrap_or(human) {
        LogFormat::Human => logs.with_ansi(terminal).with_target(false).try_init(),
        LogFormat::Json => logs
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
    };
    installed
        .map_err(|error| anyhow::anyhow!(error))
        .context("logs")
}

/// Installs the recorder of metrics, describes them, and keeps it tidy. Call within the runtime.
///
/// # Errors
/// A second call.
pub fn start_metrics() -> Result<PrometheusHandle> {
    let handle = builder()?.install_recorder().context("metrics")?;
    catalogue::describe();
    let tidy = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            tidy.run_upkeep();
        }
    });
    Ok(handle)
}

/// Every histogram with its buckets. A full name wins over a suffix.
fn builder() -> Result<PrometheusBuilder> {
    let full = |name: &str| Matcher::Full(name.to_owned());
    let suffix = |end: &str| Matcher::Suffix(end.to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(full("textrail_commit_to_report_seconds"), &LAG)?
        .set_buckets_for_metric(full("textrail_queue_message_age_seconds"), &LAG)?
        .set_buckets_for_metric(full("textrail_ship_duration_seconds"), &WINDOW_WORK)?
        .set_buckets_for_metric(full("textrail_load_duration_seconds"), &WINDOW_WORK)?
        .set_buckets_for_metric(full("textrail_load_stage_duration_seconds"), &WINDOW_WORK)?
        .set_buckets_for_metric(suffix("_seconds"), &SECONDS)?
        .set_buckets_for_metric(suffix("_rows"), &ROWS)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_histogram_has_the_buckets_of_what_it_measures() {
        let recorder = builder().unwrap().build_recorder();
        let names = [
            "textrail_commit_to_report_seconds",
            "textrail_load_duration_seconds",
            "textrail_commit_duration_seconds",
            "textrail_commit_batch_rows",
        ];
        metrics::with_local_recorder(&recorder, || {
            for name in names {
                metrics::histogram!(name).record(1.0);
            }
        });
        let shown = recorder.handle().render();
        for (name, longest) in names.into_iter().zip(["86400", "3600", "60", "10000"]) {
            let lines = shown.lines().filter(|line| line.starts_with(name));
            let buckets = lines
                .filter(|line| line.contains("_bucket{"))
                .collect::<Vec<_>>();
            // The last is `+Inf`.
            let last = buckets[buckets.len() - 2];
            assert!(last.contains(&format!("le=\"{longest}\"")), "{last}");
        }
    }
}
