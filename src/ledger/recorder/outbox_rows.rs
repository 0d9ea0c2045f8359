//! Events on their way into the outbox, as the columns of a multi-row insert.

use super::super::statement::prepared;
use crate::event::Event;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Array, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// Columns of outbox rows, in the order in which the lines shall stand.
#[derive(Debug, Default)]
pub(super) struct OutboxRows {
    pub(super) event_ids: Vec<Uuid>,
    pub(super) kinds: Vec<i16>,
    pub(super) recorded_at: Vec<DateTime<Utc>>,
    pub(super) lines: Vec<String>,
}

impl OutboxRows {
    /// Adds an event; this is the one time that it is encoded.
    pub(super) fn push(&mut self, event: &Event) -> QueryResult<()> {
        self.lines.push(encode(event)?);
        self.event_ids.push(event.event_id);
        self.kinds.push(event.body.kind().number());
        self.recorded_at.push(event.recorded_at);
        Ok(())
    }

    /// Keeps the events whose fact was new, by event id.
    pub(super) fn retain(&mut self, is_new: impl Fn(&Uuid) -> bool) {
        let keep: Vec<bool> = self.event_ids.iter().map(is_new).collect();
        let mut columns = (keep.iter(), keep.iter(), keep.iter(), keep.iter());
        self.event_ids
            .retain(|_| *columns.0.next().unwrap_or(&false));
        self.kinds.retain(|_| *columns.1.next().unwrap_or(&false));
        self.recorded_at
            .retain(|_| *columns.2.next().unwrap_or(&false));
        self.lines.retain(|_| *columns.3.next().unwrap_or(&false));
    }

    /// Inserts the rows, inside of the transaction that wrote their facts.
    pub(super) fn insert(&self, conn: &mut PgConnection) -> QueryResult<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        prepared(include_str!("sql/outbox.sql"))
            .bind::<Array<SqlUuid>, _>(&self.event_ids)
            .bind::<Array<SmallInt>, _>(&self.kinds)
            .bind::<Array<Timestamptz>, _>(&self.recorded_at)
            .bind::<Array<Text>, _>(&self.lines)
            .execute(conn)
            .map(|_| ())
    }
}

/// An event's line; a failure is a bug of ours that must not kill the thread.
pub(super) fn encode(event: &Event) -> QueryResult<String> {
    event
        .encode()
        .map_err(|error| diesel::result::Error::SerializationError(error.into()))
}
