//! Epochs: unbroken lives of this ledger.
//!
//! After a restore the ledger is a copy of what it was, and what it did since then is lost to it, but
//! not to the lake, nor to those who were told of it. So a new epoch begins: its windows have names
//! of their own, its first window ships again all that is not known to be safe, and links go on
//! beyond any number that the lost life can have handed out.
//!
//! **No row is skipped.** Window 1 of the epoch is cut by one snapshot, and every later window is
//! what its snapshot sees and the one before did not, whatever epoch stands in the row: a transaction
//! that was under way at the cut writes the old number, and is in the window of its commit. Rows of
//! another cluster (a restored dump) have transaction ids that mean nothing here; the cut knows them,
//! since it can read them although its snapshot does not know their transactions, and notes the
//! largest of their ids. All that commits after the cut has a larger id.
//!
//! **A row may be shipped twice**: in a window of the lost life, and in the closing one. The event's
//! id is the same, and the warehouse takes it once.
//!
//! **No code is issued twice.** What a lost life can have handed out is bounded by the time that it
//! can have had: from the last window that both lives shipped (nothing is shipped before the lake was
//! found to be this ledger's, so that window is of the time before they parted) until now. See
//! [`LINKS_A_SECOND`] and [`LINKS_BESIDE`]. Servers do not wait for that: see [`super::link_numbers`].

use super::session::SessionError;
use super::snapshot::Snapshot;
use super::windows::{SealOrder, VerifiedThrough, verified_through};
use crate::domain::window::WindowId;
use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use postgres::{Client, Transaction};

/// Links that a ledger may issue in a second, for as long as one likes: 200 times the reference
/// load, several times what one PostgreSQL was seen to write for hours.
pub(super) const LINKS_A_SECOND: i64 = 10_000;
/// Links beside: a burst above that, and clocks that differ by less than a day. Codes of ten
/// characters have room for 780 million such moves, those of six for 52; shorter ones have none, and
/// sends are refused until `links.code_length` is raised.
pub(super) const LINKS_BESIDE: i64 = 1 << 30;
/// One epoch is begun at a time: `textepoc` in ASCII.
const BEGINNING: i64 = 0x7465_7874_6570_6f63;

/// What shows that this ledger is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Break {
    /// It is in another cluster: a dump was restored.
    SystemIdentifier,
    /// Its transaction ids are behind its own last seal.
    Xmax,
    /// Another timeline: point-in-time recovery, or a promoted replica.
    Timeline,
    /// The lake has a window that this ledger never sealed: the ledger is an older copy, or new.
    LakeAhead,
}

impl Break {
    const ALL: [Self; 4] = [
        Self::SystemIdentifier,
        Self::Xmax,
        Self::Timeline,
        Self::LakeAhead,
    ];

    /// As it stands in the ledger and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SystemIdentifier => "system_identifier",
            Self::Xmax => "xmax",
            Self::Timeline => "timeline",
            Self::LakeAhead => "lake_ahead",
        }
    }

    /// Whether transaction ids are still those of the life before: then what was verified can be told
    /// by its snapshot, and need not be shipped again.
    fn keeps_transaction_ids(self) -> bool {
        matches!(self, Self::Timeline | Self::LakeAhead)
    }
}

/// Where the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The newest epoch.
    pub epoch: i32,
    /// Its last sealed window; 0 is the empty beginning.
    pub last_sealed: i64,
    /// What shows that the epoch has ended, as far as the ledger alone can tell.
    pub broken: Option<Break>,
    /// When this connection was opened, by PostgreSQL's clock.
    pub connected_at: DateTime<Utc>,
    /// Manifest of the last shipped window with rows, of any epoch.
    pub last_manifest_key: Option<String>,
    /// PostgreSQL's clock.
    pub now: DateTime<Utc>,
}

/// What the lake tells for a new epoch.
#[derive(Clone, Copy, Debug, Default)]
pub struct LakeState {
    /// The largest epoch that it has windows of; 0 if it is empty.
    pub epoch: i32,
    /// When its newest window was sealed.
    pub sealed_at: Option<DateTime<Utc>>,
    /// The day of its oldest window.
    pub began_at: Option<DateTime<Utc>>,
}

/// A new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its number.
    pub epoch: i32,
    /// Where link numbers go on.
    pub first_link_number: i64,
}

/// Looks at the ledger.
///
/// # Errors
/// If the ledger refuses the statement, has no epoch with a window, or names a break that is unknown here.
pub fn life(client: &mut Client) -> Result<Life, SessionError> {
    let row = client
        .query_opt(include_str!("sql/ship/life.sql"), &[])?
        .context("the ledger has no epoch with a window: it is not migrated, or half restored")
        .map_err(SessionError::Unexpected)?;
    let strange: Option<String> = row.try_get(1)?;
    let broken = strange
        .map(|name| {
            Break::ALL
                .into_iter()
                .find(|known| known.as_str() == name)
                .ok_or_else(|| SessionError::Unexpected(anyhow!("no break is called {name}")))
        })
        .transpose()?;
    Ok(Life {
        epoch: row.try_get(0)?,
        broken,
        last_sealed: row.try_get(2)?,
        connected_at: row.try_get(3)?,
        last_manifest_key: row.try_get(4)?,
        now: row.try_get(5)?,
    })
}

/// When a window was sealed, and its snapshot as text; `None` if this ledger never sealed it.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn seal_of(
    client: &mut Client,
    id: WindowId,
) -> Result<Option<(DateTime<Utc>, String)>, SessionError> {
    let row = client.query_opt(
        "SELECT sealed_at, snapshot::text FROM windows WHERE epoch = $1 AND number = $2",
        &[&id.epoch, &id.number],
    )?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .transpose()
}

/// Begins a new epoch after `ended`; `None` if another shipper has done it.
///
/// # Errors
/// If the ledger refuses a statement, the connection breaks, or a snapshot cannot be read.
pub fn begin(
    client: &mut Client,
    ended: i32,
    reason: Break,
    lake: LakeState,
    order: &SealOrder,
) -> Result<Option<Begun>, SessionError> {
    let verified = verified_through(client)?;
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&BEGINNING])?;
    // A statement of its own, behind the lock: it sees what the one before us did.
    let newest: i32 = transaction
        .query_one("SELECT max(epoch) FROM epochs", &[])?
        .try_get(0)?;
    if newest != ended {
        return Ok(None);
    }
    let epoch = ended.max(lake.epoch) + 1;
    let cut = cut(&mut transaction, ended)?;
    let covered = cut.covered(reason, verified);
    let first_link_number = move_link_numbers(&mut transaction, lake)?;
    transaction.execute(
        include_str!("sql/ship/epoch_begin.sql"),
        &[
            &epoch,
            &reason.as_str(),
            &cut.foreign_through,
            &covered.through,
            &first_link_number,
        ],
    )?;
    transaction.execute(
        include_str!("sql/ship/epoch_windows.sql"),
        &[
            &epoch,
            &covered.snapshot,
            &cut.snapshot,
            &order.boundary,
            &order.split_bytes,
            &order.format_version,
            &lake.sealed_at,
        ],
    )?;
    fail::fail_point!("ship.epoch.before");
    transaction.commit()?;
    fail::fail_point!("ship.epoch.after");
    Ok(Some(Begun {
        epoch,
        first_link_number,
    }))
}

/// Where the outbox is cut.
struct Cut {
    snapshot: String,
    foreign_through: i64,
    foreign_before: i64,
    covered_before: i64,
    covered_snapshot: String,
}

/// What need not be shipped again: rows that a snapshot sees, and another cluster's up to an id.
struct Covered {
    snapshot: String,
    through: i64,
}

fn cut(transaction: &mut Transaction<'_>, ended: i32) -> Result<Cut, SessionError> {
    let row = transaction.query_one(include_str!("sql/ship/epoch_cut.sql"), &[&ended])?;
    Ok(Cut {
        snapshot: row.try_get(0)?,
        foreign_through: row.try_get(1)?,
        foreign_before: row.try_get(2)?,
        covered_before: row.try_get(3)?,
        covered_snapshot: row.try_get(4)?,
    })
}

impl Cut {
    /// Nothing is known to be covered if transaction ids changed their meaning: whatever the outbox
    /// still holds is shipped again.
    fn covered(&self, reason: Break, verified: Option<VerifiedThrough>) -> Covered {
        if !reason.keeps_transaction_ids() {
            return Covered {
                snapshot: Snapshot::nothing().to_string(),
                through: 0,
            };
        }
        verified.map_or_else(
            || Covered {
                snapshot: self.covered_snapshot.clone(),
                through: self.covered_before.min(self.foreign_before),
            },
            |verified| Covered {
                snapshot: verified.snapshot.to_string(),
                through: verified.foreign_verified,
            },
        )
    }
}

/// The sequence is moved at once, whatever becomes of the transaction: a gap is harmless.
fn move_link_numbers(
    transaction: &mut Transaction<'_>,
    lake: LakeState,
) -> Result<i64, SessionError> {
    let row = transaction.query_one(
        include_str!("sql/ship/move_link_numbers.sql"),
        &[&LINKS_A_SECOND, &LINKS_BESIDE, &lake.began_at],
    )?;
    Ok(row.try_get(0)?)
}
