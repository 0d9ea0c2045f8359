//! Fuzz targets: one a dialect, over its verifier and both its parsers.
//!
//! `cargo test` runs each on the kept corpus (`scripts/fuzz --unpack` puts it into
//! `fuzz/src/__fuzz__/<target>/corpus`) and on some random inputs; `scripts/fuzz` runs them for as long
//! as wanted, guided by coverage, and grows the corpus.

#![cfg(test)]

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::DateTime;
use futures_util::FutureExt;
use std::cell::RefCell;
use std::collections::BTreeMap;
use textrail::domain::text;
use textrail::gateways::{
    DIALECTS, DialectSettings, GatewaySettings, Gateways, Inbound, Items, Receipt, Refusal,
    Secrets, Webhook, fields,
};

/// Nothing a fuzzer finds by chance. As base64 it is 32 bytes on the curve: a Telnyx key, too.
const SECRET: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// Every header that a dialect reads.
const HEADERS: [&str; 12] = [
    "authorization",
    "messagebird-request-timestamp",
    "messagebird-signature",
    "messagebird-signature-jwt",
    "telnyx-signature-ed25519",
    "telnyx-timestamp",
    "webhook-signature",
    "webhook-timestamp",
    "x-plivo-signature-v3",
    "x-sinch-webhook-signature",
    "x-sinch-webhook-signature-timestamp",
    "x-twilio-signature",
];
const MEDIA_TYPES: [&str; 4] = [
    "",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain; charset=UTF-8",
];

macro_rules! targets {
    ($($target:ident = $dialect:literal),* $(,)?) => {
        $(#[test]
        fn $target() {
            bolero::check!().for_each(|input: &[u8]| call($dialect, input));
        })*

        #[test]
        fn every_dialect_is_fuzzed() {
            let fuzzed = [$($dialect),*];
            let known: Vec<&str> = DIALECTS.iter().map(|kind| kind.name).collect();
            assert_eq!(fuzzed.as_slice(), known);
        }
    };
}

targets! {
    twilio = "twilio",
    infobip = "infobip",
    vonage_sms = "vonage-sms",
    sinch = "sinch",
    aws = "aws",
    vonage_messages = "vonage-messages",
    telnyx = "telnyx",
    plivo = "plivo",
    kannel = "kannel",
    jasmin = "jasmin",
    bird = "bird",
    messagebird = "messagebird",
    neutral = "neutral",
}

thread_local! {
    static GATEWAYS: RefCell<BTreeMap<&'static str, Gateways>> = RefCell::default();
}

/// One call: a byte that chooses method and media type, a line that is the query, a line that is the
/// value of every header, and the body.
fn call(dialect: &'static str, input: &[u8]) {
    let (choice, rest) = input.split_first().unwrap_or((&0, &[]));
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let query = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let header = parts.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(header) {
        for name in HEADERS {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    let media_type = MEDIA_TYPES[usize::from(choice >> 1) % MEDIA_TYPES.len()];
    headers.insert(
        HeaderName::from_static("content-type"),
        HeaderValue::from_static(media_type),
    );
    let webhook = Webhook {
        method: if choice & 1 == 0 { "GET" } else { "POST" },
        url: &format!("https://t.example/v1/gateways/g/receipts?{query}"),
        headers: &headers,
        body: parts.next().unwrap_or_default(),
        arrived_at: DateTime::from_timestamp(1_795_043_200, 0).unwrap(),
    };
    GATEWAYS.with_borrow_mut(|gateways| {
        let gateways = gateways.entry(dialect).or_insert_with(|| only(dialect));
        let gateway = gateways.find("g").unwrap();
        // Nobody proves what he does not know; and nothing has to be fetched to see that.
        let verified = gateway.verify(&webhook).now_or_never().unwrap();
        assert!(
            matches!(
                verified,
                Err(Refusal::Unverified(_) | Refusal::Unavailable(_) | Refusal::Malformed(_))
            ),
            "{verified:?}"
        );
        if let Ok(items) = gateway.receipts(&webhook) {
            check_receipts(&items);
        }
        if let Ok(items) = gateway.inbound(&webhook) {
            check_inbound(&items);
        }
    });
}

fn only(dialect: &str) -> Gateways {
    Gateways::new(&[GatewaySettings {
        name: "g".to_owned(),
        dialect: dialect.to_owned(),
        proof: DialectSettings {
            secrets: Secrets::new(vec![SECRET.to_owned()]),
            signature: None,
            topics: vec!["arn:aws:sns:eu-central-1:123456789012:nobody-guesses-k9s3q7".to_owned()],
        },
        ..GatewaySettings::default()
    }])
    .unwrap()
}

/// What is taken can be stored: bounded, without control characters, and with an id.
fn check_receipts(items: &Items<Receipt>) {
    for receipt in items.iter().flatten() {
        assert!(receipt.message_id.is_some() || receipt.gateway_message_id.is_some());
        assert_eq!(text::check(&receipt.raw_status, fields::CODE_LIMIT), Ok(()));
        for id in [&receipt.gateway_message_id, &receipt.gateway_event_id] {
            let stored = id.as_deref().map(|id| text::check(id, fields::ID_LIMIT));
            assert!(matches!(stored, None | Some(Ok(()))), "{id:?}");
        }
        let code = receipt.error_code.as_deref();
        let stored = code.map(|code| text::check(code, fields::CODE_LIMIT));
        assert!(matches!(stored, None | Some(Ok(()))), "{code:?}");
    }
}

fn check_inbound(items: &Items<Inbound>) {
    for inbound in items.iter().flatten() {
        assert!(inbound.body.chars().count() <= fields::BODY_LIMIT);
        let stray = |character: char| character.is_control() && !"\t\n\r".contains(character);
        assert!(!inbound.body.contains(stray), "{:?}", inbound.body);
        if let Some(part) = &inbound.part {
            assert!((1..=part.total).contains(&part.number), "{part:?}");
        }
    }
}
