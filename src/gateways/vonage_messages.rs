//! Vonage's Messages API: JSON callbacks with a token in `Authorization` that carries the body's hash
//! (Vonage, "Messages API status callbacks", "Inbound messages", "Signed webhooks").

use super::dialect::UrlId;
use super::fields::{self, keep};
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    Secrets, Webhook, json, mac, token, window,
};
use crate::domain::route::Route;
use crate::domain::status::{ErrorClass, Status};
use actix_web::http::header::AUTHORIZATION;
use chrono::{DateTime, SecondsFormat, Utc};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

mod callback;
use callback::{Callback, Failure};

/// In lower case. `submitted` is the word once the carrier has it.
const STATUSES: [(&str, Status); 5] = [
    ("submitted", Status::Sent),
    ("delivered", Status::Delivered),
    ("read", Status::Delivered),
    ("undeliverable", Status::Undelivered),
    ("rejected", Status::Rejected),
];

/// Vonage, "API errors", "Messages API", as far as it is about one message.
const ERRORS: [(&str, Meaning); 20] = [
    ("1000", Meaning::temporary(ErrorClass::Account)),
    ("1030", Meaning::temporary(ErrorClass::Other)),
    ("1040", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("1050", Meaning::permanent(ErrorClass::Filtered)),
    ("1060", Meaning::permanent(ErrorClass::Account)),
    ("1070", Meaning::temporary(ErrorClass::Account)),
    ("1080", Meaning::permanent(ErrorClass::Account)),
    ("1100", Meaning::temporary(ErrorClass::Unreachable)),
    ("1120", Meaning::permanent(ErrorClass::Account)),
    ("1140", Meaning::permanent(ErrorClass::Account)),
    ("1160", Meaning::permanent(ErrorClass::Account)),
    ("1170", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("1180", Meaning::temporary(ErrorClass::Unreachable)),
    ("1190", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("1200", Meaning::open(ErrorClass::Unreachable)),
    ("1210", Meaning::open(ErrorClass::Filtered)),
    ("1220", Meaning::temporary(ErrorClass::Unreachable)),
    ("1230", Meaning::temporary(ErrorClass::Unreachable)),
    ("1240", Meaning::permanent(ErrorClass::OptedOut)),
    ("1270", Meaning::permanent(ErrorClass::InvalidNumber)),
];

/// The Messages API's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "vonage-messages",
    provider: "Vonage Messages API",
    secret: "the account's signature secret (API settings)",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        if settings.secrets.is_empty() {
            return Err(
                "needs `secret` or `secret_file`: the account's signature secret".to_owned(),
            );
        }
        let secrets = settings.secrets.clone();
        Ok(Box::new(VonageMessages { secrets }))
    },
};

struct VonageMessages {
    secrets: Secrets,
}

/// What the token says, as far as it proves the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    iat: Option<i64>,
    payload_hash: Option<String>,
}

impl Dialect for VonageMessages {
    /// A call without a token is answered 503, not 401: Vonage may send one before it knows how the
    /// account signs, and sends a signed one then.
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        if !webhook.headers.contains_key(AUTHORIZATION) {
            return Err(Refusal::Unavailable(
                "The callback is not signed: there is no Authorization. A signed one is awaited."
                    .to_owned(),
            ));
        }
        let token = webhook
            .header(&AUTHORIZATION)
            .and_then(bearer)
            .ok_or(Refusal::Unverified("the Authorization is no bearer token"))?;
        let claims: Claims = token::claims(token, &self.secrets, &[Algorithm::HS256]).ok_or(
            Refusal::Unverified("the token is not signed (HS256) with the signature secret"),
        )?;
        let issued_at = claims
            .iat
            .ok_or(Refusal::Unverified("the token has no claim iat"))?;
        if !window::holds(issued_at, webhook.arrived_at, window::EACH_TRY) {
            return Err(Refusal::Unverified("the token's iat is too old, or ahead"));
        }
        let hash = claims
            .payload_hash
            .ok_or(Refusal::Unverified("the token has no claim payload_hash"))?;
        mac::is_sha256_of(&hash, webhook.body)
            .then_some(())
            .ok_or(Refusal::Unverified("payload_hash is not the body's hash"))
    }

    /// A status that was entered at, or sent to, the URL for messages is none: it would be an empty reply.
    fn route(&self, webhook: &Webhook<'_>) -> Option<Route> {
        let callback: Callback = json::document(webhook.body).ok()?;
        let is_message = callback.text.is_some() || callback.message_type.is_some();
        match (callback.status.is_some(), is_message) {
            (true, false) => Some(Route::Receipts),
            (false, true) => Some(Route::Inbound),
            _ => None,
        }
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let callback: Callback = json::document(webhook.body)?;
        Ok(vec![receipt(callback, webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let callback: Callback = json::document(webhook.body)?;
        Ok(vec![inbound(&callback, webhook.arrived_at)])
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// The body is signed, and not the URL.
    fn url_id(&self) -> UrlId {
        UrlId::Tagged
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let body = serde_json::json!({
            "channel": "sms",
            "message_uuid": id,
            "status": raw_status,
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "to": "447700900001",
        })
        .to_string()
        .into_bytes();
        let claims = Claims {
            iat: Some(at.timestamp()),
            payload_hash: Some(hex::encode(Sha256::digest(&body))),
        };
        let token = token::sign(&self.secrets, &claims)?;
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("authorization", format!("Bearer {token}")),
            ],
            body,
        })
    }
}

/// The token of a header `Bearer …`; the scheme's case is free (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn receipt(callback: Callback, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = callback.message_uuid.as_deref().unwrap_or_default();
    let id = keep(&mut faults, fields::canonical_id("message_uuid", id)).flatten();
    let raw = callback.status.as_deref().unwrap_or_default();
    let raw = keep(&mut faults, fields::needed_code("status", raw));
    let (Some(raw), true) = (raw, faults.is_empty()) else {
        return Err(faults);
    };
    let usage = callback.usage.unwrap_or_default();
    let price = fields::spare_price(usage.price.as_deref());
    let network = callback.destination.and_then(|place| place.network_code);
    let mut receipt = Receipt {
        message_id: callback.client_ref.as_deref().and_then(own_id),
        gateway_message_id: id,
        gateway_time: time(callback.timestamp.as_deref(), now),
        currency: price
            .as_ref()
            .and_then(|_| fields::spare_currency(usage.currency.as_deref())),
        price,
        mcc_mnc: fields::spare_mcc_mnc(network.as_deref()),
        ..Receipt::new(KIND.status(&raw.to_ascii_lowercase()), raw)
    };
    let code = callback.error.as_ref().and_then(Failure::code);
    let code = fields::canonical_code("error", code.unwrap_or_default());
    KIND.explain(&mut receipt, fields::spare(code));
    Ok(receipt)
}

fn own_id(client_ref: &str) -> Option<Uuid> {
    Uuid::try_parse(client_ref.trim()).ok()
}

fn time(text: Option<&str>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    fields::spare_time(text.and_then(fields::spaced_time), now)
}

fn inbound(callback: &Callback, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let text = Text {
        id: ("message_uuid", callback.message_uuid.as_deref()),
        from: ("from", callback.from.as_deref()),
        to: ("to", callback.to.as_deref()),
        body: ("text", callback.text.as_deref().unwrap_or_default()),
    };
    let segments = callback
        .sms
        .as_ref()
        .and_then(|sms| sms.num_messages.as_ref());
    Ok(Inbound {
        segments: segments.and_then(|count| count.trim().parse().ok()),
        received_at: time(callback.timestamp.as_deref(), now),
        ..text.read()?
    })
}

#[cfg(test)]
mod tests;
