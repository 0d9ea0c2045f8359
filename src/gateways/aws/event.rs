//! What is in a notification: an event of an outbound message, or a subscriber's message.

use super::super::fields::{self, keep};
use super::super::{FieldFault, Inbound, Items, Receipt, json};
use super::envelope::Envelope;
use super::{KIND, SUCCESSFUL_FINAL, UNKNOWN};
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::DeliveryLevel;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    #[serde(default, deserialize_with = "json::loose")]
    event_timestamp: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    is_final: bool,
    #[serde(default, deserialize_with = "json::loose")]
    message_id: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    message_status: Option<String>,
    #[serde(default, deserialize_with = "json::spare")]
    context: Context,
    #[serde(default, deserialize_with = "json::loose")]
    total_message_parts: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    total_message_price: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    mcc: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    mnc: Option<String>,
}

/// What the sender gave with the message.
#[derive(Default, Deserialize)]
struct Context {
    #[serde(default, deserialize_with = "json::loose")]
    message_id: Option<String>,
}

/// The receipt in a notification; none if the event is not about a text message (voice, MMS).
pub(super) fn receipts(envelope: &Envelope, now: DateTime<Utc>) -> Items<Receipt> {
    let event: Event = match read(&envelope.message) {
        Ok(event) => event,
        Err(faults) => return vec![Err(faults)],
    };
    if !event.event_type.starts_with("TEXT_") {
        return Vec::new();
    }
    vec![receipt(envelope, &event, now)]
}

fn receipt(
    envelope: &Envelope,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = event.message_id.as_deref().unwrap_or_default();
    let id = keep(&mut faults, fields::canonical_id("messageId", id)).flatten();
    let word = keep(
        &mut faults,
        fields::needed_code("messageStatus", &word(event)),
    );
    let (Some(word), true) = (word, faults.is_empty()) else {
        return Err(faults);
    };
    let time = event.event_timestamp.as_deref().and_then(millis);
    let network = event.mcc.as_deref().zip(event.mnc.as_deref());
    let network = network.map(|(mcc, mnc)| format!("{}{}", mcc.trim(), mnc.trim()));
    let event_id = fields::canonical_id("MessageId", &envelope.message_id);
    let mut receipt = Receipt {
        message_id: event.context.message_id.as_deref().and_then(our_id),
        gateway_message_id: id,
        gateway_event_id: fields::spare(event_id),
        synthetic: word == UNKNOWN,
        delivery_level: level(&word),
        segment_count: fields::spare_segments(event.total_message_parts.as_deref()),
        gateway_time: fields::spare_time(time, now),
        // In the currency of the AWS account, which is not told.
        price: fields::spare_price(event.total_message_price.as_deref()),
        mcc_mnc: fields::spare_mcc_mnc(network.as_deref()),
        ..Receipt::new(KIND.status(&word), word)
    };
    let code = KIND.meaning(&receipt.raw_status);
    let code = code.map(|_| receipt.raw_status.clone());
    KIND.explain(&mut receipt, code);
    Ok(receipt)
}

/// The status' word in capitals, which is the event's own if it lacks one.
fn word(event: &Event) -> String {
    let given = event.message_status.as_deref().unwrap_or_default().trim();
    let of_type = || event.event_type.trim_start_matches("TEXT_");
    let word = if given.is_empty() { of_type() } else { given };
    match word.to_ascii_uppercase() {
        word if word == "SUCCESSFUL" && event.is_final => SUCCESSFUL_FINAL.to_owned(),
        word => word,
    }
}

fn level(word: &str) -> Option<DeliveryLevel> {
    match word {
        // "Message has been accepted by phone".
        "DELIVERED" => Some(DeliveryLevel::Handset),
        // "Message has been accepted by phone carrier".
        SUCCESSFUL_FINAL => Some(DeliveryLevel::Carrier),
        _ => None,
    }
}

fn millis(text: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(text.trim().parse().ok()?)
}

fn our_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok().filter(|id| !id.is_nil())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default, deserialize_with = "json::loose")]
    origination_number: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    destination_number: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    message_body: Option<String>,
    #[serde(default, deserialize_with = "json::loose")]
    inbound_message_id: Option<String>,
}

/// The subscriber's message in a notification. It tells no time of its own; SNS does.
pub(super) fn inbound(envelope: &Envelope, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let message: Message = read(&envelope.message)?;
    let mut faults = Vec::new();
    let from = message.origination_number.as_deref().unwrap_or_default();
    let from = PhoneNumber::parse(from);
    let from = from.map_err(|error| FieldFault::new("originationNumber", error));
    let from = keep(&mut faults, from);
    let to = message.destination_number.as_deref().unwrap_or_default();
    let to = Sender::parse(to);
    let to = to.map_err(|error| FieldFault::new("destinationNumber", error));
    let to = keep(&mut faults, to);
    let missing = || FieldFault::new("messageBody", "must be given; it may be empty");
    let body = message.message_body.ok_or_else(missing);
    let body = body.and_then(|text| fields::clean_body("messageBody", &text));
    let body = keep(&mut faults, body);
    let id = message.inbound_message_id.as_ref();
    let id = id.unwrap_or(&envelope.message_id);
    let id = fields::spare(fields::canonical_id("inboundMessageId", id));
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id: id,
            from,
            to,
            body,
            segments: None,
            received_at: fields::spare_time(envelope.time(), now),
            part: None,
            gateway_intent: None,
        }),
        _ => Err(faults),
    }
}

/// The JSON object in a notification's text.
fn read<T: DeserializeOwned>(message: &str) -> Result<T, Vec<FieldFault>> {
    let raw = serde_json::from_str::<&RawValue>(message).ok();
    let object = raw.filter(|raw| raw.get().starts_with('{'));
    let object = object.ok_or_else(|| {
        let must = "must be the JSON object of an event or of a subscriber's message";
        vec![FieldFault::new("Message", must)]
    })?;
    json::item(object)
}
