//! Links: kept in memory by code, else found by number.

mod known;
mod newest;
mod packed;
mod reader;
#[cfg(test)]
mod test_links;

pub use known::KnownLinks;
pub use newest::keep_newest;
pub use reader::LinkReader;

use super::facts::LinkTarget;
use super::messages;
use super::statement::prepared;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    target_url: String,
    #[diesel(sql_type = Nullable<Text>)]
    fallback_url: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    expires_at: Option<DateTime<Utc>>,
}

/// The links of these numbers, with their messages' contexts; those that do not exist are absent. The
/// caller compares the code: codes of other lengths stand for the same numbers.
///
/// # Errors
/// What PostgreSQL says.
pub fn find_all(conn: &mut PgConnection, numbers: &[i64]) -> QueryResult<Vec<LinkTarget>> {
    let (Some(lowest), Some(highest)) = (numbers.iter().min(), numbers.iter().max()) else {
        return Ok(Vec::new());
    };
    let rows: Vec<Row> = prepared(include_str!("sql/links/find.sql"))
        .bind::<Array<BigInt>, _>(numbers)
        .bind::<BigInt, _>(lowest)
        .bind::<BigInt, _>(highest)
        .load(conn)?;
    let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.message_id).collect();
    let contexts = messages::contexts(conn, &ids.into_iter().collect::<Vec<_>>())?;
    let target = |row: Row| {
        let context = contexts.get(&row.message_id)?.clone();
        Some(LinkTarget {
            number: row.number,
            code: row.code,
            target_url: row.target_url,
            fallback_url: row.fallback_url,
            expires_at: row.expires_at,
            context,
        })
    };
    Ok(rows.into_iter().filter_map(target).collect())
}
