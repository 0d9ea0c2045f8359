//! A message's status, recomputed from the set of what is known about it.
//!
//! The message rows are locked before, by an earlier statement of the same transaction: a statement
//! that inserts and recomputes at once would not see what another connection committed meanwhile.

use super::super::statement::prepared;
use crate::domain::status::{self, Evidence, Status};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Bool)]
    synthetic: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    gateway_time: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Integer>)]
    segment_number: Option<i32>,
}

/// Recomputes the status of these messages, whose rows are locked.
pub(super) fn recompute_status(conn: &mut PgConnection, ids: &[Uuid]) -> QueryResult<()> {
    let (Some(lowest), Some(highest)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(());
    };
    let rows: Vec<Row> = prepared(include_str!("sql/evidence.sql"))
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlUuid, _>(lowest)
        .bind::<SqlUuid, _>(highest)
        .load(conn)?;
    let mut known: BTreeMap<Uuid, Vec<Evidence>> = BTreeMap::new();
    for row in rows {
        // A status written by a newer binary ranks as unknown until this one is replaced.
        let status = Status::parse(&row.status).unwrap_or(Status::Unknown);
        known.entry(row.message_id).or_default().push(Evidence {
            status,
            synthetic: row.synthetic,
            gateway_time: row.gateway_time,
            segment_number: row.segment_number,
        });
    }
    let (ids, statuses): (Vec<Uuid>, Vec<&str>) = known
        .into_iter()
        .map(|(id, evidence)| (id, status::current(evidence).as_str()))
        .unzip();
    prepared(include_str!("sql/set_status.sql"))
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Text>, _>(statuses)
        .bind::<SqlUuid, _>(lowest)
        .bind::<SqlUuid, _>(highest)
        .execute(conn)
        .map(|_| ())
}
