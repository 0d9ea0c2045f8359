//! The statements of the inbound lane.

use super::super::super::statement::prepared;
use super::PendingInbound;
use crate::ledger::recorder::seen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Says of each inbound whether it is new. Of two equal ones in one batch the first is.
pub(super) fn claim(
    conn: &mut PgConnection,
    inbounds: &[&PendingInbound],
) -> QueryResult<Vec<bool>> {
    let facts: Vec<(Uuid, DateTime<Utc>)> = inbounds
        .iter()
        .flat_map(|inbound| inbound.claims().map(|claim| (claim, inbound.recorded_at)))
        .collect();
    let mut new = seen::claim(conn, &facts)?;
    Ok(inbounds
        .iter()
        .map(|inbound| {
            // All are taken, also of one that is known: its place is known from now on, too.
            let known = inbound.claims().filter(|claim| !new.remove(claim)).count();
            known == 0
        })
        .collect())
}

/// The last message that was sent to each inbound's subscriber by its sender, before the inbound was
/// heard of: what was sent since is not what it answers.
pub(super) fn last_messages(
    conn: &mut PgConnection,
    inbounds: &[&PendingInbound],
    subscribers: &HashMap<String, Uuid>,
) -> QueryResult<Vec<Option<Uuid>>> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = BigInt)]
        place: i64,
        #[diesel(sql_type = SqlUuid)]
        message_id: Uuid,
    }
    let found: Vec<Last> = prepared(include_str!("../sql/last_messages.sql"))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(inbounds, |inbound| {
            subscribers.get(inbound.new.from.as_str()).copied()
        }))
        .bind::<Array<Text>, _>(column(inbounds, |inbound| inbound.new.to.as_str()))
        .bind::<Array<Timestamptz>, _>(column(inbounds, PendingInbound::heard_at))
        .load(conn)?;
    let by_place: HashMap<i64, Uuid> = found
        .into_iter()
        .map(|row| (row.place, row.message_id))
        .collect();
    Ok((1..)
        .take(inbounds.len())
        .map(|place| by_place.get(&place).copied())
        .collect())
}

/// Inserts the new ones. One that is there already is not new after all: it came out of a spool a
/// second time, so late that its fingerprint was pruned.
pub(super) fn insert(
    conn: &mut PgConnection,
    inbounds: &[&PendingInbound],
    new: &mut [bool],
    subscribers: &HashMap<String, Uuid>,
    answered: &[Option<Uuid>],
) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Written {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let all = inbounds;
    let answered: Vec<Option<Uuid>> = answered
        .iter()
        .zip(new.iter())
        .filter(|(_, new)| **new)
        .map(|(id, _)| *id)
        .collect();
    let inbounds: Vec<&PendingInbound> = inbounds
        .iter()
        .zip(new.iter())
        .filter(|(_, new)| **new)
        .map(|(inbound, _)| *inbound)
        .collect();
    let written: Vec<Written> = prepared(include_str!("../sql/inbound_messages.sql"))
        .bind::<Array<SqlUuid>, _>(column(&inbounds, |inbound| inbound.new.id))
        .bind::<Array<Text>, _>(column(&inbounds, |inbound| inbound.new.gateway.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(&inbounds, |inbound| {
            inbound.new.gateway_message_id.as_deref()
        }))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(&inbounds, |inbound| {
            subscribers.get(inbound.new.from.as_str()).copied()
        }))
        .bind::<Array<Text>, _>(column(&inbounds, |inbound| inbound.new.to.as_str()))
        .bind::<Array<Nullable<SqlUuid>>, _>(answered)
        .bind::<Array<Text>, _>(column(&inbounds, |inbound| inbound.new.body.as_str()))
        .bind::<Array<Text>, _>(column(&inbounds, |inbound| inbound.verdict.intent.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(&inbounds, |inbound| {
            inbound.verdict.reason.as_deref()
        }))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&inbounds, |inbound| {
            inbound.new.received_at
        }))
        .bind::<Array<Timestamptz>, _>(column(&inbounds, |inbound| inbound.recorded_at))
        .bind::<Array<Bool>, _>(column(&inbounds, |inbound| inbound.complete))
        .bind::<Array<Text>, _>(column(&inbounds, |inbound| {
            inbound.verdict.ruleset.as_str()
        }))
        .load(conn)?;
    let written: HashSet<Uuid> = written.into_iter().map(|row| row.id).collect();
    for (inbound, new) in all.iter().zip(new) {
        *new &= written.contains(&inbound.new.id);
    }
    Ok(())
}

fn column<'a, T>(
    inbounds: &[&'a PendingInbound],
    value: impl Fn(&'a PendingInbound) -> T,
) -> Vec<T> {
    inbounds.iter().map(|inbound| value(inbound)).collect()
}
