//! Standing wishes, changed by an inbound message, a gateway's report, a person's verdict, or over the API.

use super::super::statement::prepared;
use crate::event::{Body, Context, Event, OptOut, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// The `sender` of a wish about everyone's messages.
pub(super) const ANY_SENDER: &str = "*";

/// What becomes of a standing wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// No more messages.
    OptOut,
    /// Messages again.
    OptIn,
    /// What the wish's source made stand was none: as it was before, unless something else has spoken
    /// since.
    TakeBack {
        /// What stands then.
        opted_out: bool,
    },
}

impl Change {
    fn opted_out(self) -> bool {
        match self {
            Self::OptOut => true,
            Self::OptIn => false,
            Self::TakeBack { opted_out } => opted_out,
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::OptOut => include_str!("sql/opt_out.sql"),
            Self::OptIn => include_str!("sql/opt_in.sql"),
            Self::TakeBack { .. } => include_str!("sql/take_back.sql"),
        }
    }
}

/// A change of a standing wish.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The event's id.
    pub(super) id: Uuid,
    pub(super) subscriber_id: Uuid,
    /// A sender, or [`ANY_SENDER`].
    pub(super) sender: String,
    pub(super) change: Change,
    /// `keyword`, `gateway` or `api`.
    pub(super) source: &'static str,
    pub(super) source_event_id: Option<Uuid>,
    pub(super) reason: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) effective_at: DateTime<Utc>,
    pub(super) recorded_at: DateTime<Utc>,
}

/// Writes wishes, in the order of subscriber and sender as every writer does, those of one pair in
/// the order given. Returns, in the order given, whether each changed what stood: only then is there
/// an event. A START from someone who never opted out changes nothing.
///
/// One statement a wish: they are rare, and two about one pair cannot share an upsert.
pub(super) fn apply(conn: &mut PgConnection, wishes: &[Wish]) -> QueryResult<Vec<bool>> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|&index| (wishes[index].subscriber_id, &wishes[index].sender));
    let mut changed = vec![false; wishes.len()];
    for index in order {
        let wish = &wishes[index];
        let rows = prepared(wish.change.sql())
            .bind::<SqlUuid, _>(wish.subscriber_id)
            .bind::<Text, _>(&wish.sender)
            .bind::<Bool, _>(wish.change.opted_out())
            .bind::<Text, _>(wish.source)
            .bind::<Nullable<SqlUuid>, _>(wish.source_event_id)
            .bind::<Nullable<Text>, _>(&wish.reason)
            .bind::<Nullable<Text>, _>(&wish.actor)
            .bind::<Timestamptz, _>(wish.effective_at)
            .bind::<Timestamptz, _>(wish.recorded_at)
            .execute(conn)?;
        changed[index] = rows == 1;
        if rows == 0 && wish.change == Change::OptOut {
            note_repetition(conn, wish)?;
        }
    }
    Ok(changed)
}

/// An opt-out that stands already is asked for again: no change and no event, but what is remembered
/// when the one that made it stand is found to have been none, or when an opt-in arrives late.
fn note_repetition(conn: &mut PgConnection, wish: &Wish) -> QueryResult<()> {
    prepared(include_str!("sql/opt_out_again.sql"))
        .bind::<SqlUuid, _>(wish.subscriber_id)
        .bind::<Text, _>(&wish.sender)
        .bind::<Nullable<SqlUuid>, _>(wish.source_event_id)
        .bind::<Timestamptz, _>(wish.effective_at)
        .execute(conn)
        .map(|_| ())
}

/// The event of a wish that changed what stood; `context` is the inbound's, or the subscriber alone.
pub(super) fn event(wish: &Wish, context: &Context) -> Event {
    let of_any = wish.sender == ANY_SENDER;
    let sender = (!of_any).then(|| wish.sender.clone());
    Event {
        event_id: wish.id,
        occurred_at: wish.recorded_at,
        time_source: TimeSource::Server,
        recorded_at: wish.recorded_at,
        context: Context {
            subscriber_id: Some(wish.subscriber_id),
            sender,
            ..context.clone()
        },
        body: Body::OptOut(OptOut {
            action: if wish.change.opted_out() {
                "opt_out"
            } else {
                "opt_in"
            }
            .to_owned(),
            scope: if of_any { "all" } else { "sender" }.to_owned(),
            source: wish.source.to_owned(),
            source_event_id: wish.source_event_id,
            reason: wish.reason.clone(),
            actor: wish.actor.clone(),
            effective_at: wish.effective_at,
        }),
    }
}
