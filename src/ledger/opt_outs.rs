//! Standing wishes.

use super::schema::{opt_outs, subscribers};
use super::statement::prepared;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// The most wishes of a page.
pub const LIST_LIMIT: i64 = 10_000;
/// The advisory lock of whoever gives places.
const POSITIONS_LOCK: i64 = 0x7465_7874_706f_7331;

/// A standing wish as the API lists it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct StandingWish {
    /// E.164.
    pub number: String,
    /// The sender it is about; `*` = any.
    pub sender: String,
    /// False after an opt-in.
    pub opted_out: bool,
    /// `keyword`, `gateway`, `api`.
    pub source: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who.
    pub actor: Option<String>,
    /// From when on it holds.
    pub effective_at: DateTime<Utc>,
    /// When it was recorded, by the clock of the server that was told of it: it may be written later.
    pub changed_at: DateTime<Utc>,
    /// Its last change's place among all; none if no reader has come to it by places.
    pub position: Option<i64>,
}

/// Which wishes to list, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Only those whose last change was recorded at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those whose place is behind this one, in the order of places; without it, in the order of
    /// recording.
    pub after: Option<i64>,
    /// The most of them.
    pub limit: i64,
}

/// A page of wishes.
///
/// # Errors
/// What PostgreSQL says.
pub fn list(conn: &mut PgConnection, reading: Reading) -> QueryResult<Vec<StandingWish>> {
    if reading.after.is_some() && any_unread(conn)? {
        give_positions(conn)?;
    }
    let since = reading.since.unwrap_or(DateTime::UNIX_EPOCH);
    let wishes = opt_outs::table
        .inner_join(subscribers::table)
        .filter(opt_outs::changed_at.ge(since))
        .limit(reading.limit)
        .select((
            subscribers::number,
            opt_outs::sender,
            opt_outs::opted_out,
            opt_outs::source,
            opt_outs::reason,
            opt_outs::actor,
            opt_outs::effective_at,
            opt_outs::changed_at,
            opt_outs::position,
        ))
        .into_boxed();
    let wishes = match reading.after {
        Some(after) => wishes
            .filter(opt_outs::position.gt(after))
            .order(opt_outs::position),
        None => wishes.order((
            opt_outs::changed_at,
            opt_outs::subscriber_id,
            opt_outs::sender,
        )),
    };
    wishes.load(conn)
}

fn any_unread(conn: &mut PgConnection) -> QueryResult<bool> {
    let unread = opt_outs::table.filter(opt_outs::position.is_null());
    diesel::select(diesel::dsl::exists(unread)).get_result(conn)
}

/// Gives places to changes that have none: at least a page of them.
fn give_positions(conn: &mut PgConnection) -> QueryResult<usize> {
    conn.transaction(|conn| {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(POSITIONS_LOCK)
            .execute(conn)?;
        // A statement of its own, after the lock: it sees all places that were given before.
        prepared(include_str!("sql/opt_outs/give_positions.sql"))
            .bind::<BigInt, _>(LIST_LIMIT)
            .execute(conn)
    })
}

/// Whether messages from `sender` to `number` would be suppressed now.
///
/// # Errors
/// What PostgreSQL says.
pub fn is_opted_out(conn: &mut PgConnection, number: &str, sender: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        opt_outs::table
            .inner_join(subscribers::table)
            .filter(subscribers::number.eq(number))
            .filter(opt_outs::sender.eq_any([sender, "*"]))
            .filter(opt_outs::opted_out),
    ))
    .get_result(conn)
}
