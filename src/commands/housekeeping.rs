//! What runs beside the API until it ends: the recorder's threads, the hourly pruning, the end of the
//! waiting for parts of texts that do not come; and at its start, the reading of the newest links.

use crate::cause::with_causes;
use crate::ledger::links::{self, KnownLinks};
use crate::ledger::recorder::{PartJoiner, RecorderThreads};
use crate::ledger::requests::ring;
use crate::ledger::{LedgerError, Pool, essential, prune};
use anyhow::{Context, Result};
use chrono::TimeDelta;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often the ledger is rid of what it keeps for a time only; also at the start.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// The longest pause between two looks for parts whose time is up.
const LONGEST_JOIN_PAUSE: Duration = Duration::from_secs(15);

/// To be drained after the API.
#[derive(Debug)]
pub(super) struct Housekeeping {
    threads: RecorderThreads,
    pruner: JoinHandle<()>,
    joiner: JoinHandle<()>,
    links: JoinHandle<()>,
    stop: CancellationToken,
}

impl Housekeeping {
    /// Looks after the recorder's threads, and begins to prune, to join and to read links. Webhooks are
    /// kept for so long. `stop` ends all but the threads.
    pub(super) fn start(
        threads: RecorderThreads,
        pool: Pool,
        joiner: PartJoiner,
        known_links: KnownLinks,
        requests_kept: TimeDelta,
        stop: &CancellationToken,
    ) -> Self {
        let stop = stop.child_token();
        let pruning = prune_hourly(pool.clone(), requests_kept, stop.clone());
        let joining = join_parts(pool.clone(), joiner, stop.clone());
        let pruner = tokio::spawn(essential::task("pruning", pruning));
        let joiner = tokio::spawn(essential::task("joining of parts", joining));
        let links = tokio::spawn(keep_newest_links(pool, known_links, stop.clone()));
        Self {
            threads,
            pruner,
            joiner,
            links,
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
        let joined = self.joiner.await;
        let read = self.links.await;
        written.context("the recorder did not end")?;
        pruned.context("the pruning did not end")?;
        joined.context("the joining of parts did not end")?;
        read.context("the reading of links did not end")
    }
}

/// Once. A ledger that is away now is asked for each link that is visited.
async fn keep_newest_links(pool: Pool, known: KnownLinks, stop: CancellationToken) {
    match links::keep_newest(&pool, &known, &stop).await {
        Ok(read) => tracing::info!(links = read, "the newest links are in memory"),
        Err(error) => {
            let error = with_causes(&error);
            tracing::info!(error, "not all of the newest links could be read");
        }
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
        let reclaim = move |conn: &mut diesel::PgConnection| {
            let before = prune::clock(conn)? - requests_kept;
            ring::reclaim(conn, before)
        };
        match pool.run("reclaim_requests", reclaim).await {
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
            .run("prune", |conn| {
                let now = prune::clock(conn)?;
                prune::run(conn, now)
            })
            .await?;
        if pruned == 0 {
            break;
        }
        rows += pruned;
    }
    Ok(rows)
}

/// Looks for parts whose time is up. Servers may do so at the same time.
async fn join_parts(pool: Pool, joiner: PartJoiner, stop: CancellationToken) {
    let pause = (joiner.after() / 4).clamp(Duration::from_secs(1), LONGEST_JOIN_PAUSE);
    let mut looks = interval(pause);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        match join_overdue(&pool, &joiner, &stop).await {
            Ok(0) => {}
            Ok(texts) => tracing::info!(texts, "recorded texts of which parts did not come"),
            // They wait a little longer; who watches PostgreSQL itself says that it is away.
            Err(LedgerError::Unavailable(_)) => {}
            Err(error) => {
                let error = with_causes(&error);
                tracing::error!(error, "cannot record texts of which parts did not come");
            }
        }
    }
}

/// Records what is overdue, batch by batch.
async fn join_overdue(
    pool: &Pool,
    joiner: &PartJoiner,
    stop: &CancellationToken,
) -> Result<usize, LedgerError> {
    let mut recorded = 0;
    loop {
        let joiner = joiner.clone();
        let look = pool
            .run("inbound_parts", move |conn| joiner.look(conn))
            .await?;
        metrics::gauge!("textrail_inbound_parts_waiting").set(look.waiting as f64);
        recorded += look.recorded;
        if !look.more || stop.is_cancelled() {
            return Ok(recorded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::part::Part;
    use crate::domain::phone::{PhoneNumber, Sender};
    use crate::domain::short_code::ShortCodes;
    use crate::ledger::connection::ConnectionSettings;
    use crate::ledger::facts::NewInbound;
    use crate::ledger::recorder::{Recorder, RecorderSettings};
    use crate::ledger::test_database::TestDatabase;
    use std::sync::Arc;
    use uuid::Uuid;

    fn part() -> NewInbound {
        NewInbound {
            id: Uuid::now_v7(),
            gateway: "twig".to_owned(),
            gateway_message_id: None,
            from: PhoneNumber::parse("+436601234567").unwrap(),
            to: Sender::parse("43720").unwrap(),
            body: "half of it".to_owned(),
            segments: None,
            received_at: None,
            part: Some(Part {
                reference: "7".to_owned(),
                number: 1,
                total: 2,
            }),
            gateway_intent: None,
        }
    }

    #[tokio::test]
    async fn a_server_records_parts_whose_others_do_not_come() {
        let database = TestDatabase::create();
        let connection = ConnectionSettings::new(database.url());
        let pool = Pool::new(connection.clone(), 2);
        let (recorder, threads) = Recorder::start(&RecorderSettings {
            connection,
            short_base: "https://t.example/".parse().unwrap(),
            codes: Arc::new(ShortCodes::new([7; 32], 10)),
            personal_data: Default::default(),
            opt_out_rules: Default::default(),
            threads: Default::default(),
            queued_rows: 100,
            known_links: Default::default(),
            spool: None,
        })
        .unwrap();
        recorder.inbound(vec![part()]).await.unwrap();
        let joiner = recorder.part_joiner(Duration::from_secs(1));
        let stop = CancellationToken::new();
        let looking = pool.clone();
        let links = recorder.known_links().clone();
        let week = TimeDelta::days(7);
        let housekeeping = Housekeeping::start(threads, pool, joiner, links, week, &stop);

        let started = std::time::Instant::now();
        let is_there = |conn: &mut diesel::PgConnection| {
            let sql = "SELECT FROM inbound_messages WHERE NOT complete";
            diesel::RunQueryDsl::execute(diesel::sql_query(sql), conn)
        };
        while looking.run("test", is_there).await.unwrap() == 0 {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "it waits still"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        drop(recorder);
        housekeeping.drain().await.unwrap();
    }
}
