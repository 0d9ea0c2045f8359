//! Bird's Channels API: JSON of one message, wrapped into an event or bare, signed with a header (Bird,
//! "Message status and interactions", "Receiving messages", "Verifying a webhook subscription").

use super::fields::{self, keep};
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Receipt, Refusal, Sample, Webhook,
    bird_codes, json,
};
use crate::domain::status::Status;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

mod message;
mod signature;
use message::Message;
use signature::Signature;

/// In lower case.
const STATUSES: [(&str, Status); 8] = [
    ("accepted", Status::Accepted),
    ("processing", Status::Queued),
    ("sent", Status::Sent),
    ("delivered", Status::Delivered),
    ("delivery_failed", Status::Undelivered),
    ("sending_failed", Status::Failed),
    ("rejected", Status::Rejected),
    ("expired", Status::Expired),
];

/// Bird's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "bird",
    provider: "Bird (Channels API)",
    secret: "the signing key that the webhook subscription was made with",
    statuses: &STATUSES,
    errors: &bird_codes::ERRORS,
    refusals: None,
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Bird { signature }))
    },
};

struct Bird {
    signature: Signature,
}

impl Dialect for Bird {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let message = Message::of(json::document(webhook.body)?)?;
        Ok(vec![receipt(&message, webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let message = Message::of(json::document(webhook.body)?)?;
        Ok(vec![inbound(&message, webhook)])
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let body = serde_json::json!({
            "service": "channels",
            "event": "sms.outbound",
            "payload": {
                "id": id,
                "status": raw_status,
                "direction": "outgoing",
                "lastStatusAt": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            },
        })
        .to_string()
        .into_bytes();
        let timestamp = at.timestamp().to_string();
        let signed = self.signature.sign(&timestamp, url, &body)?;
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("messagebird-signature", signed),
                ("messagebird-request-timestamp", timestamp),
            ],
            body,
        })
    }
}

fn receipt(message: &Message, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = message.must_be("outgoing");
    let id = message.text("/id").unwrap_or_default();
    let id = keep(&mut faults, fields::canonical_id("id", &id)).flatten();
    let raw = message.text("/status").unwrap_or_default();
    let raw = keep(&mut faults, fields::needed_code("status", &raw));
    let (Some(raw), true) = (raw, faults.is_empty()) else {
        return Err(faults);
    };
    let reference = message.text("/reference").unwrap_or_default();
    let mut receipt = Receipt {
        message_id: Uuid::try_parse(reference.trim()).ok(),
        gateway_message_id: id,
        gateway_time: time(message, "/lastStatusAt", now),
        ..Receipt::new(KIND.status(&raw.to_ascii_lowercase()), raw)
    };
    // The SMS platform's own code says more than the API's, which is one of a few.
    let code = message
        .text("/failure/source/code")
        .or_else(|| message.text("/failure/code"));
    let code = fields::canonical_code("failure", &code.unwrap_or_default());
    KIND.explain(&mut receipt, fields::spare(code).filter(|code| code != "0"));
    Ok(receipt)
}

fn time(message: &Message, place: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = message.text(place)?;
    fields::spare_time(fields::spaced_time(&text), now)
}

/// Bird names the channel that a text came in on, and not always its number: where it does not, the
/// subscription's URL has to carry it as `to`. The signature covers the URL.
fn inbound(message: &Message, webhook: &Webhook<'_>) -> Result<Inbound, Vec<FieldFault>> {
    let faults = message.must_be("incoming");
    if !faults.is_empty() {
        return Err(faults);
    }
    let number = "receiver.connector.identifierValue, or `to` in the URL,";
    let to = message
        .text("/receiver/connector/identifierValue")
        .or_else(|| webhook.parameter("to").map(Into::into));
    let text = Text {
        id: ("id", message.text("/id").as_deref()),
        from: (
            "sender.contact.identifierValue",
            message.text("/sender/contact/identifierValue").as_deref(),
        ),
        to: (number, to.as_deref()),
        body: ("body.text.text", &message.body()),
    }
    .read()?;
    Ok(Inbound {
        segments: message.parts(),
        received_at: time(message, "/createdAt", webhook.arrived_at),
        ..text
    })
}

#[cfg(test)]
mod tests;
