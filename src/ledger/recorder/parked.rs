//! Receipts that were parked get to their message: when a submission names it, or when their call is read
//! again and names it now. Each way is an event, a match, of its own.
//!
//! What such a receipt was read as before goes with it, or it would wait for ever under an id that was
//! read wrongly.

use super::super::statement::prepared;
use super::now;
use super::origin::Origin;
use super::outbox_rows::OutboxRows;
use super::refusals::Report;
use crate::domain::status::ErrorClass;
use crate::event::{Body, Context, Event, Match, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::HashMap;
use uuid::Uuid;

/// A parked receipt whose message is known.
#[derive(QueryableByName)]
pub(super) struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    fingerprint: Uuid,
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
}

/// What waits under gateways' ids, which are locked: gateway, its id, and the message.
pub(super) fn of_submissions(
    conn: &mut PgConnection,
    named: &[(&str, &str, Uuid)],
) -> QueryResult<Vec<Waiting>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    prepared(include_str!("sql/parked_of_submissions.sql"))
        .bind::<Array<Text>, _>(named.iter().map(|entry| entry.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(named.iter().map(|entry| entry.1).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(named.iter().map(|entry| entry.2).collect::<Vec<_>>())
        .load(conn)
}

/// What was read from these items of kept calls, each with the message that is found for it now.
pub(super) fn of_calls(
    conn: &mut PgConnection,
    named: &[(Origin, Uuid)],
) -> QueryResult<Vec<Waiting>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let requests: Vec<Uuid> = named.iter().map(|(origin, _)| origin.request_id).collect();
    let items: Vec<i32> = named.iter().map(|(origin, _)| origin.item).collect();
    let messages: Vec<Uuid> = named.iter().map(|(_, message_id)| *message_id).collect();
    prepared(include_str!("sql/parked_of_calls.sql"))
        .bind::<Array<SqlUuid>, _>(requests)
        .bind::<Array<Integer>, _>(items)
        .bind::<Array<SqlUuid>, _>(messages)
        .load(conn)
}

/// Puts them with their messages, whose rows are locked.
pub(super) fn take_in(conn: &mut PgConnection, waiting: Vec<Waiting>) -> QueryResult<Vec<TakenIn>> {
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let (fingerprints, messages): (Vec<Uuid>, Vec<Uuid>) = waiting
        .into_iter()
        .map(|one| (one.fingerprint, one.message_id))
        .unzip();
    prepared(include_str!("sql/take_in_parked.sql"))
        .bind::<Array<SqlUuid>, _>(fingerprints)
        .bind::<Array<SqlUuid>, _>(messages)
        .load(conn)
}

/// Adds the events that they found their messages.
pub(super) fn tell(
    found: &[TakenIn],
    contexts: &HashMap<Uuid, Context>,
    events: &mut OutboxRows,
) -> QueryResult<()> {
    for found in found {
        if let Some(context) = contexts.get(&found.message_id) {
            events.push(&match_event(found, context))?;
        }
    }
    Ok(())
}

/// A receipt that has left the parking lot.
#[derive(QueryableByName)]
pub(super) struct TakenIn {
    #[diesel(sql_type = SqlUuid)]
    pub(super) receipt_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
    #[diesel(sql_type = Text)]
    gateway: String,
    #[diesel(sql_type = Nullable<Text>)]
    error_class: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    error_code: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    gateway_time: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: DateTime<Utc>,
    /// False if the message had the same receipt already, which has told all there is to tell.
    #[diesel(sql_type = Bool)]
    placed: bool,
}

impl TakenIn {
    /// What it tells of its recipient.
    pub(super) fn report<'a>(&'a self, contexts: &'a HashMap<Uuid, Context>) -> Option<Report<'a>> {
        if !self.placed {
            return None;
        }
        Some(Report {
            id: self.receipt_id,
            gateway: &self.gateway,
            error_class: self.error_class.as_deref().and_then(ErrorClass::parse),
            error_code: self.error_code.as_deref(),
            gateway_time: self.gateway_time,
            reported_at: self.recorded_at,
            recorded_at: now(),
            context: contexts.get(&self.message_id)?,
        })
    }
}

/// The id is drawn in the transaction: should its outcome be unknown, either the parked receipt is
/// gone and nothing is matched again, or nothing was written.
fn match_event(found: &TakenIn, context: &Context) -> Event {
    let recorded_at = now();
    Event {
        event_id: Uuid::now_v7(),
        occurred_at: recorded_at,
        time_source: TimeSource::Server,
        recorded_at,
        context: Context {
            gateway: Some(found.gateway.clone()),
            ..context.clone()
        },
        body: Body::Match(Match {
            receipt_id: found.receipt_id,
        }),
    }
}
