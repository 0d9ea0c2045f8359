//! A gateway's call: its proof, and the receipt in it.

use crate::drawn::{self, MANY};
use crate::each;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use criterion::Criterion;
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use rand::rngs::StdRng;
use sha1::Sha1;
use textrail::gateways::{
    DialectSettings, Gateway, GatewaySettings, Gateways, Receipt, Secrets, Webhook,
};
use url::form_urlencoded;

const SECRET: &str = "12345678901234567890123456789012";

/// A call as it arrives.
struct Call {
    method: &'static str,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
    arrived_at: DateTime<Utc>,
}

impl Call {
    fn bytes(&self) -> usize {
        self.url.len() + self.body.len()
    }
}

pub fn webhooks(criterion: &mut Criterion) {
    of_dialect(criterion, "twilio", twilio);
    of_dialect(criterion, "kannel", kannel);
}

fn of_dialect(criterion: &mut Criterion, dialect: &str, call: fn(&mut StdRng) -> Call) {
    let mut chance = drawn::chance();
    let calls: Vec<Call> = (0..MANY).map(|_| call(&mut chance)).collect();
    let gateways = only(dialect);
    let gateway = gateways.find(dialect).expect("the only one");
    each(
        criterion,
        ["webhook", dialect],
        &calls,
        Some(Call::bytes),
        |call| read(gateway, call),
    );
}

fn only(dialect: &str) -> Gateways {
    Gateways::new(&[GatewaySettings {
        name: dialect.to_owned(),
        dialect: dialect.to_owned(),
        proof: DialectSettings {
            secrets: Secrets::new(vec![SECRET.to_owned()]),
            ..DialectSettings::default()
        },
        ..GatewaySettings::default()
    }])
    .expect("a gateway")
}

/// What the service does with a call before it asks the ledger.
fn read(gateway: &Gateway, call: &Call) -> Receipt {
    let webhook = Webhook {
        method: call.method,
        url: &call.url,
        headers: &call.headers,
        body: &call.body,
        arrived_at: call.arrived_at,
    };
    let verified = gateway.verify(&webhook).now_or_never();
    verified.expect("nothing is fetched").expect("it is signed");
    let mut items = gateway.receipts(&webhook).expect("a receipt");
    items.pop().expect("one").expect("a good one")
}

/// A status callback (Twilio, "Track the message status of outbound messages"), with what Twilio sends
/// beside what is read.
fn twilio(chance: &mut StdRng) -> Call {
    let at = drawn::time(chance);
    let url = format!(
        "https://textrail.example/v1/gateways/twilio/receipts?message_id={}",
        drawn::id(chance, at)
    );
    let sid = format!("SM{:032x}", chance.random::<u128>());
    let status = drawn::one(chance, &["sent", "delivered", "delivered", "undelivered"]);
    let to = format!("+1415{:07}", chance.random_range(0..10_000_000));
    let mut form = vec![
        ("AccountSid", "AC4f1c3b2a9d8e7f60514233241506978a"),
        ("ApiVersion", "2010-04-01"),
        ("From", "+15005550006"),
        ("MessageSid", &sid),
        ("MessageStatus", status),
        ("MessagingServiceSid", "MG4f1c3b2a9d8e7f60514233241506978a"),
        ("SmsSid", &sid),
        ("SmsStatus", status),
        ("To", &to),
    ];
    if status == "undelivered" {
        form.insert(2, ("ErrorCode", "30003"));
    }
    Call {
        method: "POST",
        headers: headers(&[
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            ),
            ("x-twilio-signature", &signature(&url, &form)),
        ]),
        body: form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish()
            .into_bytes(),
        url,
        arrived_at: at,
    }
}

/// Of the URL and the sorted form (Twilio, "Webhooks security").
fn signature(url: &str, sorted: &[(&str, &str)]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("any key");
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A receipt over SMPP: its text is the SMSC's own (SMPP 3.4, appendix B).
fn kannel(chance: &mut StdRng) -> Call {
    let at = drawn::time(chance);
    let id = format!("{:x}", chance.random::<u64>());
    let (bit, stat, error) = [
        ("1", "DELIVRD", "000"),
        ("8", "ACCEPTD", "000"),
        ("2", "UNDELIV", "027"),
    ][chance.random_range(0..3)];
    let minute = at.format("%y%m%d%H%M");
    let answer = format!(
        "id:{id} sub:001 dlvrd:001 submit date:{minute} done date:{minute} stat:{stat} err:{error} text:Hello! The autumn sale"
    );
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("message_id", &drawn::id(chance, at).to_string())
        .append_pair("secret", SECRET)
        .append_pair("status", bit)
        .append_pair("smsc", "carrier-1")
        .append_pair("fid", &id)
        .append_pair("ts", &at.timestamp().to_string())
        .append_pair("answer", &answer)
        .finish();
    Call {
        method: "GET",
        url: format!("https://textrail.example/v1/gateways/kannel/receipts?{query}"),
        headers: headers(&[("user-agent", "Kannel/1.4.5")]),
        body: Vec::new(),
        arrived_at: at,
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let one = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).expect("a header's value");
        (HeaderName::from_static(name), value)
    };
    pairs.iter().map(one).collect()
}
