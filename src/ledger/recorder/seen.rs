//! Facts that have no unique key of their own: each notes a fingerprint, in its transaction, and is
//! written only if that is new.

use super::super::statement::prepared;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Timestamptz, Uuid as SqlUuid};
use std::collections::HashSet;
use uuid::Uuid;

/// Notes fingerprints with the times of recording; returns those that are new.
pub(super) fn claim(
    conn: &mut PgConnection,
    facts: &[(Uuid, DateTime<Utc>)],
) -> QueryResult<HashSet<Uuid>> {
    #[derive(QueryableByName)]
    struct Claimed {
        #[diesel(sql_type = SqlUuid)]
        fingerprint: Uuid,
    }
    let (fingerprints, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = facts.iter().copied().unzip();
    let claimed: Vec<Claimed> = prepared(include_str!("sql/claim_seen.sql"))
        .bind::<Array<SqlUuid>, _>(fingerprints)
        .bind::<Array<Timestamptz>, _>(times)
        .load(conn)?;
    Ok(claimed.into_iter().map(|row| row.fingerprint).collect())
}
