//! Twilio: status callbacks and inbound messages as forms, signed with the account's auth token
//! (Twilio, "Track the message status of outbound messages", "`TwiML` for Programmable SMS", "Webhooks
//! security").

use super::fields::{self, keep};
use super::form::Form;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    Webhook,
};
use crate::domain::opt_out::Intent;
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use url::form_urlencoded;

mod signature;
use signature::Signature;

const STATUSES: [(&str, Status); 12] = [
    ("accepted", Status::Accepted),
    ("scheduled", Status::Accepted),
    ("queued", Status::Queued),
    ("sending", Status::Queued),
    ("sent", Status::Sent),
    ("delivered", Status::Delivered),
    ("read", Status::Delivered),
    ("partially_delivered", Status::Delivered),
    ("undelivered", Status::Undelivered),
    ("failed", Status::Failed),
    ("canceled", Status::Canceled),
    ("cancelled", Status::Canceled),
];

/// Twilio's error and warning dictionary, as far as it is about one message.
const ERRORS: [(&str, Meaning); 18] = [
    ("21211", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("21408", Meaning::permanent(ErrorClass::Account)),
    ("21610", Meaning::permanent(ErrorClass::OptedOut)),
    ("21612", Meaning::permanent(ErrorClass::Unreachable)),
    ("21614", Meaning::permanent(ErrorClass::Landline)),
    ("30001", Meaning::temporary(ErrorClass::Account)),
    ("30002", Meaning::permanent(ErrorClass::Account)),
    ("30003", Meaning::temporary(ErrorClass::Unreachable)),
    ("30004", Meaning::permanent(ErrorClass::Filtered)),
    ("30005", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("30006", Meaning::permanent(ErrorClass::Landline)),
    ("30007", Meaning::permanent(ErrorClass::Filtered)),
    ("30008", Meaning::open(ErrorClass::Other)),
    ("30010", Meaning::permanent(ErrorClass::Account)),
    ("30032", Meaning::permanent(ErrorClass::Account)),
    ("30034", Meaning::permanent(ErrorClass::Account)),
    ("30036", Meaning::permanent(ErrorClass::Expired)),
    ("30410", Meaning::temporary(ErrorClass::Unreachable)),
];

/// Twilio's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "twilio",
    provider: "Twilio",
    secret: "the account's auth token (Console, Account Info)",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let signature = Signature::new(&settings.secrets)?;
        Ok(Box::new(Twilio { signature }))
    },
};

struct Twilio {
    signature: Signature,
}

impl Dialect for Twilio {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.signature.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        Ok(vec![receipt(&Form::of_call(webhook), webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        Ok(vec![inbound(&Form::of_call(webhook))])
    }

    /// An empty `TwiML` document: no reply is sent to the subscriber.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            status: 200,
            content_type: "text/xml",
            body: "<Response/>",
        }
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, _at: DateTime<Utc>) -> Option<Sample> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("AccountSid", "AC00000000000000000000000000000000")
            .append_pair("From", "+15005550006")
            .append_pair("MessageSid", id)
            .append_pair("MessageStatus", raw_status)
            .append_pair("To", "+15005550001")
            .finish();
        let signed = self
            .signature
            .sign_form(url, &Form::parse(body.as_bytes()))?;
        Some(Sample {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                (
                    "content-type",
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("x-twilio-signature", signed),
            ],
            body: body.into_bytes(),
        })
    }
}

/// `SmsSid` and `SmsStatus` are the older names of `MessageSid` and `MessageStatus`; some callbacks
/// carry only those.
fn receipt(form: &Form, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let sid = form.get("MessageSid").or_else(|| form.get("SmsSid"));
    // A STOP counts without an id.
    let id = fields::spare(fields::canonical_id("MessageSid", sid.unwrap_or_default()));
    let status = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    let raw = fields::needed_code("MessageStatus", status.unwrap_or_default());
    let raw = keep(&mut faults, raw).filter(|raw| !is_of_inbound(raw, &mut faults));
    let (Some(raw), true) = (raw, faults.is_empty()) else {
        return Err(faults);
    };
    let time = form.get("RawDlrDoneDate").and_then(fields::compact_time);
    let mut receipt = Receipt {
        gateway_message_id: id,
        gateway_time: fields::spare_time(time, now),
        ..Receipt::new(KIND.status(&raw.to_ascii_lowercase()), raw)
    };
    let code = form.get("ErrorCode").unwrap_or_default();
    let code = fields::spare(fields::canonical_code("ErrorCode", code));
    KIND.explain(&mut receipt, code.filter(|code| code != "0"));
    Ok(receipt)
}

/// A subscriber's message that came to the wrong URL: were it taken for a receipt, a STOP would be lost.
fn is_of_inbound(raw_status: &str, faults: &mut Vec<FieldFault>) -> bool {
    let is_inbound = is_received(raw_status);
    if is_inbound {
        let message = "is of an incoming message: this is the URL for status callbacks";
        faults.push(FieldFault::new("SmsStatus", message));
    }
    is_inbound
}

fn is_received(raw_status: &str) -> bool {
    ["received", "receiving"].contains(&raw_status.to_ascii_lowercase().as_str())
}

fn inbound(form: &Form) -> Result<Inbound, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let status = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    if status.is_some_and(|status| !is_received(status.trim())) {
        let message = "is of a message that was sent: this is the URL for incoming messages";
        faults.push(FieldFault::new("MessageStatus", message));
    }
    let from = PhoneNumber::parse(form.get("From").unwrap_or_default());
    let from = keep(
        &mut faults,
        from.map_err(|error| FieldFault::new("From", error)),
    );
    let to = Sender::parse(form.get("To").unwrap_or_default());
    let to = keep(
        &mut faults,
        to.map_err(|error| FieldFault::new("To", error)),
    );
    let body = fields::clean_body("Body", form.raw("Body").unwrap_or_default());
    let body = keep(&mut faults, body);
    let sid = form.get("MessageSid").or_else(|| form.get("SmsSid"));
    // A STOP counts without an id.
    let id = fields::spare(fields::canonical_id("MessageSid", sid.unwrap_or_default()));
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id: id,
            from,
            to,
            body,
            segments: form.get("NumSegments").and_then(|text| text.parse().ok()),
            received_at: None,
            part: None,
            gateway_intent: form.get("OptOutType").and_then(intent),
        }),
        _ => Err(faults),
    }
}

/// Advanced Opt-Out's own verdict, which Twilio acts upon by itself.
fn intent(opt_out_type: &str) -> Option<Intent> {
    match opt_out_type.trim().to_ascii_uppercase().as_str() {
        "STOP" => Some(Intent::Stop),
        "START" => Some(Intent::Start),
        "HELP" => Some(Intent::Help),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
