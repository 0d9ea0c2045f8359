//! The lane of wishes over the API.

use super::super::facts::{NewOptOut, RecordError};
use super::super::subscribers;
use super::lane::Work;
use super::outbox_rows::OutboxRows;
use super::wishes::{self, ANY_SENDER, Change, Wish};
use super::{commit, now, seen};
use crate::domain::opt_out::Scope;
use crate::event::Context;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::HashMap;
use uuid::Uuid;

/// One caller's wishes.
pub(super) struct Pending {
    wishes: Vec<NewOptOut>,
    recorded_at: DateTime<Utc>,
}

impl Pending {
    pub(super) fn new(wishes: Vec<NewOptOut>) -> Self {
        Self {
            wishes,
            recorded_at: now(),
        }
    }
}

/// Writes wishes over the API.
#[derive(Clone, Debug)]
pub(super) struct OptOuts;

impl Work for OptOuts {
    type Item = Pending;
    type Reply = ();
    const AFTER_REPLIES: bool = true;

    fn rows(item: &Pending) -> usize {
        item.wishes.len()
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Pending],
    ) -> QueryResult<Vec<Result<(), RecordError>>> {
        let numbers = items
            .iter()
            .flat_map(|item| &item.wishes)
            .map(|new| &new.number);
        let ids = subscribers::resolve(conn, numbers)?;
        let mut wishes = Vec::new();
        for item in items.iter() {
            for new in &item.wishes {
                wishes.push(wish(new, &ids, item.recorded_at)?);
            }
        }
        commit::transaction(conn, |conn| write_new(conn, wishes))?;
        Ok(items.iter().map(|_| Ok(())).collect())
    }
}

/// A wish with the context of its event.
type WishInContext = (Wish, Context);

/// Wishes of an attempt whose outcome nobody knew are passed over by their own ids: written again,
/// an opt-in would undo an opt-out that came in between.
fn write_new(conn: &mut PgConnection, wishes: Vec<WishInContext>) -> QueryResult<()> {
    let ids: Vec<(Uuid, DateTime<Utc>)> = wishes
        .iter()
        .map(|(wish, _)| (wish.id, wish.recorded_at))
        .collect();
    let new = seen::claim(conn, &ids)?;
    let (wishes, contexts): (Vec<Wish>, Vec<Context>) = wishes
        .into_iter()
        .filter(|(wish, _)| new.contains(&wish.id))
        .unzip();
    let changed = wishes::apply(conn, &wishes)?;
    let mut events = OutboxRows::default();
    for ((wish, context), changed) in wishes.iter().zip(&contexts).zip(changed) {
        if changed {
            events.push(&wishes::event(wish, context))?;
        }
    }
    events.insert(conn)
}

fn wish(
    new: &NewOptOut,
    ids: &HashMap<String, Uuid>,
    recorded_at: DateTime<Utc>,
) -> QueryResult<WishInContext> {
    let subscriber_id = *ids
        .get(new.number.as_str())
        .ok_or(diesel::result::Error::NotFound)?;
    let context = Context {
        country: new.number.country().map(ToOwned::to_owned),
        ..Context::default()
    };
    let wish = Wish {
        id: new.id,
        subscriber_id,
        sender: match &new.scope {
            Scope::Sender(sender) => sender.as_str().to_owned(),
            Scope::All => ANY_SENDER.to_owned(),
        },
        change: if new.opted_out {
            Change::OptOut
        } else {
            Change::OptIn
        },
        source: "api",
        source_event_id: None,
        reason: new.reason.clone(),
        actor: Some(new.actor.clone()),
        effective_at: recorded_at,
        recorded_at,
    };
    Ok((wish, context))
}
