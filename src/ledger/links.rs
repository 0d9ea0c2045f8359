//! Links: found by number.

use super::facts::LinkTarget;
use super::messages;
use super::schema::links;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

#[derive(Queryable, Selectable)]
#[diesel(table_name = links, check_for_backend(diesel::pg::Pg))]
struct Row {
    number: i64,
    message_id: Uuid,
    code: String,
    target_url: String,
    fallback_url: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

/// The link of a number, with its message's context. The caller compares the code: codes of other
/// lengths stand for the same numbers.
pub fn find(conn: &mut PgConnection, number: i64) -> QueryResult<Option<LinkTarget>> {
    let Some(row) = links::table
        .find(number)
        .select(Row::as_select())
        .first(conn)
        .optional()?
    else {
        return Ok(None);
    };
    let context = messages::contexts(conn, &[row.message_id])?.remove(&row.message_id);
    Ok(context.map(|context| LinkTarget {
        number: row.number,
        code: row.code,
        target_url: row.target_url,
        fallback_url: row.fallback_url,
        expires_at: row.expires_at,
        context,
    }))
}
