//! `textrail serve`: the API alone.

use super::api::{self, Listeners};
use super::owner::Owner;
use super::quarantine::RemoteDesk;
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
    let reports = Arc::new(reports(config)?);
    let quarantine = RemoteDesk::new(Owner::loader(&config.loader)?)?;
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
