//! `textrail serve`: the API alone.

use super::api::{self, Listeners};
use super::{ledger, shutdown};
use crate::config::Config;
use crate::http::{self, ServeOptions};
use crate::ledger::recorder::RecorderThreads;
use crate::report::RemoteReports;
use crate::telemetry;
use anyhow::{Context, Result};
use std::sync::Arc;

pub(super) async fn run(config: &Config) -> Result<()> {
    let connection = ledger::settings(&config.ledger)?;
    let listeners = Listeners::open(&config.http)?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let reports = Arc::new(reports(config)?);
    let built = api::build(config, connection, &listeners, reports, metrics, &stop).await?;
    let Some((state, threads)) = built else {
        return Ok(());
    };
    tracing::info!(url = %listeners.local_url()?, "serving");
    let Listeners { public, private } = listeners;
    let served = http::serve(ServeOptions {
        public,
        private,
        state,
        shutdown: stop,
    })
    .await;
    drain(threads).await?;
    served
}

/// The loader's reports: its warehouse belongs to its process alone.
fn reports(config: &Config) -> Result<RemoteReports> {
    let loader = &config.loader;
    let url = match &loader.url {
        Some(url) => url.clone(),
        None => api::url_of(loader.listen)?,
    };
    let key = loader.key.as_ref().map(|key| key.expose().to_owned());
    RemoteReports::new(url, key)
}

/// Waits until the recorder has written what was handed in.
pub(super) async fn drain(threads: RecorderThreads) -> Result<()> {
    tokio::task::spawn_blocking(|| threads.join())
        .await
        .context("the recorder did not end")
}
