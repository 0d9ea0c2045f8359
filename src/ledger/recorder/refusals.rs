//! Opt-outs that a gateway knows of: a receipt or a refused submission whose code says so makes the
//! wish stand here, too, in the transaction that brings it to its message.

use super::outbox_rows::OutboxRows;
use super::wishes::{self, Change, Wish};
use crate::domain::status::ErrorClass;
use crate::event::Context;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A gateway's report about a message that is known.
pub(super) struct Report<'a> {
    /// The receipt or the submission.
    pub(super) id: Uuid,
    pub(super) gateway: &'a str,
    pub(super) error_class: Option<ErrorClass>,
    pub(super) error_code: Option<&'a str>,
    /// When, by the gateway's clock.
    pub(super) gateway_time: Option<DateTime<Utc>>,
    /// When the report was recorded.
    pub(super) reported_at: DateTime<Utc>,
    /// When the wish is, which is later if the report was parked.
    pub(super) recorded_at: DateTime<Utc>,
    /// The message's.
    pub(super) context: &'a Context,
}

/// Opts out whoever these reports say is opted out at the gateway. They are new, each with its message
/// for the first time, so that a report that is repeated comes here once.
pub(super) fn apply<'a>(
    conn: &mut PgConnection,
    reports: impl IntoIterator<Item = Report<'a>>,
    events: &mut OutboxRows,
) -> QueryResult<()> {
    let (wishes, contexts): (Vec<Wish>, Vec<Context>) = reports
        .into_iter()
        .filter_map(|report| wish(&report))
        .unzip();
    let changed = wishes::apply(conn, &wishes)?;
    for ((wish, context), changed) in wishes.iter().zip(&contexts).zip(changed) {
        if changed {
            events.push(&wishes::event(wish, context))?;
        }
    }
    Ok(())
}

/// A provider keeps its list for each of our senders, so the wish is about the message's.
///
/// Its event's id is drawn in the transaction: should the outcome of that be unknown, either the
/// report is there and comes no more, or nothing was written.
fn wish(report: &Report<'_>) -> Option<(Wish, Context)> {
    if report.error_class != Some(ErrorClass::OptedOut) {
        return None;
    }
    let wish = Wish {
        id: Uuid::now_v7(),
        subscriber_id: report.context.subscriber_id?,
        sender: report.context.sender.clone()?,
        change: Change::OptOut,
        source: "gateway",
        source_event_id: Some(report.id),
        reason: report.error_code.map(ToOwned::to_owned),
        actor: Some(report.gateway.to_owned()),
        // A gateway's clock that is ahead is not believed.
        effective_at: report
            .gateway_time
            .map_or(report.reported_at, |time| time.min(report.reported_at)),
        recorded_at: report.recorded_at,
    };
    let context = Context {
        gateway: Some(report.gateway.to_owned()),
        ..report.context.clone()
    };
    Some((wish, context))
}
