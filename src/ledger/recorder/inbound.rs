//! The lane of inbound messages: recorded once, attached to the last message sent to that number by
//! that sender, and the wish in them, if there is one, made to stand in the same transaction. Parts of
//! a longer text wait for one another first: see [`parts`].

mod parts;
mod rows;

use super::super::facts::{GatewayCall, InboundReply, NewInbound, RecordError};
use super::super::requests::KeptRequest;
use super::super::{messages, subscribers};
use super::fingerprint::fingerprint;
use super::lane::Work;
use super::origin::{self, Origin};
use super::outbox_rows::OutboxRows;
use super::wishes::{self, Change, Wish};
use super::{PersonalData, commit, now, requests};
use crate::domain::opt_out::{Intent, OptOutRules};
use crate::domain::part::Part;
use crate::event::{Body, Context, Event, Inbound, TimeSource, format_time};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

pub(super) use parts::{MOST_OVERDUE, overdue};

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
    /// The kept call that it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    verdict: Reading,
    recorded_at: DateTime<Utc>,
    /// When a server heard of it; none = when it was recorded. Of a replay, and of a text that parts
    /// made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived_at: Option<DateTime<Utc>>,
    /// Whether all of the text came.
    #[serde(default = "complete")]
    complete: bool,
}

/// What is said of records of a spool that come from before there were parts.
fn complete() -> bool {
    true
}

/// What a text asks for, and the rule that says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) intent: Intent,
    reason: Option<Cow<'static, str>>,
    /// The rule set that says so.
    #[serde(default = "first_ruleset")]
    ruleset: String,
}

/// The one that was in use when records of a spool did not name it.
fn first_ruleset() -> String {
    "words-1".to_owned()
}

impl Reading {
    /// Of a text that nobody has read yet.
    fn none(rules: &OptOutRules) -> Self {
        Self {
            intent: Intent::None,
            reason: None,
            ruleset: rules.name().to_owned(),
        }
    }
}

impl PendingInbound {
    fn new(
        new: NewInbound,
        origin: Option<Origin>,
        recorded_at: DateTime<Utc>,
        rules: &OptOutRules,
    ) -> Self {
        // A part without a place is recorded as it is: it can be joined with nothing.
        let complete = new.part.as_ref().is_none_or(Part::is_whole);
        Self {
            wish_id: Uuid::now_v7(),
            fingerprint: fingerprint_of(&new),
            origin,
            verdict: match parts::joinable(&new) {
                Some(_) => Reading::none(rules),
                None => verdict_of(&new, complete, rules),
            },
            new,
            recorded_at,
            arrived_at: None,
            complete,
        }
    }

    /// What is noted of it, and must be new: what tells it from others, and where it was read. So one
    /// that is read otherwise later, with another text or number or as a part, is known by its place.
    fn claims(&self) -> impl Iterator<Item = Uuid> {
        let origin = self.origin.map(Origin::fingerprint);
        std::iter::once(self.fingerprint).chain(origin)
    }

    /// Whether it is one part of several, and waits for the others.
    fn is_part(&self) -> bool {
        parts::joinable(&self.new).is_some()
    }

    /// What its text asks for.
    pub(super) fn intent(&self) -> Intent {
        self.verdict.intent
    }

    /// When a server heard of it.
    fn heard_at(&self) -> DateTime<Utc> {
        self.arrived_at.unwrap_or(self.recorded_at)
    }
}

impl Pending {
    pub(super) fn new(inbounds: Vec<NewInbound>, rules: &OptOutRules) -> Self {
        let recorded_at = now();
        let inbounds = inbounds
            .into_iter()
            .map(|new| PendingInbound::new(new, None, recorded_at, rules))
            .collect();
        Self {
            request: None,
            inbounds,
        }
    }

    /// A gateway's call.
    pub(super) fn of_call(call: GatewayCall<NewInbound>, rules: &OptOutRules) -> Self {
        let recorded_at = now();
        let (request, facts) = origin::of_call(call);
        let inbounds = facts
            .map(|(origin, new)| PendingInbound::new(new, origin, recorded_at, rules))
            .collect();
        Self { request, inbounds }
    }

    /// What is read again of a kept call.
    pub(super) fn of_replay(
        request: &KeptRequest,
        facts: Vec<(usize, NewInbound)>,
        rules: &OptOutRules,
    ) -> Self {
        let recorded_at = now();
        let origin = |item| Some(Origin::new(request.id, item));
        let inbounds = facts
            .into_iter()
            .map(|(item, new)| PendingInbound {
                arrived_at: Some(request.arrived_at),
                ..PendingInbound::new(new, origin(item), recorded_at, rules)
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
/// recorded twice is better than one that is lost. Parts of one text may have one id.
fn fingerprint_of(inbound: &NewInbound) -> Uuid {
    let own_id = inbound.id.to_string();
    let time = inbound.received_at.as_ref().map(format_time);
    let mut told: Vec<Option<&str>> = match (&inbound.gateway_message_id, &time) {
        (Some(id), _) => vec![Some(&inbound.gateway), Some(id)],
        (None, None) => return fingerprint(&[Some(&own_id)]),
        (None, Some(time)) => vec![
            Some(&inbound.gateway),
            None,
            Some(inbound.from.as_str()),
            Some(inbound.to.as_str()),
            Some(&inbound.body),
            Some(time),
        ],
    };
    let part = inbound.part.as_ref().filter(|part| !part.is_whole());
    let number = part.map(|part| part.number.to_string());
    if let Some(part) = part {
        told.extend([Some(part.reference.as_str()), number.as_deref()]);
    }
    fingerprint(&told)
}

/// The gateway's own verdict counts before ours.
fn verdict_of(inbound: &NewInbound, complete: bool, rules: &OptOutRules) -> Reading {
    let (intent, reason) = match inbound.gateway_intent {
        Some(intent) => (intent, Some("gateway")),
        None => {
            let verdict = rules.read(&inbound.body, inbound.from.country());
            let verdict = if complete {
                verdict
            } else {
                verdict.of_a_piece()
            };
            (verdict.intent, verdict.reason)
        }
    };
    Reading {
        intent,
        reason: reason.map(Cow::Borrowed),
        ruleset: rules.name().to_owned(),
    }
}

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
