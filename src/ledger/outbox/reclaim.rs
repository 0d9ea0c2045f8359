//! Emptying a child of the outbox's ring.

use crate::ledger::session::SessionError;
use crate::ledger::windows::VerifiedThrough;
use postgres::Client;
use postgres::error::SqlState;

/// Children that hold something and that are neither this hour's, the last one's, nor the next one's.
pub fn idle_slots(client: &mut Client) -> Result<Vec<i32>, SessionError> {
    let rows = client.query(include_str!("../sql/ship/idle_slots.sql"), &[])?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Truncates a child if every row in it is of a verified window. False if one is not, or if someone
/// uses the child just now: nothing ever waits for this lock, since everything would queue behind
/// it.
pub fn reclaim_slot(
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
    let check =
        include_str!("../sql/ship/unverified_rows.sql").replace("{slot}", &slot.to_string());
    let snapshot = verified.snapshot.to_string();
    let row = transaction.query_one(&check, &[&verified.epoch, &snapshot])?;
    if row.try_get(0)? {
        return Ok(false);
    }
    let note = include_str!("../sql/ship/note_reclaim.sql").replace("{slot}", &slot.to_string());
    transaction.batch_execute(&note)?;
    transaction.batch_execute(&format!("TRUNCATE outbox_{slot}"))?;
    transaction.commit()?;
    Ok(true)
}
