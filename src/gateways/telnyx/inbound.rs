//! A subscriber's message as Telnyx hands it in (`message.received`).

use super::super::fields::{self, keep};
use super::super::{FieldFault, Inbound, json};
use super::event::Event;
use crate::domain::phone::{PhoneNumber, Sender};
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    #[serde(default, deserialize_with = "json::loose")]
    id: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    from: Address,
    #[serde(default, deserialize_with = "json::spare")]
    to: Vec<Address>,
    #[serde(default, deserialize_with = "json::loose")]
    text: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    parts: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    received_at: Option<String>,
}

#[derive(Default, Deserialize)]
struct Address {
    #[serde(default, deserialize_with = "json::loose")]
    phone_number: Option<String>,
}

/// Reads a `message.received`. Of several `to` (a group text) the first is ours; a picture without words
/// has no text.
pub(super) fn read(event: &Event<'_>, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let payload: Payload = json::item(event.payload)?;
    let mut faults = Vec::new();
    let from = payload.from.phone_number.as_deref().unwrap_or_default();
    let from = PhoneNumber::parse(from);
    let from = from.map_err(|error| FieldFault::new("from.phone_number", error));
    let from = keep(&mut faults, from);
    let to = payload.to.first().and_then(|to| to.phone_number.as_deref());
    let to = Sender::parse(to.unwrap_or_default());
    let to = to.map_err(|error| FieldFault::new("to.phone_number", error));
    let to = keep(&mut faults, to);
    let body = fields::clean_body("text", payload.text.as_deref().unwrap_or_default());
    let body = keep(&mut faults, body);
    let id = payload.id.as_deref().unwrap_or_default();
    let id = fields::spare(fields::canonical_id("payload.id", id));
    let mut times = [&payload.received_at, &event.occurred_at]
        .into_iter()
        .flatten();
    let time = times.find_map(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id: id,
            from,
            to,
            body,
            segments: fields::spare_segments(payload.parts.as_deref()),
            received_at: fields::spare_time(time.map(|time| time.to_utc()), now),
            part: None,
            gateway_intent: None,
        }),
        _ => Err(faults),
    }
}
