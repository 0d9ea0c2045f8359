//! Sinch SMS (REST API, "Webhooks", "Delivery reports"): JSON, signed with a secret of the account.
//!
//! One batch may go to many numbers, and a report names the batch and the recipient, never a message:
//! so the key of a receipt is both, `BATCH:4366…`. A submission is matched if its
//! `gateway_message_id` is the batch's id, a colon and the recipient, with or without `+`; without it,
//! by `client_reference`, if that is our id of the message, or by our id in the callback URL. Both are a
//! batch's, so they are for batches to one number.
//!
//! Sinch calls the account's one callback URL for everything, unless a batch has a `callback_url`. So
//! the account's is to be our `…/inbound`, and each batch's the message's `receipt_url`. A batch that was
//! sent without has its reports come to `…/inbound`, and an account may have been given `…/receipts`: so
//! the call's type decides what it is, and never the URL.

use super::dialect::UrlId;
use super::{
    Acknowledgement, Dialect, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample, Webhook,
    json,
};
use crate::domain::route::Route;
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

mod inbound;
mod key;
mod report;
mod signature;

use signature::Signature;

/// In lower case: Sinch's own pages differ in it ("Delivery report statuses").
const STATUSES: [(&str, Status); 11] = [
    ("delivered", Status::Delivered),
    ("queued", Status::Queued),
    ("dispatched", Status::Sent),
    ("failed", Status::Undelivered),
    // By the SMSC, often for a number that is none or a subscriber who opted out.
    ("deleted", Status::Undelivered),
    // Before it came to the SMSC.
    ("aborted", Status::Failed),
    ("cancelled", Status::Canceled),
    ("canceled", Status::Canceled),
    ("rejected", Status::Rejected),
    ("expired", Status::Expired),
    ("unknown", Status::Unknown),
];

/// The REST API's own codes ("Delivery report error codes"), and of SMPP's those that Sinch explains
/// for one message ("10DLC delivery report errors").
const ERRORS: [(&str, Meaning); 19] = [
    ("402", Meaning::permanent(ErrorClass::Unreachable)),
    ("403", Meaning::temporary(ErrorClass::Other)),
    ("404", Meaning::temporary(ErrorClass::Unreachable)),
    ("405", Meaning::permanent(ErrorClass::Other)),
    ("406", Meaning::temporary(ErrorClass::Expired)),
    ("407", Meaning::permanent(ErrorClass::Other)),
    ("408", Meaning::permanent(ErrorClass::Other)),
    ("410", Meaning::permanent(ErrorClass::Account)),
    ("411", Meaning::permanent(ErrorClass::Other)),
    ("412", Meaning::permanent(ErrorClass::Account)),
    ("413", Meaning::open(ErrorClass::Account)),
    ("15", Meaning::permanent(ErrorClass::Filtered)),
    ("60", Meaning::permanent(ErrorClass::Account)),
    ("62", Meaning::permanent(ErrorClass::Filtered)),
    ("64", Meaning::temporary(ErrorClass::Account)),
    ("152", Meaning::permanent(ErrorClass::Unreachable)),
    ("300", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("310", Meaning::permanent(ErrorClass::Account)),
    ("321", Meaning::permanent(ErrorClass::Filtered)),
];

/// Sinch's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "sinch",
    provider: "Sinch",
    secret: "the secret that Sinch signs the account's SMS callbacks with",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Sinch { signature }))
    },
};

struct Sinch {
    signature: Signature,
}

impl Dialect for Sinch {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn route(&self, webhook: &Webhook<'_>) -> Option<Route> {
        match event(webhook.body).ok()?.0 {
            Type::OfRecipient | Type::OfBatch => Some(Route::Receipts),
            Type::Inbound => Some(Route::Inbound),
            Type::Other => None,
        }
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let (kind, raw) = event(webhook.body)?;
        match kind {
            Type::OfRecipient => Ok(vec![report::of_recipient(raw, webhook.arrived_at)]),
            Type::OfBatch => report::of_batch(raw),
            Type::Inbound | Type::Other => Ok(Vec::new()),
        }
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let (kind, raw) = event(webhook.body)?;
        match kind {
            Type::Inbound => Ok(vec![inbound::read(raw, webhook.arrived_at)]),
            Type::OfRecipient | Type::OfBatch | Type::Other => Ok(Vec::new()),
        }
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// The body is signed, and not the URL.
    fn url_id(&self) -> UrlId {
        UrlId::Tagged
    }

    fn submission_id(&self, canonical: String) -> String {
        key::of_submission(canonical)
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let (batch, recipient) = id.split_once(':').unwrap_or((id, "436601234567"));
        let time = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let body = json!({
            "type": "recipient_delivery_report_sms", "batch_id": batch, "recipient": recipient,
            "code": 0, "status": raw_status, "at": time, "operator_status_at": time,
        });
        let body = body.to_string().into_bytes();
        let mut headers = self.signature.sign(&body, "sample", at)?;
        headers.push(("content-type", "application/json".to_owned()));
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers,
            body,
        })
    }
}

/// What a call is ("Webhooks", "type").
enum Type {
    /// A delivery report of one recipient.
    OfRecipient,
    /// A delivery report of a batch.
    OfBatch,
    /// A subscriber's message: `mo_text`, `mo_binary`, `mo_media`.
    Inbound,
    /// Whatever else Sinch tells.
    Other,
}

impl Type {
    fn of(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "recipient_delivery_report_sms" | "recipient_delivery_report_mms" => Self::OfRecipient,
            "delivery_report_sms" | "delivery_report_mms" => Self::OfBatch,
            inbound if inbound.starts_with("mo_") => Self::Inbound,
            _ => Self::Other,
        }
    }
}

/// A call's type, and the call.
fn event(body: &[u8]) -> Result<(Type, &RawValue), Refusal> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(default, rename = "type", deserialize_with = "json::loose")]
        kind: Option<String>,
    }
    let event: Event = json::document(body)?;
    let kind = event
        .kind
        .ok_or_else(|| Refusal::Malformed("the field `type` must be given".to_owned()))?;
    Ok((Type::of(&kind), json::document(body)?))
}

#[cfg(test)]
mod tests;
