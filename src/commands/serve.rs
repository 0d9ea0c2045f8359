//! `textrail serve`: the API alone.

use super::api::{self, Listeners};
use super::owner::Owner;
use super::quarantine::RemoteQuarantine;
use super::{ledger, shutdown};
use crate::config::Config;
use crate::http::{self, ServeOptions};
use crate::report::RemoteReports;
use crate::telemetry;
use anyhow::Result;
use std::sync::Arc;

pub(super) async fn run(config: &Config) -> Result<()> {
    let connection = ledger::settings(&config.ledger)?;
    let listeners = Listeners::open(&config.http)?;
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    // The warehouse belongs to the loader's process alone: it is asked for both.
    let loader = Owner::loader(&config.loader)?;
    let reports = Arc::new(RemoteReports::new(loader.url.clone(), loader.key.clone())?);
    let quarantine = RemoteQuarantine::new(loader)?;
    let built = api::build(config, connection, &listeners, reports, metrics, &stop).await?;
    let Some((state, housekeeping)) = built else {
        return Ok(());
    };
    tracing::info!(url = %listeners.local_url()?, "serving");
    let Listeners { public, private } = listeners;
    let served = http::serve(ServeOptions {
        public,
        private,
        state: state.with_quarantine(Arc::new(quarantine)),
        shutdown: stop,
    })
    .await;
    housekeeping.drain().await?;
    served
}
