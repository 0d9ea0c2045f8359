//! The lane of inbound messages: recorded once, attached to the last message sent to that number by
//! that sender, and the wish in them, if there is one, made to stand in the same transaction.

mod rows;

use super::super::facts::{GatewayCall, InboundReply, NewInbound, RecordError};
use super::super::requests::KeptRequest;
use super::super::{messages, subscribers};
use super::fingerprint::fingerprint;
use super::lane::Work;
use super::origin::{self, Origin};
use super::outbox_rows::OutboxRows;
use super::wishes::{self, Wish};
use super::{PersonalData, commit, now, requests};
use crate::domain::opt_out::{self, Intent};
use crate::event::{Body, Context, Event, Inbound, TimeSource, format_time};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// One caller's inbound messages.
#[derive(Debug)]
pub(super) struct Pending {
    /// The call that they stood in, to be kept.
    pub(super) request: Option<KeptRequest>,
    pub(super) inbounds: Vec<PendingInbound>,
}

/// An inbound message with its fingerprint and what its text means.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingInbound {
    #[serde(flatten)]
    new: NewInbound,
    /// The event id of the wish, should there be one.
    wish_id: Uuid,
    fingerprint: Uuid,
    verdict: Reading,
    recorded_at: DateTime<Utc>,
    /// When this server heard of it; none = when it was recorded. Of a replay alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived_at: Option<DateTime<Utc>>,
}

/// What a text asks for, and the rule that says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) intent: Intent,
    reason: Option<Cow<'static, str>>,
}

impl PendingInbound {
    fn new(new: NewInbound, origin: Option<Origin>, recorded_at: DateTime<Utc>) -> Self {
        Self {
            wish_id: Uuid::now_v7(),
            fingerprint: fingerprint_of(&new, origin),
            verdict: verdict_of(&new),
            new,
            recorded_at,
            arrived_at: None,
        }
    }

    /// What its text asks for.
    pub(super) fn intent(&self) -> Intent {
        self.verdict.intent
    }

    /// When this server heard of it.
    fn heard_at(&self) -> DateTime<Utc> {
        self.arrived_at.unwrap_or(self.recorded_at)
    }
}

impl Pending {
    pub(super) fn new(inbounds: Vec<NewInbound>) -> Self {
        let recorded_at = now();
        let inbounds = inbounds
            .into_iter()
            .map(|new| PendingInbound::new(new, None, recorded_at))
            .collect();
        Self {
            request: None,
            inbounds,
        }
    }

    /// A gateway's call.
    pub(super) fn of_call(call: GatewayCall<NewInbound>) -> Self {
        let recorded_at = now();
        let (request, facts) = origin::of_call(call);
        let inbounds = facts
            .map(|(origin, new)| PendingInbound::new(new, origin, recorded_at))
            .collect();
        Self { request, inbounds }
    }

    /// What is read again of a kept call.
    pub(super) fn of_replay(request: &KeptRequest, facts: Vec<(usize, NewInbound)>) -> Self {
        let recorded_at = now();
        let inbounds = facts
            .into_iter()
            .map(|(item, new)| PendingInbound {
                arrived_at: Some(request.arrived_at),
                ..PendingInbound::new(new, Some(Origin::new(request.id, item)), recorded_at)
            })
            .collect();
        Self {
            request: None,
            inbounds,
        }
    }
}

/// The gateway's id tells repetitions apart; without one, all that the gateway said must be equal,
/// its time included. Without either, nothing can be told, and each is taken for a new one: a reply
/// recorded twice is better than one that is lost. A call that is kept can be read again, so there the
/// new one is drawn from the call and its place in it.
fn fingerprint_of(inbound: &NewInbound, origin: Option<Origin>) -> Uuid {
    let own_id = inbound.id.to_string();
    let time = inbound.received_at.as_ref().map(format_time);
    match (&inbound.gateway_message_id, &time) {
        (Some(id), _) => fingerprint(&[Some(&inbound.gateway), Some(id)]),
        (None, None) => match origin {
            Some(origin) => origin.fingerprint(),
            None => fingerprint(&[Some(&own_id)]),
        },
        (None, Some(time)) => fingerprint(&[
            Some(&inbound.gateway),
            None,
            Some(inbound.from.as_str()),
            Some(inbound.to.as_str()),
            Some(&inbound.body),
            Some(time),
        ]),
    }
}

/// The gateway's own verdict counts before ours.
fn verdict_of(inbound: &NewInbound) -> Reading {
    let (intent, reason) = match inbound.gateway_intent {
        Some(intent) => (intent, Some("gateway")),
        None => {
            let verdict = opt_out::classify(&inbound.body);
            (verdict.intent, verdict.reason)
        }
    };
    Reading {
        intent,
        reason: reason.map(Cow::Borrowed),
    }
}

/// Writes inbound messages.
#[derive(Clone, Debug)]
pub(super) struct Inbounds {
    personal_data: PersonalData,
}

impl Inbounds {
    pub(super) fn new(personal_data: PersonalData) -> Self {
        Self { personal_data }
    }

    fn write_inbounds(
        &self,
        conn: &mut PgConnection,
        inbounds: &[&PendingInbound],
        subscribers: &HashMap<String, Uuid>,
    ) -> QueryResult<Vec<InboundReply>> {
        // 1. Which are new.
        let mut new = rows::claim(conn, inbounds)?;
        // 2. Which message each answers.
        let answered = rows::last_messages(conn, inbounds, subscribers)?;
        let ids: Vec<Uuid> = answered.iter().flatten().copied().collect();
        let contexts = messages::contexts(conn, &ids)?;
        // 3. The rows of the new ones, their wishes, and the events of both.
        rows::insert(conn, inbounds, &mut new, subscribers, &answered)?;
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
        let replies = inbounds
            .iter()
            .zip(new)
            .zip(answered)
            .map(|((inbound, new), message_id)| InboundReply {
                duplicate: !new,
                spooled: false,
                intent: inbound.verdict.intent,
                message_id,
            });
        Ok(replies.collect())
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
                complete: true,
                intent: inbound.verdict.intent.as_str().to_owned(),
                intent_reason: inbound.verdict.reason.as_deref().map(ToOwned::to_owned),
                ruleset: opt_out::RULESET.to_owned(),
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
    let opted_out = match inbound.verdict.intent {
        Intent::Stop => true,
        Intent::Start => false,
        Intent::Help | Intent::PossibleStop | Intent::None => return None,
    };
    let of_gateway = inbound.new.gateway_intent.is_some();
    Some(Wish {
        id: inbound.wish_id,
        subscriber_id: context.subscriber_id?,
        sender: inbound.new.to.as_str().to_owned(),
        opted_out,
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
