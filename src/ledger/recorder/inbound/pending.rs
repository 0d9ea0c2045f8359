//! What a caller handed in, on its way: each inbound message with its fingerprint and what its text asks
//! for, read on the caller's thread.

use super::super::fingerprint::fingerprint;
use super::super::now;
use super::super::origin::{self, Origin};
use super::parts;
use crate::domain::opt_out::{Intent, OptOutRules};
use crate::domain::part::Part;
use crate::event::format_time;
use crate::ledger::facts::{GatewayCall, NewInbound};
use crate::ledger::requests::KeptRequest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use uuid::Uuid;

/// One caller's inbound messages.
#[derive(Debug)]
pub(in crate::ledger::recorder) struct Pending {
    /// The call that they stood in, to be kept.
    pub(in crate::ledger::recorder) request: Option<KeptRequest>,
    pub(in crate::ledger::recorder) inbounds: Vec<PendingInbound>,
}

/// An inbound message with its fingerprint and what its text means.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::ledger::recorder) struct PendingInbound {
    #[serde(flatten)]
    pub(super) new: NewInbound,
    /// The event id of the wish, should there be one.
    pub(super) wish_id: Uuid,
    pub(super) fingerprint: Uuid,
    /// The kept call that it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<Origin>,
    pub(super) verdict: Reading,
    pub(super) recorded_at: DateTime<Utc>,
    /// When a server heard of it; none = when it was recorded. Of a replay, and of a text that parts
    /// made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arrived_at: Option<DateTime<Utc>>,
    /// Whether all of the text came.
    #[serde(default = "complete")]
    pub(super) complete: bool,
}

/// What is said of records of a spool that come from before there were parts.
fn complete() -> bool {
    true
}

/// What a text asks for, and the rule that says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ledger::recorder) struct Reading {
    pub(in crate::ledger::recorder) intent: Intent,
    pub(super) reason: Option<Cow<'static, str>>,
    /// The rule set that says so.
    #[serde(default = "first_ruleset")]
    pub(super) ruleset: String,
}

/// The one that was in use when records of a spool did not name it.
fn first_ruleset() -> String {
    "words-1".to_owned()
}

impl Reading {
    /// Of a text that nobody has read yet.
    pub(super) fn none(rules: &OptOutRules) -> Self {
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
    pub(super) fn claims(&self) -> impl Iterator<Item = Uuid> {
        let origin = self.origin.map(Origin::fingerprint);
        std::iter::once(self.fingerprint).chain(origin)
    }

    /// Whether it is one part of several, and waits for the others.
    pub(super) fn is_part(&self) -> bool {
        parts::joinable(&self.new).is_some()
    }

    /// What its text asks for.
    pub(in crate::ledger::recorder) fn intent(&self) -> Intent {
        self.verdict.intent
    }

    /// When a server heard of it.
    pub(super) fn heard_at(&self) -> DateTime<Utc> {
        self.arrived_at.unwrap_or(self.recorded_at)
    }
}

impl Pending {
    pub(in crate::ledger::recorder) fn new(inbounds: Vec<NewInbound>, rules: &OptOutRules) -> Self {
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
    pub(in crate::ledger::recorder) fn of_call(
        call: GatewayCall<NewInbound>,
        rules: &OptOutRules,
    ) -> Self {
        let recorded_at = now();
        let (request, facts) = origin::of_call(call);
        let inbounds = facts
            .map(|(origin, new)| PendingInbound::new(new, origin, recorded_at, rules))
            .collect();
        Self { request, inbounds }
    }

    /// What is read again of a kept call.
    pub(in crate::ledger::recorder) fn of_replay(
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
pub(super) fn verdict_of(inbound: &NewInbound, complete: bool, rules: &OptOutRules) -> Reading {
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
