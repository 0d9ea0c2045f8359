//! Standing wishes.

use super::schema::{opt_outs, subscribers};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

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
    /// When it was written here.
    pub changed_at: DateTime<Utc>,
}

/// Wishes changed at or after `since`, oldest change first, at most `limit`.
///
/// "At or after": a reader that goes on from the last `changed_at` it saw gets that row again, and
/// misses none that shares its time.
pub fn list(
    conn: &mut PgConnection,
    since: Option<DateTime<Utc>>,
    limit: i64,
) -> QueryResult<Vec<StandingWish>> {
    opt_outs::table
        .inner_join(subscribers::table)
        .filter(opt_outs::changed_at.ge(since.unwrap_or(DateTime::UNIX_EPOCH)))
        .order((
            opt_outs::changed_at,
            opt_outs::subscriber_id,
            opt_outs::sender,
        ))
        .limit(limit)
        .select((
            subscribers::number,
            opt_outs::sender,
            opt_outs::opted_out,
            opt_outs::source,
            opt_outs::reason,
            opt_outs::actor,
            opt_outs::effective_at,
            opt_outs::changed_at,
        ))
        .load(conn)
}

/// Whether messages from `sender` to `number` would be suppressed now.
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
