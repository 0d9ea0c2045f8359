//! Telnyx (Messaging, "Receiving webhooks", "Messaging error codes"): JSON, signed with the account's
//! own key.
//!
//! A messaging profile has one URL for everything, unless a message has a `webhook_url`. So the
//! profile's is to be our `…/inbound`, and each message's its `receipt_url`. A message that was sent
//! without has its receipts come to `…/inbound`, and a profile may have been given `…/receipts`: so the
//! event's type decides what a call is, and never the URL.

use super::dialect::UrlId;
use super::{
    Acknowledgement, Dialect, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample, Webhook,
};
use crate::domain::route::Route;
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};

mod event;
mod inbound;
mod receipt;
mod signature;

use event::Event;
use signature::Signature;

/// Of each entry of `to`.
const STATUSES: [(&str, Status); 8] = [
    ("delivered", Status::Delivered),
    ("queued", Status::Queued),
    ("sending", Status::Queued),
    ("sent", Status::Sent),
    ("delivery_unconfirmed", Status::Unknown),
    ("delivery_failed", Status::Undelivered),
    ("sending_failed", Status::Failed),
    ("expired", Status::Expired),
];

/// "Messaging error codes", as far as they are about one text message.
const ERRORS: [(&str, Meaning); 32] = [
    ("40001", Meaning::permanent(ErrorClass::Landline)),
    ("40002", Meaning::temporary(ErrorClass::Filtered)),
    ("40003", Meaning::permanent(ErrorClass::Filtered)),
    ("40004", Meaning::open(ErrorClass::Other)),
    ("40005", Meaning::temporary(ErrorClass::Expired)),
    ("40006", Meaning::temporary(ErrorClass::Unreachable)),
    ("40008", Meaning::open(ErrorClass::Other)),
    ("40009", Meaning::permanent(ErrorClass::Other)),
    ("40010", Meaning::permanent(ErrorClass::Account)),
    ("40011", Meaning::temporary(ErrorClass::Account)),
    ("40012", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("40013", Meaning::permanent(ErrorClass::Account)),
    ("40014", Meaning::temporary(ErrorClass::Expired)),
    ("40015", Meaning::permanent(ErrorClass::Filtered)),
    ("40016", Meaning::temporary(ErrorClass::Account)),
    ("40017", Meaning::permanent(ErrorClass::Filtered)),
    ("40018", Meaning::temporary(ErrorClass::Account)),
    ("40100", Meaning::permanent(ErrorClass::Account)),
    ("40150", Meaning::permanent(ErrorClass::Account)),
    ("40151", Meaning::temporary(ErrorClass::Account)),
    ("40300", Meaning::permanent(ErrorClass::OptedOut)),
    ("40301", Meaning::permanent(ErrorClass::Unreachable)),
    ("40302", Meaning::permanent(ErrorClass::Other)),
    ("40305", Meaning::permanent(ErrorClass::Account)),
    ("40309", Meaning::permanent(ErrorClass::Account)),
    ("40310", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("40312", Meaning::permanent(ErrorClass::Account)),
    ("40314", Meaning::permanent(ErrorClass::Account)),
    ("40315", Meaning::temporary(ErrorClass::Account)),
    ("40318", Meaning::temporary(ErrorClass::Account)),
    ("40322", Meaning::permanent(ErrorClass::Filtered)),
    ("40329", Meaning::permanent(ErrorClass::Account)),
];

/// Telnyx's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "telnyx",
    provider: "Telnyx",
    secret: "the account's public key (Mission Control, Keys & Credentials, Public Key)",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Telnyx { signature }))
    },
};

struct Telnyx {
    signature: Signature,
}

impl Dialect for Telnyx {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn route(&self, webhook: &Webhook<'_>) -> Option<Route> {
        Event::parse(webhook.body).ok()?.route()
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let event = Event::parse(webhook.body)?;
        match event.route() {
            Some(Route::Receipts) => receipt::read(&event, webhook.arrived_at),
            _ => Ok(Vec::new()),
        }
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let event = Event::parse(webhook.body)?;
        match event.route() {
            Some(Route::Inbound) => Ok(vec![inbound::read(&event, webhook.arrived_at)]),
            _ => Ok(Vec::new()),
        }
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// The body is signed, and not the URL.
    fn url_id(&self) -> UrlId {
        UrlId::Tagged
    }

    /// Only Telnyx has the key that signs.
    fn sample(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Option<Sample> {
        None
    }
}

#[cfg(test)]
mod tests;
