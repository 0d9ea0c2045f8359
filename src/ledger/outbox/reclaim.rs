//! Emptying a child of the outbox's ring.

use crate::ledger::session::SessionError;
use crate::ledger::windows::VerifiedThrough;
use postgres::error::SqlState;
use postgres::{Client, GenericClient};

/// Children that hold something and that are neither this hour's, the last one's, nor the next one's.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn idle_slots(client: &mut Client) -> Result<Vec<i32>, SessionError> {
    let rows = client.query(include_str!("../sql/ship/idle_slots.sql"), &[])?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Truncates a child if every row in it is of a verified window. False if one is not, or if someone
/// uses the child just now: nothing ever waits for this lock, since everything would queue behind
/// it. It is asked for only when nothing speaks against it, since writers wait for as long as it is
/// held.
///
/// # Errors
/// If the ledger refuses a statement, or the connection breaks.
pub fn reclaim_slot(
    client: &mut Client,
    slot: i32,
    verified: &VerifiedThrough,
) -> Result<bool, SessionError> {
    if holds_unsafe_rows(client, slot, verified)? {
        return Ok(false);
    }
    truncate_if_safe(client, slot, verified)
}

/// The lock, the check behind it, the truncation.
pub(super) fn truncate_if_safe(
    client: &mut Client,
    slot: i32,
    verified: &VerifiedThrough,
) -> Result<bool, SessionError> {
    let mut transaction = client.transaction()?;
    let lock = format!("LOCK TABLE outbox_{slot} IN ACCESS EXCLUSIVE MODE NOWAIT");
    match transaction.batch_execute(&lock) {
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Ok(false),
        locked => locked?,
    }
    // A statement of its own, after the lock: it sees all that was written before.
    if holds_unsafe_rows(&mut transaction, slot, verified)? {
        return Ok(false);
    }
    let note = include_str!("../sql/ship/note_reclaim.sql").replace("{slot}", &slot.to_string());
    transaction.batch_execute(&note)?;
    fail::fail_point!("ship.reclaim.before");
    transaction.batch_execute(&format!("TRUNCATE outbox_{slot}"))?;
    transaction.commit()?;
    fail::fail_point!("ship.reclaim.after");
    Ok(true)
}

/// Whether a child holds a row that is not known to be safe in the lake.
fn holds_unsafe_rows(
    client: &mut impl GenericClient,
    slot: i32,
    verified: &VerifiedThrough,
) -> Result<bool, SessionError> {
    let check = include_str!("../sql/ship/unsafe_rows.sql").replace("{slot}", &slot.to_string());
    let row = client.query_one(
        &check,
        &[
            &verified.snapshot.to_string(),
            &verified.foreign_through,
            &verified.foreign_verified,
        ],
    )?;
    Ok(row.try_get(0)?)
}
