//! Standing wishes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// A standing wish as the API lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
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
pub fn list(
    conn: &mut PgConnection,
    since: Option<DateTime<Utc>>,
    limit: i64,
) -> QueryResult<Vec<StandingWish>> {
    let _ = (conn, since, limit);
    todo!()
}

/// Whether messages from `sender` to `number` would be suppressed now.
pub fn is_opted_out(conn: &mut PgConnection, number: &str, sender: &str) -> QueryResult<bool> {
    let _ = (conn, number, sender);
    todo!()
}
