//! Messages, as later facts about them need to know them.

use super::statement::prepared;
use crate::event::Context;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::HashMap;
use uuid::Uuid;

/// What a later fact's event repeats of its message.
#[derive(QueryableByName)]
struct ContextRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    subscriber_id: Uuid,
    #[diesel(sql_type = Text)]
    campaign: String,
    #[diesel(sql_type = Text)]
    campaign_type: String,
    #[diesel(sql_type = Text)]
    sender: String,
    #[diesel(sql_type = Nullable<Text>)]
    country: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    gateway: Option<String>,
    #[diesel(sql_type = Bool)]
    test: bool,
}

impl From<ContextRow> for Context {
    fn from(row: ContextRow) -> Self {
        Self {
            subscriber_id: Some(row.subscriber_id),
            message_id: Some(row.id),
            message_recorded_at: Some(row.recorded_at),
            campaign: Some(row.campaign),
            campaign_type: Some(row.campaign_type),
            sender: Some(row.sender),
            country: row.country,
            gateway: row.gateway,
            test: Some(row.test),
        }
    }
}

/// The contexts of these messages; unknown ids are absent.
pub(super) fn contexts(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, Context>> {
    load(conn, include_str!("sql/message_contexts.sql"), ids)
}

/// The same, and the rows stay locked until the transaction ends.
pub(super) fn lock_contexts(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, Context>> {
    let sql = concat!(
        include_str!("sql/message_contexts.sql"),
        "\n-- 3. Locked in the order of ids, as every writer does.\nFOR NO KEY UPDATE OF messages"
    );
    load(conn, sql, ids)
}

fn load(
    conn: &mut PgConnection,
    sql: &'static str,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, Context>> {
    let (Some(lowest), Some(highest)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(HashMap::new());
    };
    let rows: Vec<ContextRow> = prepared(sql)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(lowest)
        .bind::<SqlUuid, _>(highest)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
}
