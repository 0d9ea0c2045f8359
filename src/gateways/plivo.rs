//! Plivo: forms, signed over the URL and all parameters (Plivo, "Message status callbacks", "Incoming
//! messages", "Validate requests from Plivo", signature V3).
//!
//! A long text has a callback for each of its parts: `PartInfo` says "1 of 2", and `ParentMessageUUID`
//! is the id that its submission was answered with.

use super::fields::{self, keep};
use super::form::Form;
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    Webhook,
};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use url::form_urlencoded;

mod signature;
use signature::Signature;

/// In lower case.
const STATUSES: [(&str, Status); 7] = [
    ("queued", Status::Queued),
    ("sent", Status::Sent),
    ("delivered", Status::Delivered),
    ("read", Status::Delivered),
    ("undelivered", Status::Undelivered),
    ("failed", Status::Failed),
    ("rejected", Status::Rejected),
];

/// Plivo, "Error codes".
const ERRORS: [(&str, Meaning); 17] = [
    ("10", Meaning::permanent(ErrorClass::Other)),
    ("20", Meaning::temporary(ErrorClass::Unreachable)),
    ("30", Meaning::open(ErrorClass::Filtered)),
    ("40", Meaning::permanent(ErrorClass::Account)),
    ("50", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("60", Meaning::permanent(ErrorClass::Filtered)),
    ("70", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("80", Meaning::temporary(ErrorClass::Unreachable)),
    ("90", Meaning::permanent(ErrorClass::Unreachable)),
    ("100", Meaning::permanent(ErrorClass::Filtered)),
    ("110", Meaning::permanent(ErrorClass::Other)),
    ("200", Meaning::permanent(ErrorClass::OptedOut)),
    ("300", Meaning::temporary(ErrorClass::Other)),
    ("420", Meaning::temporary(ErrorClass::Expired)),
    ("900", Meaning::temporary(ErrorClass::Account)),
    ("910", Meaning::permanent(ErrorClass::Account)),
    ("1000", Meaning::open(ErrorClass::Other)),
];

/// Plivo bills in dollars.
const CURRENCY: &str = "USD";

/// Plivo's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "plivo",
    provider: "Plivo",
    secret: "the auth token of the account or subaccount (Console, Overview)",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Plivo { signature }))
    },
};

struct Plivo {
    signature: Signature,
}

impl Dialect for Plivo {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        Ok(vec![receipt(&Form::of_call(webhook), webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        Ok(vec![inbound(&Form::of_call(webhook))])
    }

    /// An empty document of Plivo XML: no reply is sent to the subscriber.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            status: 200,
            content_type: "text/xml",
            body: "<Response/>",
        }
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("DeliveryReportTime", &at.to_rfc3339())
            .append_pair("From", "15005550006")
            .append_pair("MessageUUID", id)
            .append_pair("Status", raw_status)
            .append_pair("To", "15005550001")
            .finish();
        let nonce = at.timestamp_micros().to_string();
        let signed = self
            .signature
            .sign_form(url, &nonce, &Form::parse(body.as_bytes()))?;
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                (
                    "content-type",
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("x-plivo-signature-v3", signed),
                ("x-plivo-signature-v3-nonce", nonce),
            ],
            body: body.into_bytes(),
        })
    }
}

fn receipt(form: &Form, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = form
        .get("ParentMessageUUID")
        .or_else(|| form.get("MessageUUID"));
    let id = fields::canonical_id("MessageUUID", id.unwrap_or_default());
    let id = keep(&mut faults, id).flatten();
    let raw = fields::needed_code("Status", form.get("Status").unwrap_or_default());
    let (Some(raw), true) = (keep(&mut faults, raw), faults.is_empty()) else {
        return Err(faults);
    };
    let status = KIND.status(&raw.to_ascii_lowercase());
    let part = form.get("PartInfo").and_then(part);
    let price = fields::spare_price(price(form, part));
    let network = [form.get("MCC"), form.get("MNC")].map(|code| code.unwrap_or_default().trim());
    let mut receipt = Receipt {
        gateway_message_id: id,
        segment_number: part.map(|(number, _)| number),
        segment_count: part.map(|(_, total)| total),
        gateway_time: fields::spare_time(time(form, status), now),
        currency: price.as_ref().map(|_| CURRENCY.to_owned()),
        price,
        mcc_mnc: fields::spare_mcc_mnc(Some(&network.concat())),
        ..Receipt::new(status, raw)
    };
    let code = form.get("ErrorCode").unwrap_or_default();
    let code = fields::spare(fields::canonical_code("ErrorCode", code));
    // 000 says that all is well.
    let is_error = |code: &String| code.bytes().any(|byte| byte != b'0');
    KIND.explain(&mut receipt, code.filter(is_error));
    Ok(receipt)
}

/// `2 of 3`: which of how many. A text of one part is no part.
fn part(text: &str) -> Option<(u16, u16)> {
    let (number, total) = text.trim().split_once(" of ")?;
    let number: u16 = number.trim().parse().ok()?;
    let total: u16 = total.trim().parse().ok()?;
    ((2..=255).contains(&total) && (1..=total).contains(&number)).then_some((number, total))
}

/// What this callback is about costs: a part its rate, a whole text the amount. `TotalRate` is the rate
/// of one part, so it says nothing about a text of several.
fn price(form: &Form, part: Option<(u16, u16)>) -> Option<&str> {
    let is_one = part.is_some() || matches!(form.get("Units").map(str::trim), None | Some("1"));
    let rate = form.get("TotalRate").filter(|_| is_one);
    match part {
        Some(_) => rate,
        None => form.get("TotalAmount").or(rate),
    }
}

/// When it came to this status. `MessageTime` stays the same all along.
fn time(form: &Form, status: Status) -> Option<DateTime<Utc>> {
    let name = match status {
        Status::Queued => "QueuedTime",
        Status::Sent => "SentTime",
        _ => "DeliveryReportTime",
    };
    form.get(name).and_then(fields::spaced_time)
}

fn inbound(form: &Form) -> Result<Inbound, Vec<FieldFault>> {
    if form.get("Status").is_some() && form.raw("Text").is_none() {
        let message = "is of a delivery report: this is the URL for incoming messages";
        return Err(vec![FieldFault::new("Status", message)]);
    }
    let text = Text {
        id: ("MessageUUID", form.get("MessageUUID")),
        from: ("From", form.get("From")),
        to: ("To", form.get("To")),
        body: ("Text", form.raw("Text").unwrap_or_default()),
    };
    Ok(Inbound {
        segments: form
            .get("Units")
            .and_then(|units| units.trim().parse().ok()),
        ..text.read()?
    })
}

#[cfg(test)]
mod tests;
