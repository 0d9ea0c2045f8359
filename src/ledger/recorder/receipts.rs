//! The lane of receipts: recorded with their message, or parked until it is known.

mod lookup;
mod rows;

use super::super::facts::{NewReceipt, ReceiptReply, RecordError};
use super::super::messages;
use super::fingerprint::fingerprint;
use super::lane::Work;
use super::outbox_rows::OutboxRows;
use super::refusals::{self, Report};
use super::{commit, evidence, now};
use crate::domain::status::Status;
use crate::event::{Body, Context, Event, Receipt, TimeSource, format_time};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

pub(super) use lookup::lock_gateway_ids;
use rows::Insert;

/// One caller's receipts, with what was drawn for them.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) receipts: Vec<PendingReceipt>,
}

/// A receipt with its fingerprint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingReceipt {
    #[serde(flatten)]
    new: NewReceipt,
    fingerprint: Uuid,
    recorded_at: DateTime<Utc>,
}

impl Pending {
    pub(super) fn new(receipts: Vec<NewReceipt>) -> Self {
        let recorded_at = now();
        let receipts = receipts
            .into_iter()
            .map(|new| PendingReceipt {
                fingerprint: fingerprint_of(&new),
                new,
                recorded_at,
            })
            .collect();
        Self { receipts }
    }
}

/// Gateway, canonical id, segment, raw status, error code, gateway time if given.
fn fingerprint_of(receipt: &NewReceipt) -> Uuid {
    let our_id = receipt.message_id.map(|id| id.to_string());
    let segment = receipt.segment_number.map(|number| number.to_string());
    let time = receipt.gateway_time.as_ref().map(format_time);
    fingerprint(&[
        Some(&receipt.gateway),
        receipt.gateway_message_id.as_deref().or(our_id.as_deref()),
        segment.as_deref(),
        Some(&receipt.raw_status),
        receipt.error_code.as_deref(),
        time.as_deref(),
    ])
}

/// Writes receipts.
#[derive(Clone, Debug)]
pub(super) struct Receipts;

impl Work for Receipts {
    type Item = Arc<Pending>;
    type Reply = Vec<ReceiptReply>;
    const SPOOLED: bool = true;

    fn rows(item: &Arc<Pending>) -> usize {
        item.receipts.len()
    }

    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Arc<Pending>],
    ) -> QueryResult<Vec<Result<Vec<ReceiptReply>, RecordError>>> {
        let receipts: Vec<&PendingReceipt> = items.iter().flat_map(|item| &item.receipts).collect();
        let mut replies =
            commit::transaction(conn, |conn| write_receipts(conn, &receipts))?.into_iter();
        Ok(items
            .iter()
            .map(|item| Ok(replies.by_ref().take(item.receipts.len()).collect()))
            .collect())
    }
}

fn write_receipts(
    conn: &mut PgConnection,
    receipts: &[&PendingReceipt],
) -> QueryResult<Vec<ReceiptReply>> {
    // 1. Which messages they are about; those rows are locked from here on.
    let message_ids = lookup::message_ids(conn, receipts)?;
    let known: Vec<Uuid> = message_ids
        .iter()
        .flatten()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let contexts = messages::lock_contexts(conn, &known)?;

    // 2. The rows: with their message, or parked.
    let mut recorded = Insert::default();
    let mut parked = Insert::default();
    let mut events = OutboxRows::default();
    let mut places = Vec::with_capacity(receipts.len());
    for (receipt, message_id) in receipts.iter().zip(&message_ids) {
        let context = message_id.and_then(|id| contexts.get(&id));
        let rows = if context.is_some() {
            &mut recorded
        } else {
            &mut parked
        };
        rows.push(receipt, context.and(*message_id));
        places.push(context.is_some());
        events.push(&event(receipt, context))?;
    }
    let mut new = recorded.into_receipts(conn)?;
    new.extend(parked.into_parked_receipts(conn)?);

    // 3. Events of those that are new, and opt-outs that they tell of; the status of the messages they
    //    are about.
    events.retain(|id| new.contains(id));
    let of_known = receipts.iter().zip(&message_ids);
    let of_known = of_known.filter(|(receipt, _)| new.contains(&receipt.new.id));
    let reports =
        of_known.filter_map(|(receipt, id)| Some(report(receipt, contexts.get(id.as_ref()?)?)));
    refusals::apply(conn, reports, &mut events)?;
    events.insert(conn)?;
    evidence::recompute_status(conn, &contexts.keys().copied().collect::<Vec<_>>())?;

    let replies = receipts.iter().zip(places).map(|(receipt, has_message)| {
        match (new.contains(&receipt.new.id), has_message) {
            (false, _) => ReceiptReply::Duplicate,
            (true, true) => ReceiptReply::Recorded,
            (true, false) => ReceiptReply::Parked,
        }
    });
    Ok(replies.collect())
}

fn report<'a>(receipt: &'a PendingReceipt, context: &'a Context) -> Report<'a> {
    Report {
        id: receipt.new.id,
        gateway: &receipt.new.gateway,
        error_class: receipt.new.error_class,
        error_code: receipt.new.error_code.as_deref(),
        gateway_time: receipt.new.gateway_time,
        reported_at: receipt.recorded_at,
        recorded_at: receipt.recorded_at,
        context,
    }
}

fn event(receipt: &PendingReceipt, context: Option<&Context>) -> Event {
    let new = &receipt.new;
    let mut context = context.cloned().unwrap_or_default();
    // The gateway that reported, which may not be the one the message was first meant for.
    context.gateway = Some(new.gateway.clone());
    Event {
        event_id: new.id,
        occurred_at: new.gateway_time.unwrap_or(receipt.recorded_at),
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
        }),
    }
}

/// A synthetic final is not the last word: a real one may still come.
fn is_final(status: Status, synthetic: bool) -> bool {
    status.is_final() && !synthetic
}
