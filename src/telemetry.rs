//! Logs and metrics: installed once, by `main`.

use anyhow::{Context, Result};
use clap::ValueEnum;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

mod catalogue;

/// Buckets of durations, in seconds: from a redirect out of the cache to a window's catch-up.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];
/// Buckets of batch sizes, in rows.
const ROWS: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 2_000.0, 10_000.0];
/// Buckets of the lag from commit to report, in seconds.
const LAG: [f64; 11] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1_800.0, 3_600.0,
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
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_lag_seconds".to_owned()), &LAG)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_rows".to_owned()), &ROWS)?
        .install_recorder()
        .context("metrics")?;
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
