//! Emptying children of the ring of kept requests.

use super::super::statement::prepared;
use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Bool, SmallInt, Timestamptz};

/// Truncates each child of which every request arrived before an instant; returns how many. One that
/// someone reads just now is left for the next time: nothing ever waits for its lock, since
/// everything would queue behind it.
///
/// # Errors
/// What PostgreSQL says.
pub fn reclaim(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    let mut emptied = 0;
    for slot in idle_slots(conn)? {
        if holds_later(conn, slot, before)? {
            continue;
        }
        match truncate(conn, slot, before) {
            Ok(true) => emptied += 1,
            Ok(false) => {}
            // Diesel does not tell 55P03, a lock that is not free, from others.
            Err(error @ Error::DatabaseError(DatabaseErrorKind::Unknown, _)) => {
                tracing::info!(slot, %error, "kept webhooks of a day are in use; they are emptied later");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(emptied)
}

/// Children that hold something and that are neither today's nor its neighbours'.
fn idle_slots(conn: &mut PgConnection) -> QueryResult<Vec<i16>> {
    #[derive(QueryableByName)]
    struct Idle {
        #[diesel(sql_type = SmallInt)]
        slot: i16,
    }
    let idle: Vec<Idle> = prepared(include_str!("../sql/requests/idle_slots.sql")).load(conn)?;
    Ok(idle.into_iter().map(|row| row.slot).collect())
}

/// The lock, the check behind it, the truncation.
fn truncate(conn: &mut PgConnection, slot: i16, before: DateTime<Utc>) -> QueryResult<bool> {
    conn.transaction(|conn| {
        conn.batch_execute(&format!(
            "LOCK TABLE webhook_requests_{slot} IN ACCESS EXCLUSIVE MODE NOWAIT"
        ))?;
        // A statement of its own, after the lock: it sees all that was written before.
        if holds_later(conn, slot, before)? {
            return Ok(false);
        }
        fail::fail_point!("requests.reclaim.before");
        conn.batch_execute(&format!("TRUNCATE webhook_requests_{slot}"))?;
        Ok(true)
    })
}

/// Whether a child holds a request that arrived at an instant or later.
fn holds_later(conn: &mut PgConnection, slot: i16, instant: DateTime<Utc>) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        held: bool,
    }
    let ask = include_str!("../sql/requests/holds_later.sql").replace("{slot}", &slot.to_string());
    let answer: Answer = diesel::sql_query(ask)
        .bind::<Timestamptz, _>(instant)
        .get_result(conn)?;
    Ok(answer.held)
}
