//! The receipts of one outbound message: one for each entry of `to`, since the status is there.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Items, Receipt, Refusal, json, neutral};
use super::KIND;
use super::event::Event;
use crate::domain::status::Status;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Payload {
    #[serde(default, deserialize_with = "json::loose")]
    id: Option<String>,
    #[serde(default)]
    to: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "json::loose")]
    parts: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    cost: Cost,
    #[serde(default, deserialize_with = "json::spare")]
    errors: Vec<Problem>,
    #[serde(default, deserialize_with = "json::loose")]
    sent_at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    completed_at: Option<String>,
}

#[derive(Deserialize)]
struct Recipient {
    #[serde(default, deserialize_with = "json::loose")]
    phone_number: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    status: Option<String>,
}

#[derive(Default, Deserialize)]
struct Cost {
    #[serde(default, deserialize_with = "json::loose")]
    amount: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    currency: Option<String>,
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default, deserialize_with = "json::loose")]
    code: Option<String>,
}

/// Reads a `message.sent` or `message.finalized`.
///
/// # Errors
/// If it names more recipients than a call may hold.
pub(super) fn read(event: &Event<'_>, now: DateTime<Utc>) -> Result<Items<Receipt>, Refusal> {
    let payload: Payload = match json::item(event.payload) {
        Ok(payload) => payload,
        Err(faults) => return Ok(vec![Err(faults)]),
    };
    if payload.to.len() > neutral::ITEM_LIMIT {
        let limit = neutral::ITEM_LIMIT;
        return Err(Refusal::TooMany { limit });
    }
    if payload.to.is_empty() {
        let fault = FieldFault::new("to", "must name whom it was sent to");
        return Ok(vec![Err(vec![fault])]);
    }
    let recipients = payload.to.iter();
    Ok(recipients
        .map(|raw| of_recipient(event, &payload, raw, now))
        .collect())
}

fn of_recipient(
    event: &Event<'_>,
    payload: &Payload,
    raw: &RawValue,
    now: DateTime<Utc>,
) -> Result<Receipt, Vec<FieldFault>> {
    let recipient: Recipient = json::item(raw)?;
    let mut faults = Vec::new();
    let id = keep(&mut faults, key(payload, &recipient)).flatten();
    let word = recipient.status.as_deref().unwrap_or_default();
    let word = keep(&mut faults, fields::needed_code("to.status", word));
    let (Some(word), true) = (word, faults.is_empty()) else {
        return Err(faults);
    };
    let event_id = event.id.as_deref().unwrap_or_default();
    let status = KIND.status(&word.to_ascii_lowercase());
    let mut receipt = Receipt {
        gateway_message_id: id,
        gateway_event_id: fields::spare(fields::canonical_id("id", event_id)),
        segment_count: fields::spare_segments(payload.parts.as_deref()),
        gateway_time: fields::spare_time(time(event, payload), now),
        ..Receipt::new(status, word)
    };
    // What it cost is told once, for all recipients together.
    if payload.to.len() == 1 {
        receipt.price = fields::spare_price(payload.cost.amount.as_deref());
        receipt.currency = fields::spare_currency(payload.cost.currency.as_deref());
    }
    KIND.explain(&mut receipt, code(payload, status));
    Ok(receipt)
}

/// The message's id; one of several recipients is told apart by their number's digits, so that a
/// submission of it is `ID:DIGITS`.
fn key(payload: &Payload, recipient: &Recipient) -> Result<Option<String>, FieldFault> {
    let id = fields::canonical_id("payload.id", payload.id.as_deref().unwrap_or_default())?;
    if payload.to.len() == 1 {
        return Ok(id);
    }
    let number = recipient.phone_number.as_deref().unwrap_or_default();
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Err(FieldFault::new("to.phone_number", "must be given"));
    }
    match id {
        Some(id) => fields::canonical_id("payload.id", &format!("{id}:{digits}")),
        None => Ok(None),
    }
}

/// Errors are the message's: they are not those of a recipient who has it, and of several recipients none tells
/// whose they are. One of them may have opted out, and the others not.
fn code(payload: &Payload, status: Status) -> Option<String> {
    if status == Status::Delivered || payload.to.len() > 1 {
        return None;
    }
    let mut codes = payload
        .errors
        .iter()
        .filter_map(|error| error.code.as_deref());
    codes.find_map(|code| fields::spare(fields::canonical_code("errors.code", code)))
}

/// When it came to this: the stage's own time, else the event's.
fn time(event: &Event<'_>, payload: &Payload) -> Option<DateTime<Utc>> {
    let of_stage = match event.kind.as_str() {
        "message.sent" => &payload.sent_at,
        _ => &payload.completed_at,
    };
    let mut times = [of_stage, &event.occurred_at].into_iter().flatten();
    let time = times.find_map(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
    time.map(|time| time.to_utc())
}
