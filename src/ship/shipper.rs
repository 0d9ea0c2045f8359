//! The shipper: seals, ships and verifies, counts and reclaims. Tests drive it by [`Shipper::tick`], services by
//! [`Shipper::run`].

use super::carry::{ShippedWindow, ship_next};
use super::count::Counter;
use super::epoch::EpochWatch;
use super::error::ShipError;
use super::room::Room;
use super::seal::Sealer;
use super::verify::verify_next;
use super::write::Packing;
use super::{measure, standby};
use crate::domain::window::{WindowId, WindowLength};
use crate::lake::store::ObjectStore;
use crate::ledger::session::Session;
use crate::pauses;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The active shipper may be silent for this long, unless set: it is heard from at every mark, every ten
/// seconds, and during each upload; after a failure it pauses for up to half a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a shipper is told.
#[derive(Clone, Debug)]
pub struct ShipSettings {
    /// How long a window is.
    pub window: WindowLength,
    /// Bytes of text after which a file is closed and the next begun. Stored with each seal.
    pub split_bytes: i64,
    /// How files are packed.
    pub packing: Packing,
    /// A standby takes over from an active shipper that was silent for this long. More than a minute:
    /// a pause after a failure is no silence to be punished.
    pub patience: Duration,
    /// What the outbox may take on PostgreSQL's disk.
    pub room: Room,
}

impl ShipSettings {
    /// Windows of this length, files split near 64 MB of text.
    pub fn new(window: WindowLength) -> Self {
        Self {
            window,
            split_bytes: 64 << 20,
            packing: Packing::default(),
            patience: PATIENCE,
            room: Room::Unknown,
        }
    }
}

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// The window that it sealed.
    pub sealed: Option<WindowId>,
    /// The epoch that it began.
    pub began: Option<i32>,
    /// The windows that it shipped, in order.
    pub shipped: Vec<ShippedWindow>,
    /// Whether another shipper is active, so that this one shipped nothing.
    pub standby: bool,
}

/// See the module. Many may run; one is active. That only saves work: two active ones make the same
/// objects and the same notes.
#[derive(Debug)]
pub struct Shipper {
    sealer: Sealer,
    carrier: Carrier,
    counter: Counter,
}

impl Shipper {
    /// Connects to nothing yet.
    pub fn new(database_url: &str, store: Arc<dyn ObjectStore>, settings: ShipSettings) -> Self {
        Self {
            sealer: Sealer::new(
                Session::new(database_url, "textrail seal"),
                settings.window,
                settings.split_bytes,
                settings.room,
            ),
            carrier: Carrier {
                session: Session::new(database_url, "textrail ship"),
                store,
                packing: settings.packing,
                patience: settings.patience,
                epoch: EpochWatch::new(settings.window, settings.split_bytes),
                shipped: watch::Sender::new(None),
                led: watch::Sender::new(()),
            },
            counter: Counter::new(Session::new(database_url, "textrail count")),
        }
    }

    /// Tells of each window with rows as soon as it is shipped: what wakes a loader in the same
    /// process.
    pub fn shipped(&self) -> watch::Receiver<Option<WindowId>> {
        self.carrier.shipped.subscribe()
    }

    /// Seals for the latest mark of the clock, if that was not done, then ships and verifies all
    /// that waits.
    ///
    /// # Errors
    /// See [`ShipError`]. What was sealed, shipped and verified by then stays so.
    pub async fn tick(&mut self, now: DateTime<Utc>) -> Result<TickReport, ShipError> {
        let sealed = self.sealer.tick(now).await?;
        self.carry(sealed, now).await
    }

    async fn carry(
        &mut self,
        sealed: Option<WindowId>,
        now: DateTime<Utc>,
    ) -> Result<TickReport, ShipError> {
        let standby = !self.carrier.leads().await?;
        let mut shipped = Vec::new();
        let mut began = None;
        if !standby {
            began = self.carrier.look_at_epoch(Some(now)).await?;
        }
        while !standby && let Some(window) = self.carrier.ship_next().await? {
            shipped.push(window);
        }
        while !standby && self.carrier.verify_next().await?.is_some() {}
        if !standby {
            self.counter.count(&CancellationToken::new()).await?;
        }
        Ok(TickReport {
            sealed,
            began,
            shipped,
            standby,
        })
    }

    /// Begins a new epoch if one is due, leader or not.
    #[cfg(test)]
    pub(super) async fn look_at_epoch(&mut self) -> Result<Option<i32>, ShipError> {
        self.carrier.look_at_epoch(None).await
    }

    /// Ships the oldest window that waits, leader or not.
    #[cfg(test)]
    pub(super) async fn ship_next(&mut self) -> Result<Option<ShippedWindow>, ShipError> {
        self.carrier.ship_next().await
    }

    /// Empties the children of the outbox that hold verified windows only; returns how many.
    ///
    /// # Errors
    /// If the ledger cannot be asked. What was emptied by then stays empty.
    pub async fn reclaim(&mut self) -> Result<usize, ShipError> {
        self.counter.reclaim().await
    }

    /// Goes on until `shutdown`, then finishes the window in hand. A failure is logged and tried
    /// again, after ever longer pauses; nothing is passed over.
    pub async fn run(self, shutdown: CancellationToken) {
        let (marks, marked) = watch::channel(());
        let led = self.carrier.led.subscribe();
        tokio::join!(
            self.sealer.run(marks, shutdown.clone()),
            self.carrier.run(marked, shutdown.clone()),
            self.counter.run(led, shutdown),
        );
    }
}

/// The half of the shipper that meets the lake.
#[derive(Debug)]
struct Carrier {
    session: Session,
    store: Arc<dyn ObjectStore>,
    packing: Packing,
    patience: Duration,
    epoch: EpochWatch,
    shipped: watch::Sender<Option<WindowId>>,
    /// Tells that a round of the active shipper ended.
    led: watch::Sender<()>,
}

impl Carrier {
    async fn leads(&mut self) -> Result<bool, ShipError> {
        standby::leads(&mut self.session, self.patience).await
    }

    /// The epoch that it began, if one was due.
    async fn look_at_epoch(
        &mut self,
        now: Option<DateTime<Utc>>,
    ) -> Result<Option<i32>, ShipError> {
        let (session, store) = (&mut self.session, &*self.store);
        let begun = self.epoch.look(session, store, now).await?;
        Ok(begun.map(|begun| begun.epoch))
    }

    async fn ship_next(&mut self) -> Result<Option<ShippedWindow>, ShipError> {
        let shipped = ship_next(&mut self.session, &*self.store, &self.packing).await?;
        if let Some(window) = &shipped
            && window.manifest_key.is_some()
        {
            self.shipped.send_replace(Some(window.id));
        }
        Ok(shipped)
    }

    async fn verify_next(&mut self) -> Result<Option<WindowId>, ShipError> {
        verify_next(&mut self.session, &*self.store).await
    }

    async fn run(mut self, mut marked: watch::Receiver<()>, shutdown: CancellationToken) {
        let mut delays = pauses::between_attempts();
        loop {
            let round = self.round(&shutdown).await;
            let pause = match round {
                Ok(()) => {
                    delays = pauses::between_attempts();
                    None
                }
                Err(error) => {
                    measure::failed(&error, "what was sealed could not be shipped and verified");
                    delays.next()
                }
            };
            tokio::select! {
                () = wait(pause, &mut marked) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Ships and verifies what waits, if this is the active shipper; what was verified by then is
    /// counted, however it ended.
    async fn round(&mut self, shutdown: &CancellationToken) -> Result<(), ShipError> {
        if !self.leads().await? {
            return Ok(());
        }
        let carried = self.carry(shutdown).await;
        self.led.send_replace(());
        carried
    }

    /// Shipping does not wait for a verification.
    async fn carry(&mut self, shutdown: &CancellationToken) -> Result<(), ShipError> {
        self.look_at_epoch(None).await?;
        while !shutdown.is_cancelled() && self.ship_next().await?.is_some() {}
        while !shutdown.is_cancelled() && self.verify_next().await?.is_some() {}
        Ok(())
    }
}

/// Waits for a pause to end, or, without one, for the next mark of the clock.
async fn wait(pause: Option<Duration>, marked: &mut watch::Receiver<()>) {
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    } else if marked.changed().await.is_err() {
        // The sealer is gone, so a shutdown is under way: it ends this wait.
        std::future::pending::<()>().await;
    }
}
