//! A shipped window is counted in the ledger, by a query that shares nothing with the one that
//! shipped it, and held against its manifest. Only behind such a window is the outbox reclaimed.

use super::error::ShipError;
use super::measure;
use crate::domain::window::WindowId;
use crate::ledger::counts::{self, ToCount};
use crate::ledger::session::{Session, SessionError};
use fail::fail_point;
use std::time::Instant;

/// Counts the oldest window that waits for it; `None` if none does.
pub(super) async fn count_next(session: &mut Session) -> Result<Option<WindowId>, ShipError> {
    let Some(window) = session.run(counts::next_to_count).await? else {
        return Ok(None);
    };
    let id = window.id;
    fail_point!("ship.count.before");
    count(session, window).await?;
    fail_point!("ship.count.after");
    Ok(Some(id))
}

/// Looks again at what differed: someone may have mended it.
pub(super) async fn count_again(session: &mut Session) -> Result<(), ShipError> {
    for window in session.run(counts::differing).await? {
        count(session, window).await?;
    }
    session.run(counts::settle_alone).await?;
    Ok(())
}

async fn count(session: &mut Session, window: ToCount) -> Result<(), SessionError> {
    let begun = Instant::now();
    let id = window.id;
    let counted = session
        .run(move |client| counts::count(client, &window))
        .await?;
    measure::counted(id, &counted, begun);
    Ok(())
}
