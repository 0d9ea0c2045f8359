//! What runs beside the API until it ends: the recorder's threads, and the hourly pruning.

use crate::ledger::recorder::RecorderThreads;
use crate::ledger::requests::ring;
use crate::ledger::{LedgerError, Pool, prune};
use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the ledger is rid of what it keeps for a time only; also at the start.
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// To be drained after the API.
#[derive(Debug)]
pub(super) struct Housekeeping {
    threads: RecorderThreads,
    pruner: JoinHandle<()>,
    stop: CancellationToken,
}

impl Housekeeping {
    /// Looks after the recorder's threads, and begins to prune. Webhooks are kept for so long. `stop`
    /// ends the pruning alone.
    pub(super) fn start(
        threads: RecorderThreads,
        pool: Pool,
        requests_kept: TimeDelta,
        stop: &CancellationToken,
    ) -> Self {
        let stop = stop.child_token();
        let pruner = tokio::spawn(prune_hourly(pool, requests_kept, stop.clone()));
        Self {
            threads,
            pruner,
            stop,
        }
    }

    /// Waits until the recorder has written what was handed in.
    ///
    /// # Errors
    /// If a task panicked.
    pub(super) async fn drain(self) -> Result<()> {
        self.stop.cancel();
        let written = spawn_blocking(|| self.threads.join()).await;
        let pruned = self.pruner.await;
        written.context("the recorder did not end")?;
        pruned.context("the pruning did not end")
    }
}

/// Prunes now and every hour. Servers may do so at the same time.
async fn prune_hourly(pool: Pool, requests_kept: TimeDelta, stop: CancellationToken) {
    let mut hours = interval(PRUNE_EVERY);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hours.tick() => {}
        }
        match prune(&pool, &stop).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "pruned the ledger"),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(error, "cannot prune the ledger; the next try is in an hour");
            }
        }
        let before = Utc::now() - requests_kept;
        match pool
            .run("reclaim_requests", move |conn| ring::reclaim(conn, before))
            .await
        {
            Ok(0) => {}
            Ok(days) => tracing::info!(days, "emptied days of kept webhooks"),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(
                    error,
                    "cannot empty kept webhooks; the next try is in an hour"
                );
            }
        }
    }
}

/// Deletes chunk after chunk until nothing is left, or until `stop`: the chunk in hand is finished.
async fn prune(pool: &Pool, stop: &CancellationToken) -> Result<usize, LedgerError> {
    let mut rows = 0;
    while !stop.is_cancelled() {
        let pruned = pool
            .run("prune", |conn| prune::run(conn, Utc::now()))
            .await?;
        if pruned == 0 {
            break;
        }
        rows += pruned;
    }
    Ok(rows)
}
