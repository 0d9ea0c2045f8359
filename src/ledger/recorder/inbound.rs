//! The lane of inbound messages: recorded once, attached to the last message sent to that number by
//! that sender, and the wish in them, if there is one, made to stand in the same transaction. Parts of
//! a longer text wait for one another first: see [`parts`].

mod parts;
mod pending;
mod rows;

use super::super::facts::{InboundReply, RecordError};
use super::super::{messages, subscribers};
use super::lane::Work;
use super::outbox_rows::OutboxRows;
use super::wishes::{self, Change, Wish};
use super::{PersonalData, commit, requests};
use crate::domain::opt_out::{Intent, OptOutRules};
use crate::event::{Body, Context, Event, Inbound, TimeSource};
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

pub(super) use parts::{MOST_OVERDUE, overdue};
pub(super) use pending::{Pending, PendingInbound};

/// Writes inbound messages.
#[derive(Clone, Debug)]
pub(super) struct Inbounds {
    personal_data: PersonalData,
    rules: Arc<OptOutRules>,
}

impl Inbounds {
    pub(super) fn new(personal_data: PersonalData, rules: Arc<OptOutRules>) -> Self {
        Self {
            personal_data,
            rules,
        }
    }

    fn write_inbounds(
        &self,
        conn: &mut PgConnection,
        inbounds: &[&PendingInbound],
        subscribers: &HashMap<String, Uuid>,
    ) -> QueryResult<Vec<InboundReply>> {
        // 1. Which are new; parts wait, or make a text.
        let mut new = rows::claim(conn, inbounds)?;
        let joined = parts::join(conn, inbounds, &mut new, subscribers, &self.rules)?;

        // 2. What is recorded: all that came but parts, and the texts that parts made.
        let mut all = inbounds.to_vec();
        all.extend(joined.iter().map(|joined| &joined.text));
        let mut record = new.clone();
        for (record, inbound) in record.iter_mut().zip(inbounds) {
            *record &= !inbound.is_part();
        }
        record.resize(all.len(), true);
        let answered = self.record(conn, &all, &mut record, subscribers)?;

        // 3. What the callers hear; the part that made a text stands for it.
        let mut replies: Vec<InboundReply> = Vec::with_capacity(inbounds.len());
        for (index, inbound) in inbounds.iter().enumerate() {
            let taken = if inbound.is_part() {
                new[index]
            } else {
                record[index]
            };
            replies.push(InboundReply {
                duplicate: !taken,
                spooled: false,
                intent: inbound.verdict.intent,
                message_id: answered[index],
            });
        }
        for joined in &joined {
            if let Some(reply) = joined.completed_by.and_then(|index| replies.get_mut(index)) {
                reply.intent = joined.text.verdict.intent;
            }
        }
        Ok(replies)
    }

    /// Records texts that are `new`, with their wishes and the events of both; takes `new` from those
    /// that are there all the same. Returns the message that each answers.
    fn record(
        &self,
        conn: &mut PgConnection,
        inbounds: &[&PendingInbound],
        new: &mut [bool],
        subscribers: &HashMap<String, Uuid>,
    ) -> QueryResult<Vec<Option<Uuid>>> {
        // 1. Which message each answers.
        let answered = rows::last_messages(conn, inbounds, subscribers)?;
        let ids: Vec<Uuid> = answered.iter().flatten().copied().collect();
        let contexts = messages::contexts(conn, &ids)?;
        // 2. The rows of the new ones, their wishes, and the events of both.
        rows::insert(conn, inbounds, new, subscribers, &answered)?;
        let mut events = OutboxRows::default();
        let mut wishes = Vec::new();
        let mut wish_contexts = Vec::new();
        for (index, inbound) in inbounds.iter().enumerate().filter(|(index, _)| new[*index]) {
            let message = answered[index].and_then(|id| contexts.get(&id));
            let context = context(inbound, subscribers, message);
            events.push(&self.event(inbound, &context))?;
            if let Some(wish) = wish(inbound, &context) {
                wishes.push(wish);
                wish_contexts.push(context);
            }
        }
        let changed = wishes::apply(conn, &wishes)?;
        for ((wish, context), changed) in wishes.iter().zip(&wish_contexts).zip(changed) {
            if changed {
                events.push(&wishes::event(wish, context))?;
            }
        }
        events.insert(conn)?;
        Ok(answered)
    }

    fn event(&self, inbound: &PendingInbound, context: &Context) -> Event {
        let new = &inbound.new;
        Event {
            event_id: new.id,
            occurred_at: new.received_at.unwrap_or(inbound.heard_at()),
            time_source: match new.received_at {
                Some(_) => TimeSource::Gateway,
                None => TimeSource::Server,
            },
            recorded_at: inbound.recorded_at,
            context: context.clone(),
            body: Body::Inbound(Inbound {
                inbound_id: new.id,
                gateway_message_id: new.gateway_message_id.clone(),
                segments: new.segments.map(u32::from),
                complete: inbound.complete,
                intent: inbound.verdict.intent.as_str().to_owned(),
                intent_reason: inbound.verdict.reason.as_deref().map(ToOwned::to_owned),
                ruleset: inbound.verdict.ruleset.clone(),
                from_number: self
                    .personal_data
                    .numbers
                    .then(|| new.from.as_str().to_owned()),
                body: self.personal_data.bodies.then(|| new.body.clone()),
            }),
        }
    }
}

impl Work for Inbounds {
    type Item = Arc<Pending>;
    type Reply = Vec<InboundReply>;
    const SPOOLED: bool = true;

    fn rows(item: &Arc<Pending>) -> usize {
        item.inbounds.len() + requests::rows(item.request.as_ref())
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Arc<Pending>],
    ) -> QueryResult<Vec<Result<Vec<InboundReply>, RecordError>>> {
        let inbounds: Vec<&PendingInbound> = items.iter().flat_map(|item| &item.inbounds).collect();
        let numbers = inbounds.iter().map(|inbound| &inbound.new.from);
        let subscribers = subscribers::resolve(conn, numbers)?;
        let mut replies = commit::transaction(conn, |conn| {
            let replies = if inbounds.is_empty() {
                Vec::new()
            } else {
                self.write_inbounds(conn, &inbounds, &subscribers)?
            };
            requests::insert(conn, items.iter().filter_map(|item| item.request.as_ref()))?;
            Ok(replies)
        })?
        .into_iter();
        Ok(items
            .iter()
            .map(|item| Ok(replies.by_ref().take(item.inbounds.len()).collect()))
            .collect())
    }
}

/// The message's context if the inbound answers one, else what is known of the subscriber.
fn context(
    inbound: &PendingInbound,
    subscribers: &HashMap<String, Uuid>,
    message: Option<&Context>,
) -> Context {
    Context {
        subscriber_id: subscribers.get(inbound.new.from.as_str()).copied(),
        sender: Some(inbound.new.to.as_str().to_owned()),
        country: inbound.new.from.country().map(ToOwned::to_owned),
        gateway: Some(inbound.new.gateway.clone()),
        ..message.cloned().unwrap_or_default()
    }
}

/// STOP and START are about the sender that they were sent to.
fn wish(inbound: &PendingInbound, context: &Context) -> Option<Wish> {
    let change = match inbound.verdict.intent {
        Intent::Stop => Change::OptOut,
        Intent::Start => Change::OptIn,
        Intent::Help | Intent::PossibleStop | Intent::None => return None,
    };
    let of_gateway = inbound.new.gateway_intent.is_some();
    Some(Wish {
        id: inbound.wish_id,
        subscriber_id: context.subscriber_id?,
        sender: inbound.new.to.as_str().to_owned(),
        change,
        source: if of_gateway { "gateway" } else { "keyword" },
        source_event_id: Some(inbound.new.id),
        reason: inbound.verdict.reason.as_deref().map(ToOwned::to_owned),
        actor: Some(inbound.new.gateway.clone()),
        // When the subscriber wrote it; a gateway's clock that is ahead is not believed.
        effective_at: inbound
            .new
            .received_at
            .map_or(inbound.heard_at(), |time| time.min(inbound.heard_at())),
        recorded_at: inbound.recorded_at,
    })
}
