//! The neutral dialect: our own JSON, one object or an array of them, for gateways without an
//! adapter. The same items are taken by `POST /v1/receipts` and `POST /v1/inbound`.

use super::dialect::UrlId;
use super::{
    Acknowledgement, Dialect, Inbound, Items, Kind, Receipt, Refusal, Sample, SharedSecret,
    Webhook, json,
};
use crate::domain::status::Status;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

mod inbound;
mod receipt;
mod signature;

pub use inbound::InboundItem;
pub use receipt::ReceiptItem;
use signature::Signature;

/// The most items in one call.
pub const ITEM_LIMIT: usize = 10_000;

/// Our own words: a status is called as in the API.
const STATUSES: [(&str, Status); 10] = [
    ("accepted", Status::Accepted),
    ("queued", Status::Queued),
    ("sent", Status::Sent),
    ("unknown", Status::Unknown),
    ("delivered", Status::Delivered),
    ("undelivered", Status::Undelivered),
    ("failed", Status::Failed),
    ("rejected", Status::Rejected),
    ("expired", Status::Expired),
    ("canceled", Status::Canceled),
];

/// The neutral dialect's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "neutral",
    provider: "none: textrail's own JSON",
    secret: "a long random text of your own: a bearer token, or in the URLs; or whsec_ and base64, which \
             signs calls as Standard Webhooks do",
    statuses: &STATUSES,
    errors: &[],
    refusals: None,
    open: |settings| {
        let secret = SharedSecret::new(&settings.secrets)?;
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Neutral { secret, signature }))
    },
};

/// Its webhooks prove themselves by a signature, or else by a shared secret.
struct Neutral {
    secret: SharedSecret,
    signature: Signature,
}

impl Dialect for Neutral {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        if Signature::is_on(webhook) {
            return self.signature.verify(webhook);
        }
        self.secret.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let read = |raw: &RawValue| json::item::<ReceiptItem>(raw)?.read(webhook.arrived_at);
        Ok(split(webhook.body)?.into_iter().map(read).collect())
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let read = |raw: &RawValue| json::item::<InboundItem>(raw)?.check(webhook.arrived_at);
        Ok(split(webhook.body)?.into_iter().map(read).collect())
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            status: 200,
            content_type: "application/json",
            body: "{}",
        }
    }

    fn receipt_url(&self, endpoint: Url, message_id: Uuid) -> String {
        self.secret.receipt_url(endpoint, message_id).into()
    }

    /// Signatures are over the body, and not the URL.
    fn url_id(&self) -> UrlId {
        UrlId::Tagged
    }

    /// Whoever has seen a call without a signature knows the secret itself.
    fn covers_url(&self, webhook: &Webhook<'_>) -> bool {
        !Signature::is_on(webhook)
    }

    fn inbound_url(&self, mut endpoint: Url) -> String {
        self.secret.add_to(&mut endpoint);
        endpoint.into()
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let occurred_at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let body = json!({
            "gateway_message_id": id,
            "status": raw_status,
            "occurred_at": occurred_at,
        })
        .to_string()
        .into_bytes();
        let call_id = format!("sample-{}", at.timestamp_micros());
        let timestamp = at.timestamp().to_string();
        let signed = self.signature.sign(&call_id, &timestamp, &body)?;
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("webhook-id", call_id),
                ("webhook-timestamp", timestamp),
                ("webhook-signature", signed),
            ],
            body,
        })
    }
}

/// The items of a body: an array's, or the one that the body is.
///
/// # Errors
/// [`Refusal::Malformed`] if it is no JSON, or an array of nothing; [`Refusal::TooMany`] if it holds more items
/// than a call may.
pub fn split(body: &[u8]) -> Result<Vec<&RawValue>, Refusal> {
    let malformed = |error: serde_json::Error| Refusal::Malformed(error.to_string());
    let whole: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
    if !whole.get().starts_with('[') {
        return Ok(vec![whole]);
    }
    let mut list = serde_json::Deserializer::from_str(whole.get());
    let items = json::few::<_, ITEM_LIMIT>(&mut list).map_err(malformed)?;
    match items.len() {
        0 => Err(Refusal::Malformed(
            "the array must hold at least one item".to_owned(),
        )),
        1..=ITEM_LIMIT => Ok(items),
        _ => Err(Refusal::TooMany { limit: ITEM_LIMIT }),
    }
}

/// Whether a body is one item and no array of them.
pub fn is_one(body: &[u8]) -> bool {
    body.trim_ascii_start().first() != Some(&b'[')
}

#[cfg(test)]
mod tests;
