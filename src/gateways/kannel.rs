//! Kannel: receipts and inbound messages come as GET requests to URLs that we write, with Kannel's
//! escapes in them (Kannel User Guide, "Parameters for sendsms" and "sms-service").
//!
//! A receipt's `status` is a bit mask, of which Kannel sets one bit a callback: 1 delivered, 2
//! failed, 4 buffered, 8 taken by the SMSC, 16 refused by the SMSC, 32 an intermediate notice. Over
//! SMPP, `answer` holds the SMSC's own receipt text, whose `stat` says more than the bit.

use super::fields::{self, keep};
use super::{
    Acknowledgement, Dialect, FieldFault, Inbound, Items, Kind, Meaning, Receipt, Refusal, Sample,
    SharedSecret, Webhook, charset, smpp,
};
use crate::domain::phone::{PhoneNumber, Sender};
use crate::domain::status::{ErrorClass, Status};
use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

mod query;
use query::Query;

/// SMPP's words, and Kannel's own bits where there are none. Of several bits the final ones count, so
/// they stand first.
const STATUSES: [(&str, Status); 14] = {
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
    [
        enroute,
        acceptd,
        delivrd,
        undeliv,
        deleted,
        rejectd,
        expired,
        unknown,
        ("1", Status::Delivered),
        ("2", Status::Undelivered),
        ("16", Status::Rejected),
        ("8", Status::Sent),
        ("32", Status::Sent),
        ("4", Status::Queued),
    ]
};

/// Codes in `err:` are the network's own, so only the refusals of SMPP itself (SMPP 3.4, 5.1.3) can
/// be told apart.
const ERRORS: [(&str, Meaning); 4] = [
    ("0x0000000b", Meaning::permanent(ErrorClass::InvalidNumber)),
    ("0x0000000d", Meaning::open(ErrorClass::Account)),
    ("0x0000000e", Meaning::open(ErrorClass::Account)),
    ("0x0000000f", Meaning::open(ErrorClass::Account)),
];

/// Kannel's line in the table of dialects.
pub(super) const KIND: Kind = Kind {
    name: "kannel",
    provider: "Kannel",
    secret: "a long random text of your own; it stands in the URLs",
    statuses: &STATUSES,
    errors: &ERRORS,
    refusals: None,
    open: |settings| {
        let secret = SharedSecret::new(&settings.secrets)?;
        Ok(Box::new(Kannel { secret }))
    },
};

/// Kannel signs nothing: the proof is a `secret` parameter in the URL that we gave it.
struct Kannel {
    secret: SharedSecret,
}

impl Dialect for Kannel {
    fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.secret.verify(webhook)
    }

    fn receipts(&self, webhook: &Webhook<'_>) -> Result<Items<Receipt>, Refusal> {
        Ok(vec![receipt(
            &Query::parse(webhook.query()),
            webhook.arrived_at,
        )])
    }

    fn inbound(&self, webhook: &Webhook<'_>) -> Result<Items<Inbound>, Refusal> {
        Ok(vec![inbound(
            &Query::parse(webhook.query()),
            webhook.arrived_at,
        )])
    }

    /// An empty body: smsbox would send anything else back to the subscriber as a reply, unless
    /// its service says `max-messages = 0`.
    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement::EMPTY
    }

    /// The whole `dlr-url`, escapes in place. They are written by hand, since a URL type would
    /// encode their percent signs.
    fn receipt_url(&self, endpoint: Url, message_id: Uuid) -> String {
        let endpoint = kept(&self.secret.receipt_url(endpoint, message_id));
        format!("{endpoint}&status=%d&smsc=%i&fid=%F&ts=%T&answer=%A")
    }

    /// The whole `get-url` of an `sms-service`.
    ///
    /// `%b` and not `%a`, which takes a text apart at its white space and joins the words: in UTF-16 a byte
    /// of many letters is none but looks like it (`0A` ends 😊), and the text would be lost.
    fn inbound_url(&self, mut endpoint: Url) -> String {
        self.secret.add_to(&mut endpoint);
        let endpoint = kept(&endpoint);
        format!("{endpoint}&from=%p&to=%P&text=%b&id=%I&ts=%T&smsc=%i&charset=%C&coding=%c&udh=%u")
    }

    fn sample(&self, url: &str, id: &str, raw_status: &str, at: DateTime<Utc>) -> Option<Sample> {
        let mut url = Url::parse(url).ok()?;
        self.secret.add_to(&mut url);
        // A word of SMPP comes in the SMSC's answer, beside a bit.
        let (mask, answer) = match raw_status.parse::<u32>() {
            Ok(_) => (raw_status, String::new()),
            Err(_) => ("2", format!("stat:{raw_status}")),
        };
        url.query_pairs_mut()
            .append_pair("status", mask)
            .append_pair("answer", &answer)
            .append_pair("smsc", "sample")
            .append_pair("fid", id)
            .append_pair("ts", &at.timestamp().to_string());
        Some(Sample {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }
}

fn receipt(query: &Query, now: DateTime<Utc>) -> Result<Receipt, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let answer = query.text("answer").unwrap_or_default();
    let mask = keep(&mut faults, mask(query));
    let fid = query.text("fid").unwrap_or_default();
    let gateway_message_id = keep(&mut faults, fields::canonical_id("fid", &fid)).flatten();
    let (Some(mask), true) = (mask, faults.is_empty()) else {
        return Err(faults);
    };
    // The SMSC's own text has no form that all keep to: what cannot be stored of it is left out.
    let stat = word_after(&answer, "stat:");
    let with_stat = fields::spare(fields::canonical_code("answer", &raw_status(mask, stat)));
    let stat = stat.filter(|_| with_stat.is_some());
    let raw_status = with_stat.unwrap_or_else(|| raw_status(mask, None));
    let error_code = fields::spare(fields::canonical_code("answer", error_code(&answer)));
    let gateway_time = unix_time(query, now);
    let status = stat.and_then(smpp::status).unwrap_or_else(|| of_mask(mask));
    let mut receipt = Receipt {
        gateway_message_id,
        gateway_time,
        ..Receipt::new(status, raw_status)
    };
    KIND.explain(
        &mut receipt,
        error_code.map(|code| code.to_ascii_lowercase()),
    );
    Ok(receipt)
}

fn mask(query: &Query) -> Result<u32, FieldFault> {
    let text = query.text("status").unwrap_or_default();
    let refuse = || FieldFault::new("status", "must be Kannel's %d: a whole number");
    text.trim().parse().map_err(|_| refuse())
}

/// `%T`, seconds since 1970; empty and 0 are Kannel's way of not knowing.
fn unix_time(query: &Query, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = query.text("ts")?.trim().parse().ok()?;
    fields::spare_time(DateTime::from_timestamp(seconds, 0), now)
}

/// The word that follows a mark such as `stat:` in an SMPP receipt's text (SMPP 3.4, appendix B).
/// Marks are compared without regard to case: SMSCs differ.
fn word_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_ascii_whitespace().find_map(|word| {
        let (head, rest) = word.split_at_checked(mark.len())?;
        (head.eq_ignore_ascii_case(mark) && !rest.is_empty()).then_some(rest)
    })
}

/// `err:` of a receipt's text unless it says "none", or the code in Kannel's note of a refusal,
/// `NACK/0x0000000b/Invalid Destination Address`.
fn error_code(answer: &str) -> &str {
    if let Some(code) = word_after(answer, "err:") {
        return if code.bytes().all(|byte| byte == b'0') {
            ""
        } else {
            code
        };
    }
    let mut parts = answer.split('/');
    match (parts.next(), parts.next()) {
        (Some("NACK"), Some(code)) => code,
        _ => "",
    }
}

fn raw_status(mask: u32, stat: Option<&str>) -> String {
    match stat {
        Some(stat) => format!("{mask} {}", stat.to_ascii_uppercase()),
        None => mask.to_string(),
    }
}

/// The words come first in the table; a bit is any that is set of the mask.
fn of_mask(mask: u32) -> Status {
    let is_set = |word: &str| word.parse::<u32>().is_ok_and(|bit| mask & bit != 0);
    STATUSES
        .into_iter()
        .find(|(word, _)| is_set(word))
        .map_or(Status::Unknown, |(_, status)| status)
}

fn inbound(query: &Query, now: DateTime<Utc>) -> Result<Inbound, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let from = query.text("from").unwrap_or_default();
    let to = query.text("to").unwrap_or_default();
    let id = query.text("id").unwrap_or_default();
    let from = PhoneNumber::parse(&from).map_err(|error| FieldFault::new("from", error));
    let to = Sender::parse(&to).map_err(|error| FieldFault::new("to", error));
    let from = keep(&mut faults, from);
    let to = keep(&mut faults, to);
    let body = keep(&mut faults, body(query));
    let gateway_message_id = fields::spare(fields::canonical_id("id", &id));
    let received_at = unix_time(query, now);
    match (from, to, body) {
        (Some(from), Some(to), Some(body)) if faults.is_empty() => Ok(Inbound {
            gateway_message_id,
            from,
            to,
            body,
            segments: None,
            received_at,
            part: None,
            gateway_intent: None,
        }),
        _ => Err(faults),
    }
}

/// A URL as Kannel leaves it: of its bytes that are escaped, `%C3` would be read as Kannel's own escape `%C`
/// (`%%` is a percent sign). Digits are none of these.
fn kept(url: &Url) -> String {
    let mut kept = String::new();
    for (index, part) in url.as_str().split('%').enumerate() {
        if index > 0 {
            let is_letter = part.starts_with(|first: char| first.is_ascii_alphabetic());
            kept.push_str(if is_letter { "%%" } else { "%" });
        }
        kept.push_str(part);
    }
    kept
}

/// The text in the charset that Kannel names.
fn body(query: &Query) -> Result<String, FieldFault> {
    let missing = || FieldFault::new("text", "must be given; it may be empty");
    let bytes = query.bytes("text").ok_or_else(missing)?;
    let named = query.text("charset").unwrap_or_default();
    let coding = query.text("coding").unwrap_or_default();
    // 2 is Kannel's own number for UCS-2.
    let text = match (named.trim(), coding.trim()) {
        ("", "2") => charset::decode_ucs2(bytes),
        (named, _) => charset::decode_named(bytes, named),
    };
    fields::clean_body("text", &text)
}

#[cfg(test)]
mod tests;
