//! One subscriber's message as Infobip hands it in.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Inbound, json};
use super::report::time_of;
use crate::domain::phone::{PhoneNumber, Sender};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default, deserialize_with = "json::loose")]
    message_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    from: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    to: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    text: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    clean_text: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    received_at: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    sms_count: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    message_count: Option<String>,
}

/// Reads one item of `results`. `text` is what the subscriber wrote; `cleanText` lacks the keyword,
/// which may be the STOP.
pub(super) fn read(raw: &RawValue, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let message: Message = json::item(raw)?;
    let mut faults = Vec::new();
    let from = PhoneNumber::parse(message.from.as_deref().unwrap_or_default());
    let from = from.map_err(|error| FieldFault::new("from", error));
    let from = keep(&mut faults, from);
    let to = Sender::parse(message.to.as_deref().unwrap_or_default());
    let to = to.map_err(|error| FieldFault::new("to", error));
    let to = keep(&mut faults, to);
    let text = message.text.or(message.clean_text);
    let text = text.ok_or_else(|| FieldFault::new("text", "must be given; it may be empty"));
    let body = text.and_then(|text| fields::clean_body("text", &text));
    let body = keep(&mut faults, body);
    let id = message.message_id.as_deref().unwrap_or_default();
    let id = fields::spare(fields::canonical_id("messageId", id));
    let count = message.sms_count.or(message.message_count);
    let received_at = message.received_at.as_deref().and_then(time_of);
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id: id,
            from,
            to,
            body,
            segments: fields::spare_segments(count.as_deref()),
            received_at: fields::spare_time(received_at, now),
            part: None,
            gateway_intent: None,
        }),
        _ => Err(faults),
    }
}
