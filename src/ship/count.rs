//! A shipped window is counted in the ledger, by a query that shares nothing with the one that
//! shipped it, and held against its manifest. Only behind such a window is the outbox reclaimed.
//!
//! On a connection of its own, beside the shipping: the window of a long outage may take an hour to
//! count. One that cannot be counted stops neither the count of those after it nor the reclaim of what
//! is before it.

use super::error::ShipError;
use super::{measure, reclaim};
use crate::domain::window::WindowId;
use crate::ledger::counts::{self, ToCount};
use crate::ledger::session::{Session, SessionError};
use fail::fail_point;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the outbox is reclaimed.
const RECLAIM_EVERY: Duration = Duration::from_secs(3600);
/// After how long a window is counted again whose count failed.
const AGAIN_IN: Duration = Duration::from_mins(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Counter {
    session: Session,
    /// Windows that differ are counted again a few at a time: the last that had its turn.
    again_after: WindowId,
    /// Windows whose count failed, and when.
    failed: BTreeMap<WindowId, Instant>,
}

impl Counter {
    /// Connects to nothing yet.
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            again_after: WindowId {
                epoch: 0,
                number: 0,
            },
            failed: BTreeMap::new(),
        }
    }

    /// Counts again what differed, then what was shipped since.
    pub(super) async fn count(&mut self, shutdown: &CancellationToken) -> Result<(), ShipError> {
        let after = self.again_after;
        let again = self
            .session
            .run(move |client| counts::differing(client, after))
            .await?;
        for window in again {
            self.again_after = window.id;
            self.count_one(window).await?;
        }
        self.session.run(counts::settle_alone).await?;
        self.failed.retain(|_, since| since.elapsed() < AGAIN_IN);
        while !shutdown.is_cancelled() {
            let failed: Vec<_> = self.failed.keys().copied().collect();
            let next = self
                .session
                .run(move |client| counts::next_to_count(client, &failed))
                .await?;
            let Some(window) = next else {
                break;
            };
            self.count_one(window).await?;
        }
        Ok(())
    }

    /// Empties the children of the outbox that hold counted windows only; returns how many.
    pub(super) async fn reclaim(&mut self) -> Result<usize, ShipError> {
        reclaim::reclaim(&mut self.session).await
    }

    /// Goes on until `shutdown`, each time that the active shipper's round ended.
    pub(super) async fn run(mut self, mut led: watch::Receiver<()>, shutdown: CancellationToken) {
        let mut reclaim_at = Instant::now();
        loop {
            tokio::select! {
                ended = led.changed() => if ended.is_err() { return },
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = self.round(&mut reclaim_at, &shutdown).await {
                measure::failed(
                    &error,
                    "what was shipped could not be counted and reclaimed",
                );
            }
        }
    }

    async fn round(
        &mut self,
        reclaim_at: &mut Instant,
        shutdown: &CancellationToken,
    ) -> Result<(), ShipError> {
        self.count(shutdown).await?;
        if !shutdown.is_cancelled() && *reclaim_at <= Instant::now() {
            self.reclaim().await?;
            *reclaim_at = Instant::now() + RECLAIM_EVERY;
        }
        Ok(())
    }

    /// Counts a window; a count that the ledger refuses is told of, and put off.
    async fn count_one(&mut self, window: ToCount) -> Result<(), ShipError> {
        let begun = Instant::now();
        let id = window.id;
        fail_point!("ship.count.before");
        let counted = self
            .session
            .run(move |client| counts::count(client, &window))
            .await;
        fail_point!("ship.count.after");
        match counted {
            Ok(counted) => measure::counted(id, &counted, begun),
            Err(error) if is_of_the_ledger(&error) => return Err(error.into()),
            Err(error) => {
                self.failed.insert(id, Instant::now());
                measure::set_aside(id, &error.into(), AGAIN_IN);
            }
        }
        Ok(())
    }
}

/// Whether nothing can be counted, not this window alone: no connection, or a server that goes down.
fn is_of_the_ledger(error: &SessionError) -> bool {
    match error {
        SessionError::Connect(_) | SessionError::Standby => true,
        SessionError::Query(error) => error
            .code()
            .is_none_or(|code| code.code().starts_with("57P")),
        SessionError::Unexpected(_) | SessionError::Work(_) => false,
    }
}
