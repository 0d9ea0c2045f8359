//! The lane of wishes over the API.

use super::super::facts::{NewOptOut, RecordError};
use super::super::subscribers;
use super::lane::Work;
use super::now;
use super::outbox_rows::OutboxRows;
use super::wishes::{self, ANY_SENDER, Wish};
use crate::domain::opt_out::Scope;
use crate::event::Context;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

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
        let mut contexts = Vec::new();
        for item in items.iter() {
            for new in &item.wishes {
                let Some(&subscriber_id) = ids.get(new.number.as_str()) else {
                    continue;
                };
                wishes.push(wish(new, subscriber_id, item.recorded_at));
                contexts.push(Context {
                    country: new.number.country().map(ToOwned::to_owned),
                    ..Context::default()
                });
            }
        }
        conn.transaction(|conn| {
            let changed = wishes::apply(conn, &wishes)?;
            let mut events = OutboxRows::default();
            for ((wish, context), changed) in wishes.iter().zip(&contexts).zip(changed) {
                if changed {
                    events.push(&wishes::event(wish, context))?;
                }
            }
            events.insert(conn)
        })?;
        Ok(items.iter().map(|_| Ok(())).collect())
    }
}

fn wish(new: &NewOptOut, subscriber_id: uuid::Uuid, recorded_at: DateTime<Utc>) -> Wish {
    Wish {
        id: new.id,
        subscriber_id,
        sender: match &new.scope {
            Scope::Sender(sender) => sender.as_str().to_owned(),
            Scope::All => ANY_SENDER.to_owned(),
        },
        opted_out: new.opted_out,
        source: "api",
        source_event_id: None,
        reason: new.reason.clone(),
        actor: Some(new.actor.clone()),
        effective_at: recorded_at,
        recorded_at,
    }
}
