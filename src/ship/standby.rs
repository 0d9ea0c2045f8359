//! One shipper is active, the others stand by: what an advisory lock decides.
//!
//! The lock belongs to a connection, and a frozen process keeps its connection: its kernel goes on
//! answering for it. So the active one is heard from at least every [`BEAT`], and a standby ends the
//! connection of one that was silent for too long. Nothing depends on that for its truth: one that
//! wakes up late puts objects that stand already, and notes what is noted.

use super::error::ShipError;
use crate::ledger::session::{Session, SessionError, end_silent, holds_lock, ping};
use std::pin::pin;
use std::time::Duration;

/// The advisory lock of the active shipper: `textship` in ASCII.
pub(super) const LEADER: i64 = 0x7465_7874_7368_6970;
/// How often the active one is heard from while it waits for the lake.
const BEAT: Duration = Duration::from_millis(500);

/// Whether this is the active shipper; it stays so for as long as its connection lives and it is
/// heard from.
pub(super) async fn leads(session: &mut Session, patience: Duration) -> Result<bool, ShipError> {
    if session.run(|client| holds_lock(client, LEADER)).await? {
        return Ok(true);
    }
    let ended = session
        .run(move |client| end_silent(client, LEADER, patience))
        .await?;
    if ended == 0 {
        return Ok(false);
    }
    metrics::counter!("textrail_ship_takeovers_total").increment(1);
    tracing::warn!(
        silent_for = ?patience,
        "the active shipper was silent for too long: took over from it"
    );
    Ok(session.run(|client| holds_lock(client, LEADER)).await?)
}

/// Waits for the lake, and is heard from meanwhile. A connection that is lost here is opened again by
/// whatever the ledger is asked next.
pub(super) async fn heard<T>(session: &mut Session, lake: impl Future<Output = T>) -> T {
    let mut lake = pin!(lake);
    loop {
        match tokio::time::timeout(BEAT, &mut lake).await {
            Ok(done) => return done,
            Err(_) => told(session.run(ping).await),
        }
    }
}

fn told(pinged: Result<(), SessionError>) {
    if let Err(error) = pinged {
        tracing::debug!(%error, "the ledger did not hear from this shipper");
    }
}
