//! The outbox is emptied behind verified windows: a child of the ring at a time, by TRUNCATE.

use super::error::ShipError;
use super::measure;
use crate::ledger::outbox::reclaim::{idle_slots, reclaim_slot};
use crate::ledger::session::Session;
use crate::ledger::windows;
use fail::fail_point;

/// Empties each child that holds rows of verified windows only and that no one writes to; returns
/// how many.
pub(super) async fn reclaim(session: &mut Session) -> Result<usize, ShipError> {
    let Some(verified) = session.run(windows::verified_through).await? else {
        return Ok(0);
    };
    let mut reclaimed = 0;
    for slot in session.run(idle_slots).await? {
        let verified = verified.clone();
        fail_point!("ship.reclaim.before");
        let emptied = session
            .run(move |client| reclaim_slot(client, slot, &verified))
            .await?;
        fail_point!("ship.reclaim.after");
        if emptied {
            measure::reclaimed(slot);
            reclaimed += 1;
        }
    }
    Ok(reclaimed)
}
