//! What is kept for a time only: idempotency keys and fingerprints of inbound messages.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};

/// How long an `Idempotency-Key` is known. Stated in the OpenAPI document.
pub const IDEMPOTENCY_KEYS_KEPT: TimeDelta = TimeDelta::days(7);
/// How long a gateway's repetition of an inbound message is recognised.
pub const INBOUND_FINGERPRINTS_KEPT: TimeDelta = TimeDelta::days(35);

// A kept webhook that is replayed must find the fingerprints of what it told before: those are drawn
// when it arrives, and it is replayed for as long as it may be kept. The days between are for a replay
// that takes long, and for a server whose clock is off.
const _: () =
    assert!(INBOUND_FINGERPRINTS_KEPT.num_days() >= super::requests::LONGEST_KEPT.num_days() + 3);

/// Rows of a table that one statement deletes: few enough for the statement timeout.
const CHUNK: i64 = 10_000;

/// PostgreSQL's clock, by which all servers prune: one whose own is days ahead would forget for all of them
/// what has to be known yet.
///
/// # Errors
/// What PostgreSQL says.
pub fn clock(conn: &mut PgConnection) -> QueryResult<DateTime<Utc>> {
    diesel::select(sql::<Timestamptz>("clock_timestamp()")).get_result(conn)
}

/// Deletes some of what is older, at most 10,000 rows of each table; the number of rows. Zero says
/// that nothing is left to delete.
///
/// # Errors
/// What PostgreSQL says.
pub fn run(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    let tables = [
        (
            include_str!("sql/prune/idempotency_keys.sql"),
            IDEMPOTENCY_KEYS_KEPT,
        ),
        (
            include_str!("sql/prune/seen_facts.sql"),
            INBOUND_FINGERPRINTS_KEPT,
        ),
    ];
    let mut rows = 0;
    for (delete, kept) in tables {
        rows += diesel::sql_query(delete)
            .bind::<Timestamptz, _>(now - kept)
            .bind::<BigInt, _>(CHUNK)
            .execute(conn)?;
    }
    Ok(rows)
}
