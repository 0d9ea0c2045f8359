//! Texts that a gateway hands in part by part. Parts wait in a table of their own; the text is recorded
//! in the transaction in which they leave it: when the last one comes, when its reference is used
//! again, or when its time is up.
//!
//! Each text is locked while its parts are looked at, by a lock on its key rather than on rows: of two
//! parts that come at the same moment to two servers, neither may miss the other. Taken after
//! `seen_facts` is claimed and before any row of `opt_outs` is touched, by all who do.

mod overdue;
mod rows;

use super::pending::{PendingInbound, verdict_of};
use crate::domain::opt_out::OptOutRules;
use crate::domain::part::{Gathered, Gathering, Part};
use crate::domain::phone::Sender;
use crate::ledger::facts::NewInbound;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

pub(in crate::ledger::recorder) use overdue::{MOST as MOST_OVERDUE, overdue};

/// What the parts of one text share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TextKey {
    gateway: String,
    subscriber_id: Uuid,
    sender: Sender,
    reference: String,
    total: u8,
}

/// A part that has come.
#[derive(Clone, Debug)]
struct WaitingPart {
    new: NewInbound,
    number: u8,
    /// When a server heard of it.
    heard_at: DateTime<Utc>,
    /// Whether it stands in the table, and for how many seconds.
    stored_for: Option<f64>,
}

/// A text to be recorded.
pub(super) struct Joined {
    pub(super) text: PendingInbound,
    /// The place of the part that completed it among those that came; none if parts are missing.
    pub(super) completed_by: Option<usize>,
}

/// Lets the new ones among these that are parts wait for their others. Returns the texts that are
/// whole now, or whose reference another text uses; `new` is taken from parts that are there already.
pub(super) fn join(
    conn: &mut PgConnection,
    inbounds: &[&PendingInbound],
    new: &mut [bool],
    subscribers: &HashMap<String, Uuid>,
    rules: &OptOutRules,
) -> QueryResult<Vec<Joined>> {
    let arriving: Vec<(usize, TextKey, &PendingInbound)> = inbounds
        .iter()
        .enumerate()
        .filter(|(index, _)| new[*index])
        .filter_map(|(index, inbound)| Some((index, key(inbound, subscribers)?, *inbound)))
        .collect();
    if arriving.is_empty() {
        return Ok(Vec::new());
    }
    let mut texts = rows::lock(conn, arriving.iter().map(|(_, key, _)| key))?;
    let mut leaving = Vec::new();
    let mut joined = Vec::new();
    for (index, key, inbound) in arriving {
        let part = WaitingPart::of(inbound);
        let text = texts
            .entry(key.clone())
            .or_insert_with(|| Gathering::of(key.total));
        let (parts, completed_by) = match text.add(part.number, part, is_same) {
            Gathered::Waits => continue,
            Gathered::Repeated => {
                new[index] = false;
                continue;
            }
            Gathered::Whole(parts) => (parts, Some(index)),
            Gathered::Another(parts) => (parts, None),
        };
        joined.extend(
            text_of(&parts, inbound.recorded_at, rules).map(|text| Joined { text, completed_by }),
        );
        leaving.extend(parts.into_iter().map(|part| (key.clone(), part)));
    }
    rows::remove(conn, &leaving)?;
    rows::put(conn, &texts)?;
    Ok(joined)
}

fn key(inbound: &PendingInbound, subscribers: &HashMap<String, Uuid>) -> Option<TextKey> {
    let new = &inbound.new;
    let part = joinable(new)?;
    Some(TextKey {
        gateway: new.gateway.clone(),
        subscriber_id: *subscribers.get(new.from.as_str())?,
        sender: new.to.clone(),
        reference: part.reference.clone(),
        total: part.total,
    })
}

/// Its place, if it is one part of several.
pub(super) fn joinable(new: &NewInbound) -> Option<&Part> {
    new.part.as_ref().filter(|part| part.has_place(&new.body))
}

/// Parts that the gateway tells apart are not the same, or the second one would not be new. Where it
/// gives neither an id nor a time, the same text in the same place is taken for a repetition.
fn is_same(there: &WaitingPart, other: &WaitingPart) -> bool {
    let told_apart = |part: &WaitingPart| {
        part.new.gateway_message_id.is_some() || part.new.received_at.is_some()
    };
    !told_apart(there) && !told_apart(other) && there.new.body == other.new.body
}

impl WaitingPart {
    fn of(inbound: &PendingInbound) -> Self {
        Self {
            number: inbound.new.part.as_ref().map_or(1, |part| part.number),
            new: inbound.new.clone(),
            heard_at: inbound.heard_at(),
            stored_for: None,
        }
    }
}

/// The text of these parts, which are in order. Its id is its first part's, so that parts which come
/// out of a spool a second time, so late that their fingerprints were pruned, make no second text.
fn text_of(
    parts: &[WaitingPart],
    recorded_at: DateTime<Utc>,
    rules: &OptOutRules,
) -> Option<PendingInbound> {
    let first = &parts.first()?.new;
    let of_first = first.part.as_ref();
    let complete = of_first.is_none_or(|part| parts.len() == usize::from(part.total));
    let new = NewInbound {
        body: parts.iter().map(|part| part.new.body.as_str()).collect(),
        segments: u16::try_from(parts.len()).ok(),
        received_at: parts.iter().filter_map(|part| part.new.received_at).min(),
        gateway_intent: parts.iter().find_map(|part| part.new.gateway_intent),
        part: None,
        ..first.clone()
    };
    Some(PendingInbound {
        // With the last of them: what was sent while it waited is not what it answers.
        arrived_at: parts.iter().map(|part| part.heard_at).max(),
        // Drawn in the transaction: the parts leave in it, so it happens once.
        wish_id: Uuid::now_v7(),
        // Claimed part by part.
        fingerprint: Uuid::nil(),
        origin: None,
        verdict: verdict_of(&new, complete, rules),
        new,
        recorded_at,
        complete,
    })
}

/// The texts of these keys, with what waits of each.
type Texts = BTreeMap<TextKey, Gathering<WaitingPart>>;
