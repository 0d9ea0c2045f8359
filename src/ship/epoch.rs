//! Whether the ledger and the lake are still of one life; if not, a new epoch begins.
//!
//! Looked at with every new connection and every new seal, before anything is shipped. The lake is
//! listed first and the ledger asked after it: a manifest follows its seal, so in a healthy ledger
//! every window that the lake has was sealed here. Not its number decides but its seal: a restored
//! ledger that sealed on while the lake was away has windows of the same numbers.
//!
//! A window that was sealed elsewhere *after* this connection was opened is no trace of a lost life:
//! somebody else lives. Then nothing is shipped, until someone has looked; two ledgers that each
//! begin an epoch on sight of the other would never end.

use super::error::ShipError;
use super::measure;
use super::seal::FORMAT_VERSION;
use super::standby::heard;
use crate::domain::window::{WindowId, WindowLength};
use crate::lake::keys;
use crate::lake::manifest::Manifest;
use crate::lake::store::{ObjectStore, list_all};
use crate::ledger::epochs::{self, Begun, Break, LakeState, Life};
use crate::ledger::session::Session;
use crate::ledger::windows::SealOrder;
use chrono::{DateTime, Days, NaiveTime, Utc};

/// Days at a time by which the newest window of a large lake is sought, doubled each time; beyond
/// this, it is listed from its beginning.
const LAST_LOOK: u64 = 10_000;

/// What was looked at: a new connection or a new seal is a reason to look again.
type Looked = (DateTime<Utc>, i32, i64);

/// See the module.
#[derive(Debug)]
pub(super) struct EpochWatch {
    window: WindowLength,
    split_bytes: i64,
    looked: Option<Looked>,
}

impl EpochWatch {
    pub(super) fn new(window: WindowLength, split_bytes: i64) -> Self {
        Self {
            window,
            split_bytes,
            looked: None,
        }
    }

    /// Begins a new epoch if this one has ended; returns it, if it was begun by this call. After an
    /// `Ok`, what is sealed may be shipped. The time is PostgreSQL's unless `now` is given.
    pub(super) async fn look(
        &mut self,
        session: &mut Session,
        store: &dyn ObjectStore,
        now: Option<DateTime<Utc>>,
    ) -> Result<Option<Begun>, ShipError> {
        let mut life = session.run(epochs::life).await?;
        life.now = now.unwrap_or(life.now);
        let looking = (life.connected_at, life.epoch, life.last_sealed);
        if life.broken.is_none() && self.looked == Some(looking) {
            return Ok(None);
        }
        let is_new = self.looked.is_none_or(|looked| looked.0 != looking.0);
        let head = heard(session, head(store, &life, is_new)).await?;
        let broken = match (life.broken, &head) {
            (Some(broken), _) => Some(broken),
            (None, Some(head)) => lake_ahead(session, store, &life, head).await?,
            (None, None) => None,
        };
        let Some(broken) = broken else {
            measure::epoch(life.epoch);
            self.looked = Some(looking);
            return Ok(None);
        };
        self.looked = None;
        self.begin(session, store, &life, broken).await
    }

    async fn begin(
        &self,
        session: &mut Session,
        store: &dyn ObjectStore,
        life: &Life,
        broken: Break,
    ) -> Result<Option<Begun>, ShipError> {
        let lake = heard(session, lake_state(store, life)).await?;
        let order = SealOrder {
            boundary: self.window.boundary_before(life.now),
            split_bytes: self.split_bytes,
            format_version: FORMAT_VERSION,
        };
        let ended = life.epoch;
        let begun = session
            .run(move |client| epochs::begin(client, ended, broken, lake, &order))
            .await?;
        if let Some(begun) = begun {
            measure::epoch_began(ended, begun, broken);
        }
        Ok(begun)
    }
}

/// The newest window of the lake.
struct Head {
    id: WindowId,
    key: String,
}

/// The lake's newest window among those behind the last one that this ledger shipped; with a new
/// connection, from the day before it: another life's clock may have been behind.
async fn head(
    store: &dyn ObjectStore,
    life: &Life,
    is_new: bool,
) -> Result<Option<Head>, ShipError> {
    match &life.last_manifest_key {
        Some(key) if !is_new => {
            let found = list_all(store, keys::MANIFESTS, Some(key.clone())).await?;
            Ok(newest(found))
        }
        _ => Ok(newest(latest_manifests(store, life).await?)),
    }
}

fn newest(manifests: Vec<String>) -> Option<Head> {
    let named = manifests.into_iter().filter_map(|key| {
        let (epoch, number) = keys::manifest_window(&key)?;
        let id = WindowId { epoch, number };
        Some(Head { id, key })
    });
    named.max_by_key(|head| head.id)
}

/// The manifests from the day before the last that this ledger shipped, or before its clock's. If
/// there is none, the lake's last days with manifests are sought, ever further back.
async fn latest_manifests(store: &dyn ObjectStore, life: &Life) -> Result<Vec<String>, ShipError> {
    let first = store.list(keys::MANIFESTS, None).await?;
    if !first.more {
        return Ok(first.keys);
    }
    let today = life.now.date_naive();
    let shipped = life.last_manifest_key.as_deref();
    let mut from = shipped
        .and_then(keys::manifest_day)
        .map_or(today, |day| day.min(today));
    let mut days = 1;
    while days < LAST_LOOK {
        from = from.checked_sub_days(Days::new(days)).unwrap_or_default();
        let after = keys::manifests_of(from);
        let found = list_all(store, keys::MANIFESTS, Some(after)).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        days *= 2;
    }
    Ok(list_all(store, keys::MANIFESTS, None).await?)
}

/// Whether the lake's newest window is none of this ledger's.
async fn lake_ahead(
    session: &mut Session,
    store: &dyn ObjectStore,
    life: &Life,
    head: &Head,
) -> Result<Option<Break>, ShipError> {
    let noted = life.last_manifest_key.as_ref() == Some(&head.key);
    if noted || head.id.epoch < life.epoch {
        return Ok(None);
    }
    let manifest = heard(session, read(store, &head.key)).await?;
    let id = head.id;
    let ours = session
        .run(move |client| epochs::seal_of(client, id))
        .await?;
    if ours == Some((manifest.sealed_at, manifest.snapshot)) {
        return Ok(None);
    }
    if manifest.sealed_at >= life.connected_at {
        return Err(ShipError::Rival {
            key: head.key.clone(),
            sealed_at: manifest.sealed_at,
        });
    }
    Ok(Some(Break::LakeAhead))
}

async fn lake_state(store: &dyn ObjectStore, life: &Life) -> Result<LakeState, ShipError> {
    let Some(head) = newest(latest_manifests(store, life).await?) else {
        return Ok(LakeState::default());
    };
    let oldest = store.list(keys::MANIFESTS, None).await?;
    let first_day = oldest.keys.first().and_then(|key| keys::manifest_day(key));
    Ok(LakeState {
        epoch: head.id.epoch,
        sealed_at: Some(read(store, &head.key).await?.sealed_at),
        began_at: first_day.map(|day| day.and_time(NaiveTime::MIN).and_utc()),
    })
}

async fn read(store: &dyn ObjectStore, key: &str) -> Result<Manifest, ShipError> {
    let body = store.get(key).await?;
    serde_json::from_slice(&body).map_err(|source| ShipError::Unreadable {
        key: key.to_owned(),
        source,
    })
}
