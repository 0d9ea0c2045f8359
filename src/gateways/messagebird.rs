//! MessageBird, Bird's older API: receipts by GET and inbound messages as forms, with a token in a
//! header that carries the hashes of URL and body (MessageBird, "Handle a status report", "Receive
//! messages", "Verify HTTP requests").

use super::fields::{self, keep};
use super::form::Form;
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    Webhook, bird_codes,
};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, SecondsFormat, Utc};
use url::Url;
use uuid::Uuid;

mod signature;
use signature::Signature;

/// In lower case.
const STATUSES: [(&str, Status); 6] = [
    ("scheduled", Status::Accepted),
    ("buffered", Status::Queued),
    ("sent", Status::Sent),
    ("delivered", Status::Delivered),
    ("delivery_failed", Status::Undelivered),
    ("expired", Status::Expired),
];

/// `code` of an answer to a send (MessageBird, "API errors"): numbers of their own.
const REFUSALS: [(&str, Meaning); 8] = [
    ("2", Meaning::permanent(ErrorClass::Account)),
    ("9", Meaning::permanent(ErrorClass::Other)),
    ("10", Meaning::permanent(ErrorClass::Other)),
    ("20", Meaning::permanent(ErrorClass::Other)),
    ("21", Meaning::permanent(ErrorClass::Other)),
    ("25", Meaning::temporary(ErrorClass::Account)),
    ("98", Meaning::permanent(ErrorClass::Other)),
    ("99", Meaning::temporary(ErrorClass::Other)),
];

/// MessageBird's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "messagebird",
    provider: "MessageBird (Bird's older API)",
    secret: "the signing key (Dashboard, Developer settings), which is not the API key",
    statuses: &STATUSES,
    errors: &bird_codes::ERRORS,
    refusals: Some(&REFUSALS),
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(MessageBird { signature }))
    },
};

struct MessageBird {
    signature: Signature,
}

impl Dialect for MessageBird {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        let form = Form::of_call_or_json(webhook)?;
        Ok(vec![receipt(&form, webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        let form = Form::of_call_or_json(webhook)?;
        Ok(vec![inbound(&form, webhook.arrived_at)])
    }

    /// "OK" is what MessageBird's own examples answer.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            body: "OK",
            ..Acknowledgement::EMPTY
        }
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let mut url = Url::parse(url).ok()?;
        url.query_pairs_mut()
            .append_pair("id", id)
            .append_pair("recipient", "31612345678")
            .append_pair("status", raw_status)
            .append_pair(
                "statusDatetime",
                &at.to_rfc3339_opts(SecondsFormat::Secs, false),
            );
        let token = self.signature.sign(url.as_str(), b"", at)?;
        Some(Sample {
            method: "GET",
            url: url.into(),
            headers: vec![("messagebird-signature-jwt", token)],
            body: Vec::new(),
        })
    }
}

fn receipt(form: &Form, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = fields::canonical_id("id", form.get("id").unwrap_or_default());
    let id = keep(&mut faults, id).flatten();
    let raw = fields::needed_code("status", form.get("status").unwrap_or_default());
    let (Some(raw), true) = (keep(&mut faults, raw), faults.is_empty()) else {
        return Err(faults);
    };
    let reference = form.get("reference").unwrap_or_default();
    let price = fields::spare_price(form.get("price[amount]"));
    let mut receipt = Receipt {
        message_id: Uuid::try_parse(reference.trim()).ok(),
        gateway_message_id: id,
        gateway_time: fields::spare_time(time(form, "statusDatetime"), now),
        currency: price
            .as_ref()
            .and_then(|_| fields::spare_currency(form.get("price[currency]"))),
        price,
        mcc_mnc: fields::spare_mcc_mnc(form.get("mccmnc")),
        ..Receipt::new(KIND.status(&raw.to_ascii_lowercase()), raw)
    };
    let code = form.get("statusErrorCode").unwrap_or_default();
    let code = fields::spare(fields::canonical_code("statusErrorCode", code));
    KIND.explain(&mut receipt, code.filter(|code| code != "0"));
    Ok(receipt)
}

/// A time of RFC 3339, whose plus is a space if it was not escaped in the URL.
fn time(form: &Form, name: &str) -> Option<DateTime<Utc>> {
    let text = form.get(name)?.trim();
    fields::spaced_time(text).or_else(|| fields::spaced_time(&text.replace(' ', "+")))
}

fn inbound(form: &Form, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let body = form.raw("body").or_else(|| form.raw("message"));
    let text = Text {
        id: ("id", form.get("id")),
        from: ("originator", form.get("originator")),
        to: ("recipient", form.get("recipient")),
        body: ("body", body.unwrap_or_default()),
    };
    Ok(Inbound {
        received_at: fields::spare_time(time(form, "createdDatetime"), now),
        ..text.read()?
    })
}

#[cfg(test)]
mod tests;
