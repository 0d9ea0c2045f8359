//! A subscriber's message as Sinch hands it in (`mo_text`, and the text of a `mo_media`).

use super::super::fields::{self, keep};
use super::super::{FieldFault, Inbound, json};
use crate::domain::phone::{PhoneNumber, Sender};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Message {
    #[serde(default, rename = "type", deserialize_with = "json::loose")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    from: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    to: Option<String>,
    #[serde(default)]
    body: json::Plain,
    #[serde(default, deserialize_with = "json::loose")]
    received_at: Option<String>,
}

pub(super) fn read(raw: &RawValue, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let message: Message = json::item(raw)?;
    let mut faults = Vec::new();
    let from = PhoneNumber::parse(message.from.as_deref().unwrap_or_default());
    let from = from.map_err(|error| FieldFault::new("from", error));
    let from = keep(&mut faults, from);
    let to = Sender::parse(message.to.as_deref().unwrap_or_default());
    let to = to.map_err(|error| FieldFault::new("to", error));
    let to = keep(&mut faults, to);
    let body = text_of(&message).and_then(|text| fields::clean_body("body", text));
    let body = keep(&mut faults, body);
    let id = message.id.as_deref().unwrap_or_default();
    let id = fields::spare(fields::canonical_id("id", id));
    let received_at = message.received_at.as_deref().unwrap_or_default();
    let received_at = DateTime::parse_from_rfc3339(received_at.trim()).ok();
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id: id,
            from,
            to,
            body,
            segments: None,
            received_at: fields::spare_time(received_at.map(|time| time.to_utc()), now),
            part: None,
            gateway_intent: None,
        }),
        _ => Err(faults),
    }
}

/// A binary message's body is base64 of bytes that are no text.
fn text_of(message: &Message) -> Result<&str, FieldFault> {
    if message.kind.as_deref() == Some("mo_binary") {
        return Err(FieldFault::new("type", "mo_binary is no text"));
    }
    let text = match &message.body.0 {
        Value::Object(media) => media.get("message").map_or(Some(""), Value::as_str),
        body => body.as_str(),
    };
    text.ok_or_else(|| FieldFault::new("body", "must be given; it may be empty"))
}
