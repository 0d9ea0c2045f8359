//! The lane of receipts: recorded with their message, or parked until it is known.

mod corrections;
mod lookup;
mod reading;
mod rows;

use super::super::facts::{GatewayCall, NewReceipt, ReceiptReply, RecordError};
use super::super::messages;
use super::super::requests::KeptRequest;
use super::lane::Work;
use super::origin::{self, Origin};
use super::outbox_rows::OutboxRows;
use super::parked::{self, TakenIn};
use super::refusals::{self, Report};
use super::{commit, evidence, now, requests};
use crate::domain::status::Status;
use crate::event::{Body, Context, Event, Receipt, TimeSource};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

use corrections::Place;
use lookup::OurIds;
pub(super) use lookup::lock_gateway_ids;
use reading::identity_of;
use rows::Insert;

/// One caller's receipts, with what was drawn for them.
#[derive(Debug)]
pub(super) struct Pending {
    /// The call that they stood in, to be kept.
    pub(super) request: Option<KeptRequest>,
    pub(super) receipts: Vec<PendingReceipt>,
}

/// A receipt with its fingerprint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingReceipt {
    #[serde(flatten)]
    new: NewReceipt,
    fingerprint: Uuid,
    recorded_at: DateTime<Utc>,
    /// The kept call that it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    /// When this server heard of it, if that call is read again; none = now, for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replayed_of: Option<DateTime<Utc>>,
}

impl PendingReceipt {
    fn new(new: NewReceipt, origin: Option<Origin>, recorded_at: DateTime<Utc>) -> Self {
        Self {
            fingerprint: identity_of(&new),
            new,
            recorded_at,
            origin,
            replayed_of: None,
        }
    }

    /// When this server heard of it.
    fn heard_at(&self) -> DateTime<Utc> {
        self.replayed_of.unwrap_or(self.recorded_at)
    }
}

impl Pending {
    pub(super) fn new(receipts: Vec<NewReceipt>) -> Self {
        let recorded_at = now();
        let receipts = receipts
            .into_iter()
            .map(|new| PendingReceipt::new(new, None, recorded_at))
            .collect();
        Self {
            request: None,
            receipts,
        }
    }

    /// A gateway's call.
    pub(super) fn of_call(call: GatewayCall<NewReceipt>) -> Self {
        let recorded_at = now();
        let (request, facts) = origin::of_call(call);
        let receipts = facts
            .map(|(origin, new)| PendingReceipt::new(new, origin, recorded_at))
            .collect();
        Self { request, receipts }
    }

    /// What is read again of a kept call.
    pub(super) fn of_replay(request: &KeptRequest, facts: Vec<(usize, NewReceipt)>) -> Self {
        let recorded_at = now();
        let receipts = facts
            .into_iter()
            .map(|(item, new)| PendingReceipt {
                replayed_of: Some(request.arrived_at),
                ..PendingReceipt::new(new, Some(Origin::new(request.id, item)), recorded_at)
            })
            .collect();
        Self {
            request: None,
            receipts,
        }
    }
}

/// Writes receipts.
#[derive(Clone, Debug)]
pub(super) struct Receipts;

impl Work for Receipts {
    type Item = Arc<Pending>;
    type Reply = Vec<ReceiptReply>;
    const SPOOLED: bool = true;

    fn rows(item: &Arc<Pending>) -> usize {
        item.receipts.len() + requests::rows(item.request.as_ref())
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Arc<Pending>],
    ) -> QueryResult<Vec<Result<Vec<ReceiptReply>, RecordError>>> {
        let mut replies = match write_calls(conn, items, OurIds::Believed) {
            Err(Error::RollbackTransaction) => write_calls(conn, items, OurIds::LookedFor),
            written => written,
        }?
        .into_iter();
        Ok(items
            .iter()
            .map(|item| Ok(replies.by_ref().take(item.receipts.len()).collect()))
            .collect())
    }
}

/// In one transaction; rolled back if an id of ours misled it.
fn write_calls(
    conn: &mut PgConnection,
    items: &[Arc<Pending>],
    our_ids: OurIds,
) -> QueryResult<Vec<ReceiptReply>> {
    let receipts: Vec<&PendingReceipt> = items.iter().flat_map(|item| &item.receipts).collect();
    commit::transaction(conn, |conn| {
        let replies = if receipts.is_empty() {
            Vec::new()
        } else {
            write_receipts(conn, &receipts, our_ids)?
        };
        requests::insert(conn, items.iter().filter_map(|item| item.request.as_ref()))?;
        Ok(replies)
    })
}

fn write_receipts(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
    our_ids: OurIds,
) -> QueryResult<Vec<ReceiptReply>> {
    // 1. Which messages they are about; those rows are locked from here on.
    let (message_ids, contexts) = lock_messages(conn, receipts, our_ids)?;

    // 2. Of those that are read again, what was parked and has its message now; which are new, and which
    //    replace what they were read as before.
    let taken_in = take_in_parked(conn, receipts, &message_ids)?;
    let places = corrections::places(conn, receipts, &message_ids, &taken_in)?;

    // 3. The rows: with their message, or parked.
    let mut recorded = Insert::default();
    let mut parked = Insert::default();
    let mut events = OutboxRows::default();
    for ((receipt, message_id), place) in receipts.iter().zip(&message_ids).zip(&places) {
        let Some(key) = place.key(receipt) else {
            continue; // as it was read before
        };
        let rows = if message_id.is_some() {
            &mut recorded
        } else {
            &mut parked
        };
        rows.push(receipt, *message_id, key);
        let context = message_id.and_then(|id| contexts.get(&id));
        events.push(&event(receipt, context, key.corrects))?;
    }
    let mut new = recorded.into_receipts(conn)?;
    new.extend(parked.into_parked_receipts(conn)?);

    // 4. Events of those that are new, and opt-outs that they tell of; the status of the messages they
    //    are about.
    events.retain(|id| new.contains(id));
    parked::tell(&taken_in, &contexts, &mut events)?;
    let to_tell = receipts.iter().zip(&message_ids).zip(&places);
    let to_tell = to_tell
        .filter(|((receipt, _), place)| new.contains(&receipt.new.id) && !place.told_opt_out());
    let reports =
        to_tell.filter_map(|((receipt, id), _)| Some(report(receipt, contexts.get(id.as_ref()?)?)));
    refusals::apply(conn, reports, &mut events)?;
    events.insert(conn)?;
    evidence::recompute_status(conn, &contexts.keys().copied().collect::<Vec<_>>())?;

    let replies = receipts.iter().zip(&message_ids).zip(&places);
    let replies = replies.map(|((receipt, message_id), place)| {
        match (new.contains(&receipt.new.id), place, message_id) {
            (false, _, _) => ReceiptReply::Duplicate,
            (true, place, _) if place.withdraws_opt_out() => ReceiptReply::CorrectedOptOut,
            (true, Place::Correction { .. }, _) => ReceiptReply::Corrected,
            (true, _, Some(_)) => ReceiptReply::Recorded,
            (true, _, None) => ReceiptReply::Parked,
        }
    });
    Ok(replies.collect())
}

/// The message of each receipt, in order, if there is one; and the messages, locked.
type LockedMessages = (Vec<Option<Uuid>>, HashMap<Uuid, Context>);

/// Which messages the receipts are about, and their rows until the transaction ends. Gateways' ids are
/// locked before any message is: for one that is needed after all, everything is begun again.
fn lock_messages(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
    our_ids: OurIds,
) -> QueryResult<LockedMessages> {
    let message_ids = lookup::message_ids(conn, receipts, our_ids)?;
    let known: BTreeSet<Uuid> = message_ids.iter().flatten().copied().collect();
    let contexts = messages::lock_contexts(conn, &known.into_iter().collect::<Vec<_>>())?;
    let misled = |receipt: &&PendingReceipt| lookup::was_misled(receipt, &contexts);
    if our_ids == OurIds::Believed && receipts.iter().any(misled) {
        return Err(Error::RollbackTransaction);
    }
    let message_ids = message_ids
        .into_iter()
        .map(|id| id.filter(|id| contexts.contains_key(id)))
        .collect();
    Ok((message_ids, contexts))
}

/// What was read from the same items before, and waits for a message that is found now.
fn take_in_parked(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
    message_ids: &[Option<Uuid>],
) -> QueryResult<Vec<TakenIn>> {
    let named: Vec<(Origin, Uuid)> = receipts
        .iter()
        .zip(message_ids)
        .filter(|(receipt, _)| receipt.replayed_of.is_some())
        .filter_map(|(receipt, message_id)| Some((receipt.origin?, (*message_id)?)))
        .collect();
    let waiting = parked::of_calls(conn, &named)?;
    parked::take_in(conn, waiting)
}

fn report<'a>(receipt: &'a PendingReceipt, context: &'a Context) -> Report<'a> {
    Report {
        id: receipt.new.id,
        gateway: &receipt.new.gateway,
        error_class: receipt.new.error_class,
        error_code: receipt.new.error_code.as_deref(),
        gateway_time: receipt.new.gateway_time,
        reported_at: receipt.heard_at(),
        recorded_at: receipt.recorded_at,
        context,
    }
}

fn event(receipt: &PendingReceipt, context: Option<&Context>, corrects: Option<Uuid>) -> Event {
    let new = &receipt.new;
    let mut context = context.cloned().unwrap_or_default();
    // The gateway that reported, which may not be the one the message was first meant for.
    context.gateway = Some(new.gateway.clone());
    Event {
        event_id: new.id,
        occurred_at: new.gateway_time.unwrap_or(receipt.heard_at()),
        time_source: match new.gateway_time {
            Some(_) => TimeSource::Gateway,
            None => TimeSource::Server,
        },
        recorded_at: receipt.recorded_at,
        context,
        body: Body::Receipt(Receipt {
            receipt_id: new.id,
            gateway_message_id: new.gateway_message_id.clone(),
            gateway_event_id: new.gateway_event_id.clone(),
            status: new.status.as_str().to_owned(),
            raw_status: new.raw_status.clone(),
            error_code: new.error_code.clone(),
            error_class: new.error_class.map(|class| class.as_str().to_owned()),
            permanent: new.permanent,
            is_final: is_final(new.status, new.synthetic),
            synthetic: new.synthetic,
            delivery_level: new.delivery_level.map(|level| level.as_str().to_owned()),
            segment_number: new.segment_number.map(u32::from),
            segment_count: new.segment_count.map(u32::from),
            price: new.price.clone(),
            currency: new.currency.clone(),
            mcc_mnc: new.mcc_mnc.clone(),
            corrects,
        }),
    }
}

/// A synthetic final is not the last word: a real one may still come.
fn is_final(status: Status, synthetic: bool) -> bool {
    status.is_final() && !synthetic
}
