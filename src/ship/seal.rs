//! At each mark of the clock, a seal. Its own loop and connection: a lake that is away, or slow,
//! delays no seal.

use super::error::ShipError;
use super::measure;
use super::room::{Room, RoomWatch};
use crate::domain::window::{WindowId, WindowLength};
use crate::ledger::counts;
use crate::ledger::epochs;
use crate::ledger::session::Session;
use crate::ledger::windows::{self, SealOrder};
use crate::pauses;
use chrono::{DateTime, Utc};
use fail::fail_point;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How a window's files are laid out; stored with the seal, so that a later binary makes the files
/// of an earlier one's seal as they were meant.
pub(super) const FORMAT_VERSION: i32 = 1;
/// The clock is looked at again after this long: it may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub(super) struct Sealer {
    session: Session,
    window: WindowLength,
    split_bytes: i64,
    room: RoomWatch,
    /// Since when the ledger is seen to be another one than its epoch began in.
    broken_since: Option<Instant>,
}

impl Sealer {
    pub(super) fn new(
        session: Session,
        window: WindowLength,
        split_bytes: i64,
        room: Room,
    ) -> Self {
        Self {
            session,
            window,
            split_bytes,
            room: RoomWatch::new(room),
            broken_since: None,
        }
    }

    /// Seals for the latest mark at or before `now`; `None` if that was done. Marks that were missed
    /// get no seals of their own: what they would have held is in this one.
    ///
    /// Measures what waits before it seals: right after a seal nothing is unsealed, however long the
    /// rows waited, and its own window is unshipped, however healthy the shipper is.
    ///
    /// In a ledger that is no longer the one that its epoch began in nothing is sealed: the new epoch's
    /// first window is a seal of its own, and whoever leads makes it. For as long as that takes nothing is proven.
    pub(super) async fn tick(&mut self, now: DateTime<Utc>) -> Result<Option<WindowId>, ShipError> {
        let order = SealOrder {
            boundary: self.window.boundary_before(now),
            split_bytes: self.split_bytes,
            format_version: FORMAT_VERSION,
        };
        let (sealed, mut proof, backlog, bytes) = self
            .session
            .run(move |client| {
                let broken = epochs::life(client)?.broken.is_some();
                // A measurement that fails must not keep the seal from being made.
                let proof = counts::proof(client);
                let bytes = windows::outbox_bytes(client);
                if broken {
                    return Ok((None, proof?, None, bytes?));
                }
                let backlog = windows::backlog(client);
                fail_point!("ship.seal.before");
                let sealed = windows::seal(client, &order)?;
                fail_point!("ship.seal.after");
                Ok((sealed, proof?, Some(backlog?), bytes?))
            })
            .await?;
        if let Some(id) = sealed {
            measure::sealed(id);
        }
        // By transaction ids, which mean nothing while the ledger is another one.
        if let Some(backlog) = backlog {
            measure::backlog(&backlog);
            self.broken_since = None;
        } else {
            let since = self.broken_since.get_or_insert_with(Instant::now);
            proof.waiting_seconds = proof.waiting_seconds.max(since.elapsed().as_secs_f64());
        }
        measure::proof(&proof);
        self.room.sample(Instant::now(), bytes);
        Ok(sealed)
    }

    /// Seals until `shutdown`. `marks` is told after each mark, whoever sealed it.
    pub(super) async fn run(mut self, marks: watch::Sender<()>, shutdown: CancellationToken) {
        let mut delays = pauses::between_attempts();
        let mut looked = Instant::now();
        loop {
            let pause = match self.tick_by_the_ledgers_clock().await {
                Ok(until_next_mark) => {
                    delays = pauses::between_attempts();
                    looked = Instant::now();
                    marks.send_replace(());
                    until_next_mark
                }
                Err(error) => {
                    measure::failed(&error, "a window could not be sealed");
                    measure::unseen(looked.elapsed());
                    // A measurement may be all that failed, and a seal was made.
                    marks.send_replace(());
                    delays.next().unwrap_or(LONGEST_SLEEP)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Ticks, and says how long it is until the next mark. The time is PostgreSQL's: a seal from a
    /// machine whose clock is ahead would claim a mark that has not come, and hold up all seals until
    /// it does.
    async fn tick_by_the_ledgers_clock(&mut self) -> Result<Duration, ShipError> {
        let asked = Instant::now();
        let now = self.session.run(windows::clock).await?;
        self.tick(now).await?;
        let until_next_mark = (self.window.boundary_after(now) - now)
            .to_std()
            .unwrap_or_default();
        Ok(until_next_mark
            .saturating_sub(asked.elapsed())
            .min(LONGEST_SLEEP))
    }
}
