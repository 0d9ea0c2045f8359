//! Infobip: delivery reports and inbound messages as JSON, up to 100 in a call unless the account
//! says otherwise (Infobip, "SMS", "Receive outbound SMS message reports", "Receive inbound SMS
//! messages", "Response status and error codes"). Both the older API and version 3 send these fields.

use super::{
    Acknowledgement, Dialect, Inbound, Items, Kind, Receipt, Refusal, Sample, SharedSecret,
    Webhook, json, neutral,
};
use crate::domain::status::Status;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

mod errors;
mod inbound;
mod report;

use errors::ERRORS;

/// The groups, which every status has, and the names that say more than their group.
const STATUSES: [(&str, Status); 10] = [
    ("DELIVERED", Status::Delivered),
    ("DELIVERED_TO_HANDSET", Status::Delivered),
    ("DELIVERED_TO_OPERATOR", Status::Delivered),
    ("ACCEPTED", Status::Accepted),
    ("PENDING", Status::Queued),
    (ENROUTE, Status::Sent),
    (WAITING, Status::Sent),
    ("UNDELIVERABLE", Status::Undelivered),
    ("EXPIRED", Status::Expired),
    ("REJECTED", Status::Rejected),
];

/// Pending, and with the operator.
const ENROUTE: &str = "PENDING_ENROUTE";
/// With the operator as well: its receipt is awaited.
const WAITING: &str = "PENDING_WAITING_DELIVERY";

/// Infobip's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "infobip",
    provider: "Infobip",
    secret: "a long random text of your own; it stands in the URLs, or is basic auth's password",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let secret = SharedSecret::new(&settings.secrets)?;
        Ok(Box::new(Infobip { secret }))
    },
};

/// Infobip signs nothing: the proof is a secret in the URL or in basic auth.
struct Infobip {
    secret: SharedSecret,
}

impl Dialect for Infobip {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.secret.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let read = |raw: &RawValue| report::read(raw, webhook.arrived_at);
        Ok(results(webhook.body)?.into_iter().map(read).collect())
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let read = |raw: &RawValue| inbound::read(raw, webhook.arrived_at);
        Ok(results(webhook.body)?.into_iter().map(read).collect())
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// What to give as the message's `webhooks.delivery.url` (version 3) or `notifyUrl`.
    fn receipt_url(&self, endpoint: Url, message_id: Uuid) -> String {
        self.secret.receipt_url(endpoint, message_id).into()
    }

    fn inbound_url(&self, mut endpoint: Url) -> String {
        self.secret.add_to(&mut endpoint);
        endpoint.into()
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let mut url = Url::parse(url).ok()?;
        self.secret.add_to(&mut url);
        let at = at.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
        let report = json!({
            "messageId": id, "to": "436601234567", "sentAt": at, "doneAt": at, "messageCount": 1,
            "status": {"groupName": group_of_name(raw_status), "name": raw_status},
            "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": false},
        });
        Some(Sample {
            method: "POST",
            url: url.into(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: json!({ "results": [report] }).to_string().into_bytes(),
        })
    }
}

/// The group that a status' name begins with: `REJECTED` of `REJECTED_DND`.
fn group_of_name(name: &str) -> &str {
    name.split('_').next().unwrap_or_default()
}

/// The items of a call, each still raw: one that is broken costs no other.
fn results(body: &[u8]) -> Result<Vec<&RawValue>, Refusal> {
    #[derive(Deserialize)]
    struct Call<'a> {
        #[serde(borrow)]
        results: Vec<&'a RawValue>,
    }
    let call: Call<'_> = json::document(body)?;
    if call.results.len() > neutral::ITEM_LIMIT {
        let limit = neutral::ITEM_LIMIT;
        return Err(Refusal::TooMany { limit });
    }
    Ok(call.results)
}

#[cfg(test)]
mod tests;
