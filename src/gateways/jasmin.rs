//! Jasmin: receipts and inbound messages as forms or by GET, without a signature (Jasmin, "HTTP API",
//! "HTTP client connector"). What it does not find answered by `ACK/Jasmin` comes again.

use super::fields::{self, keep};
use super::form::Form;
use super::text::Text;
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    SharedSecret, Webhook, charset, smpp,
};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use url::{Url, form_urlencoded};
use uuid::Uuid;

/// SMPP's words, of the network (level 2), and the one good answer of the SMSC (level 1). Each other
/// answer of the SMSC is its refusal.
const STATUSES: [(&str, Status); 9] = {
    let [
        enroute,
        acceptd,
        delivrd,
        undeliv,
        deleted,
        rejectd,
        expired,
        unknown,
    ] = smpp::STATUSES;
    let taken = ("ESME_ROK", Status::Sent);
    [
        taken, enroute, acceptd, delivrd, undeliv, deleted, rejectd, expired, unknown,
    ]
};

/// The SMSC's refusals (SMPP 3.4, 5.1.3) that say something about a message. Codes of the network are
/// its own.
const ERRORS: [(&str, Meaning); 12] = [
    (
        "ESME_RINVDSTADR",
        Meaning::permanent(ErrorClass::InvalidNumber),
    ),
    (
        "ESME_RINVNUMDESTS",
        Meaning::permanent(ErrorClass::InvalidNumber),
    ),
    ("ESME_RINVSRCADR", Meaning::permanent(ErrorClass::Account)),
    ("ESME_RINVSYSID", Meaning::open(ErrorClass::Account)),
    ("ESME_RINVPASWD", Meaning::open(ErrorClass::Account)),
    ("ESME_RBINDFAIL", Meaning::open(ErrorClass::Account)),
    ("ESME_RMSGQFUL", Meaning::temporary(ErrorClass::Other)),
    ("ESME_RTHROTTLED", Meaning::temporary(ErrorClass::Account)),
    ("ESME_RSYSERR", Meaning::temporary(ErrorClass::Other)),
    ("ESME_RX_T_APPN", Meaning::temporary(ErrorClass::Other)),
    ("ESME_RX_P_APPN", Meaning::permanent(ErrorClass::Other)),
    ("ESME_RX_R_APPN", Meaning::permanent(ErrorClass::Filtered)),
];

/// Jasmin's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "jasmin",
    provider: "Jasmin",
    secret: "a long random text of your own; it stands in the URLs",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let secret = SharedSecret::new(&settings.secrets)?;
        Ok(Box::new(Jasmin { secret }))
    },
};

struct Jasmin {
    secret: SharedSecret,
}

impl Dialect for Jasmin {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.secret.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        Ok(vec![receipt(&Form::of_call(webhook), webhook.arrived_at)])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        Ok(vec![inbound(&Form::of_call(webhook))])
    }

    /// Not a character more.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            status: 200,
            content_type: "text/plain",
            body: "ACK/Jasmin",
        }
    }

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
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("id", id)
            .append_pair("level", "2")
            .append_pair("message_status", raw_status)
            .append_pair("connector", "sample")
            .append_pair("donedate", &at.format("%y%m%d%H%M").to_string())
            .append_pair("err", "000")
            .finish();
        let form = "application/x-www-form-urlencoded";
        Some(Sample {
            method: "POST",
            url: url.into(),
            headers: vec![("content-type", form.to_owned())],
            body: body.into_bytes(),
        })
    }
}

fn receipt(form: &Form, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let id = fields::canonical_id("id", form.get("id").unwrap_or_default());
    let id = keep(&mut faults, id).flatten();
    let raw = form.get("message_status").unwrap_or_default();
    let raw = keep(&mut faults, fields::needed_code("message_status", raw));
    let (Some(raw), true) = (raw, faults.is_empty()) else {
        return Err(faults);
    };
    let word = raw.to_ascii_uppercase();
    let time = form.get("donedate").and_then(fields::compact_time);
    let mut receipt = Receipt {
        gateway_message_id: id,
        gateway_time: fields::spare_time(time, now),
        ..Receipt::new(status(&word), raw)
    };
    KIND.explain(&mut receipt, code(word, form));
    Ok(receipt)
}

fn status(word: &str) -> Status {
    match KIND.status(word) {
        Status::Unknown if word.starts_with("ESME_") => Status::Rejected,
        status => status,
    }
}

/// The SMSC's refusal, or else the network's `err` unless that says "none".
fn code(word: String, form: &Form) -> Option<String> {
    if word.starts_with("ESME_") {
        return Some(word).filter(|word| word != "ESME_ROK");
    }
    let code = form.get("err").unwrap_or_default();
    let code = fields::spare(fields::canonical_code("err", code));
    code.filter(|code| code.bytes().any(|byte| byte != b'0'))
}

fn inbound(form: &Form) -> Result<Inbound, Vec<FieldFault>> {
    let bytes = form
        .get("binary")
        .and_then(|text| hex::decode(text.trim()).ok());
    let body = match &bytes {
        Some(bytes) => decode(bytes, coding(form)),
        None => Cow::Borrowed(form.raw("content").unwrap_or_default()),
    };
    let text = Text {
        id: ("id", form.get("id")),
        from: ("from", form.get("from")),
        to: ("to", form.get("to")),
        body: ("content", &body),
    };
    text.read()
}

/// SMPP's `data_coding` (SMPP 3.4, 5.2.19). Jasmin writes it as a number, or as the byte itself.
fn coding(form: &Form) -> u8 {
    let text = form.raw("coding").unwrap_or_default();
    let number = text.trim().parse();
    number.unwrap_or_else(|_| text.bytes().next().unwrap_or_default())
}

/// The content's bytes, which `binary` holds as they were: 8 is UCS-2, 3 is Latin-1. 0 is the SMSC's own
/// alphabet, of which letters and digits are ASCII's.
fn decode(bytes: &[u8], coding: u8) -> Cow<'_, str> {
    match coding {
        8 => charset::decode_ucs2(bytes),
        3 => charset::decode_named(bytes, "latin1"),
        _ => charset::decode_named(bytes, "utf-8"),
    }
}

#[cfg(test)]
mod tests;
