//! Vonage's SMS API: receipts and inbound messages by GET, as forms or as JSON, whichever the account is
//! set to, signed by a parameter `sig` (Vonage, "Delivery receipts", "Inbound SMS", "Signing messages").
//!
//! A text of several parts has a receipt for each, under an id of its own, and no field says which part
//! it is. They find their message by our id, in the callback URL or as `client-ref`.

use super::dialect::UrlId;
use super::fields::{self, keep};
use super::form::Form;
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Part, Receipt, Refusal,
    Sample, Webhook,
};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

mod signature;
use signature::Signature;

/// In lower case. The upper-case words of SMPP come through now and then.
const STATUSES: [(&str, Status); 11] = [
    ("accepted", Status::Queued),
    ("buffered", Status::Sent),
    ("submitted", Status::Sent),
    ("delivered", Status::Delivered),
    ("failed", Status::Undelivered),
    ("undeliv", Status::Undelivered),
    ("undeliverable", Status::Undelivered),
    ("deleted", Status::Failed),
    ("rejected", Status::Rejected),
    ("expired", Status::Expired),
    ("unknown", Status::Unknown),
];

/// `err-code` (Vonage, "SMS delivery error codes and descriptions"). 9 is called "illegal number", and
/// is said of those who asked to receive no more.
const ERRORS: [(&str, Meaning); 17] = [
    ("1", Meaning::open(ErrorClass::Other)),
    ("2", Meaning::temporary(ErrorClass::Unreachable)),
    ("3", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("4", Meaning::permanent(ErrorClass::Filtered)),
    ("5", Meaning::open(ErrorClass::Unreachable)),
    ("6", Meaning::open(ErrorClass::Filtered)),
    ("7", Meaning::temporary(ErrorClass::Unreachable)),
    ("8", Meaning::temporary(ErrorClass::Unreachable)),
    ("9", Meaning::permanent(ErrorClass::OptedOut)),
    ("10", Meaning::permanent(ErrorClass::Other)),
    ("11", Meaning::permanent(ErrorClass::Unreachable)),
    ("12", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("13", Meaning::permanent(ErrorClass::Filtered)),
    ("14", Meaning::permanent(ErrorClass::Filtered)),
    ("15", Meaning::temporary(ErrorClass::Account)),
    ("16", Meaning::temporary(ErrorClass::Account)),
    ("99", Meaning::open(ErrorClass::Other)),
];

/// `status` of the answer to a send (Vonage, "SMS API error codes"): numbers of their own. Where 9 is said of a
/// delivery the recipient wants no messages; here the account has no credit.
const REFUSALS: [(&str, Meaning); 19] = [
    ("1", Meaning::temporary(ErrorClass::Account)),
    ("2", Meaning::permanent(ErrorClass::Other)),
    ("3", Meaning::permanent(ErrorClass::Other)),
    ("4", Meaning::permanent(ErrorClass::Account)),
    ("5", Meaning::temporary(ErrorClass::Other)),
    ("6", Meaning::open(ErrorClass::Other)),
    ("7", Meaning::permanent(ErrorClass::Filtered)),
    ("8", Meaning::permanent(ErrorClass::Account)),
    ("9", Meaning::temporary(ErrorClass::Account)),
    ("10", Meaning::temporary(ErrorClass::Account)),
    ("11", Meaning::permanent(ErrorClass::Account)),
    ("12", Meaning::permanent(ErrorClass::Other)),
    ("14", Meaning::permanent(ErrorClass::Account)),
    ("15", Meaning::permanent(ErrorClass::Account)),
    ("22", Meaning::permanent(ErrorClass::Other)),
    ("23", Meaning::permanent(ErrorClass::Other)),
    ("29", Meaning::permanent(ErrorClass::Account)),
    ("32", Meaning::permanent(ErrorClass::Account)),
    ("33", Meaning::permanent(ErrorClass::InvalidNumber)),
];

/// Vonage bills in euros, whatever the country ("message-price: the amount charged in Euros").
const CURRENCY: &str = "EUR";

/// The SMS API's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "vonage-sms",
    provider: "Vonage SMS API",
    secret: "the account's signature secret (API settings); `signature` is its method there",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: Some(&REFUSALS),
    open: |settings| {
        let signature = Signature::new(&settings.secrets, settings.signature.as_deref())?;
        Ok(Box::new(VonageSms { signature }))
    },
};

struct VonageSms {
    signature: Signature,
}

impl Dialect for VonageSms {
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

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// Vonage does not say that it signs what we put into the URL, so a signature without it is taken.
    fn url_id(&self) -> UrlId {
        UrlId::Tagged
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let mut url = Url::parse(url).ok()?;
        url.query_pairs_mut()
            .append_pair("msisdn", "447700900001")
            .append_pair("to", "sample")
            .append_pair("messageId", id)
            .append_pair("status", raw_status)
            .append_pair("err-code", "0")
            .append_pair("scts", &at.format("%y%m%d%H%M").to_string())
            .append_pair("timestamp", &at.timestamp().to_string());
        let form = Form::parse(url.query().unwrap_or_default().as_bytes());
        let signature = self.signature.sign(&form)?;
        url.query_pairs_mut().append_pair("sig", &signature);
        Some(Sample {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }
}

fn receipt(form: &Form, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = fields::canonical_id("messageId", form.get("messageId").unwrap_or_default());
    let id = keep(&mut faults, id).flatten();
    let raw = fields::needed_code("status", form.get("status").unwrap_or_default());
    let (Some(raw), true) = (keep(&mut faults, raw), faults.is_empty()) else {
        return Err(faults);
    };
    let status = KIND.status(&raw.to_ascii_lowercase());
    let time = form.get("scts").and_then(fields::compact_time);
    let price = fields::spare_price(form.get("price"));
    let mut receipt = Receipt {
        message_id: form.get("client-ref").and_then(own_id),
        gateway_message_id: id,
        // Vonage's own word after 72 hours without news of the carrier.
        synthetic: status == Status::Expired,
        gateway_time: fields::spare_time(time.or_else(|| pushed_at(form)), now),
        currency: price.as_ref().map(|_| CURRENCY.to_owned()),
        price,
        mcc_mnc: fields::spare_mcc_mnc(form.get("network-code")),
        ..Receipt::new(status, raw)
    };
    let code = form.get("err-code").unwrap_or_default();
    let code = fields::spare(fields::canonical_code("err-code", code));
    KIND.explain(&mut receipt, code.filter(|code| code != "0"));
    Ok(receipt)
}

fn own_id(client_ref: &str) -> Option<Uuid> {
    Uuid::try_parse(client_ref.trim()).ok()
}

/// When Vonage first called us about it.
fn pushed_at(form: &Form) -> Option<DateTime<Utc>> {
    form.get("message-timestamp").and_then(fields::spaced_time)
}

fn inbound(form: &Form, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let says_nothing = ["text", "data", "type"]
        .iter()
        .all(|name| form.get(name).is_none());
    if says_nothing && form.get("status").is_some() {
        let message = "is of a delivery receipt: this is the URL for inbound messages";
        return Err(vec![FieldFault::new("status", message)]);
    }
    let text = match form.raw("text") {
        Some(text) => text.to_owned(),
        None => readable(form.get("data").unwrap_or_default()),
    };
    let inbound = Text {
        id: ("messageId", form.get("messageId")),
        from: ("msisdn", form.get("msisdn")),
        to: ("to", form.get("to")),
        body: ("text", &text),
    };
    Ok(Inbound {
        received_at: fields::spare_time(pushed_at(form), now),
        part: part(form),
        ..inbound.read()?
    })
}

/// What a message of `type=binary` says, if it is text after all. Else nothing: that somebody answered
/// counts, ring tones do not.
fn readable(data: &str) -> String {
    let bytes = hex::decode(data.trim()).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let is_text = !text
        .chars()
        .any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r'));
    if is_text { text } else { String::new() }
}

/// A part of a longer text, which Vonage leaves to us to join. One that does not say its place well is
/// taken for a text of its own, so that it is not waited for in vain.
fn part(form: &Form) -> Option<Part> {
    if form.get("concat") != Some("true") {
        return None;
    }
    let number: u8 = form.get("concat-part")?.trim().parse().ok()?;
    let total: u8 = form.get("concat-total")?.trim().parse().ok()?;
    let reference = fields::canonical_code("concat-ref", form.get("concat-ref")?);
    (1..=total).contains(&number).then_some(Part {
        reference: fields::spare(reference)?,
        number,
        total,
    })
}

#[cfg(test)]
mod tests;
