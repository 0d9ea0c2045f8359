//! What is kept for a time only: idempotency keys and fingerprints of inbound messages.

use super::schema::{idempotency_keys, seen_facts};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;

/// How long an `Idempotency-Key` is known. Stated in the OpenAPI document.
pub const IDEMPOTENCY_KEYS_KEPT: TimeDelta = TimeDelta::days(7);
/// How long a gateway's repetition of an inbound message is recognised.
pub const INBOUND_FINGERPRINTS_KEPT: TimeDelta = TimeDelta::days(30);

/// Deletes what is older; the number of rows.
pub fn run(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    let keys = diesel::delete(
        idempotency_keys::table
            .filter(idempotency_keys::created_at.lt(now - IDEMPOTENCY_KEYS_KEPT)),
    )
    .execute(conn)?;
    let fingerprints = diesel::delete(
        seen_facts::table.filter(seen_facts::seen_at.lt(now - INBOUND_FINGERPRINTS_KEPT)),
    )
    .execute(conn)?;
    Ok(keys + fingerprints)
}
