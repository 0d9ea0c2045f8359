use super::*;
use crate::domain::status::ErrorClass;
use crate::gateways::testing::{
    ARRIVED, Account, Call, arrived, no_byte_can_be_altered, no_bytes_make_it_panic,
};
use crate::gateways::{Secrets, mac, token};
use insta::assert_snapshot;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const URL: &str = "https://t.example/v1/gateways/mb/receipts";
/// The key and the time of the vectors.
const KEY: &str = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb";
const SIGNED_AT: i64 = 1_625_479_200;
const HEADER: &str = "messagebird-signature-jwt";

/// One of MessageBird's own, by which all its SDKs are tested (messagebird/python-rest-api,
/// `webhook_signature_test_data.json`).
#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    url: String,
    payload: String,
    token: String,
    valid: bool,
}

fn account() -> Account {
    Account::new("messagebird", &[KEY])
}

fn vectors() -> Vec<(Vector, Call)> {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    vectors
        .into_iter()
        .map(|vector| {
            let call = match vector.method.as_str() {
                "GET" => Call::get(&vector.url),
                _ => Call::form(&vector.url, vector.payload.as_str()),
            };
            let call = call.header(HEADER, &vector.token).at(SIGNED_AT);
            (vector, call)
        })
        .collect()
}

fn receipt_of(query: &str) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::get(format!("{URL}?{query}")))
}

#[test]
fn the_published_vectors_are_verified_or_refused() {
    let vectors = vectors();
    assert!(vectors.len() >= 15);
    for (vector, call) in vectors {
        let verified = account().verify(&call);
        assert_eq!(
            verified.is_ok(),
            vector.valid,
            "{}: {verified:?}",
            vector.name
        );
        if vector.valid {
            no_byte_can_be_altered(&account(), &call, true, &[HEADER]);
            let rotating = Account::new("messagebird", &["new", KEY]);
            assert_eq!(rotating.verify(&call), Ok(()));
            let stranger = Account::new("messagebird", &["other"]);
            assert!(stranger.verify(&call).is_err());
        }
    }
}

#[test]
fn what_the_token_lacks_is_told() {
    let hash = |text: &str| hex::encode(Sha256::digest(text));
    let whole = json!({"iss": "MessageBird", "nbf": ARRIVED, "exp": ARRIVED + 60,
        "url_hash": hash(URL), "payload_hash": hash("a=b")});
    let refused = |name: &str, value: Value| {
        let mut claims = whole.clone();
        claims[name] = value;
        let token = token::sign(&Secrets::new(vec![KEY.to_owned()]), &claims).unwrap();
        let call = Call::form(URL, "a=b").header(HEADER, &token);
        match account().verify(&call) {
            Err(Refusal::Unverified(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    assert_snapshot!(refused("iss", json!("Messagebird")), @"the token's iss is not MessageBird");
    assert_snapshot!(refused("nbf", Value::Null), @"the token has no claim nbf");
    assert_snapshot!(refused("exp", Value::Null), @"the token has no claim exp");
    assert_snapshot!(refused("url_hash", Value::Null), @"the token has no claim url_hash");
    assert_snapshot!(refused("url_hash", json!(hash("x"))), @"url_hash is not the URL's hash: the public URL is another");
    assert_snapshot!(refused("payload_hash", Value::Null), @"the token has no claim payload_hash, and there is a body");
    assert_snapshot!(refused("payload_hash", json!(hash("x"))), @"payload_hash is not the body's hash");
    assert!(mac::is_sha256_of(&hash("a=b").to_uppercase(), b"a=b"));
    let bare = account().verify(&Call::get(URL)).unwrap_err();
    assert_eq!(
        bare,
        Refusal::Unverified("the header MessageBird-Signature-JWT is missing")
    );
}

#[test]
fn a_token_lives_as_long_as_it_says_and_never_long() {
    let signature = Signature::new(&Secrets::new(vec![KEY.to_owned()])).unwrap();
    let made = |at: i64| {
        let token = signature.sign(URL, b"", DateTime::from_timestamp(at, 0).unwrap());
        account().verify(&Call::get(URL).header(HEADER, &token.unwrap()))
    };
    for (age, taken) in [(-300, true), (-301, false), (360, true), (361, false)] {
        assert_eq!(made(ARRIVED - age).is_ok(), taken, "{age}");
    }
    let years = json!({"iss": "MessageBird", "nbf": ARRIVED - 3600, "exp": i64::MAX,
        "url_hash": hex::encode(Sha256::digest(URL))});
    let token = token::sign(&Secrets::new(vec![KEY.to_owned()]), &years).unwrap();
    let call = Call::get(URL).header(HEADER, &token);
    assert_eq!(
        account().verify(&call),
        Err(Refusal::Unverified(
            "the token's nbf and exp do not hold now"
        ))
    );
}

#[test]
fn a_status_report_as_messagebird_sends_it() {
    let receipt = receipt_of(
        "id=EEF0AB57a9e049be946f3821568c2b2e&mccmnc=20408&ported=1&recipient=31612345678\
         &reference=01939f2a-0000-7000-8000-000000000001&status=delivery_failed\
         &statusDatetime=2026-11-18T14:00:00+00:00&statusErrorCode=103\
         &statusReason=opted+out&price[amount]=0.058&price[currency]=EUR",
    )
    .unwrap();
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("eef0ab57a9e049be946f3821568c2b2e")
    );
    assert!(receipt.message_id.is_some());
    assert_eq!(receipt.status, Status::Undelivered);
    assert_eq!(receipt.error_class, Some(ErrorClass::OptedOut));
    assert_eq!(receipt.mcc_mnc.as_deref(), Some("20408"));
    assert_eq!(
        (receipt.price.as_deref(), receipt.currency.as_deref()),
        (Some("0.058"), Some("EUR"))
    );
    // The plus was not escaped.
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:00:00+00:00"
    );
}

#[test]
fn every_status_and_what_can_be_spared() {
    for (word, status) in STATUSES {
        let receipt = receipt_of(&format!("id=1&status={word}&statusErrorCode=0")).unwrap();
        assert_eq!(
            (receipt.status, receipt.raw_status.as_str()),
            (status, word)
        );
        assert_eq!(receipt.error_code, None);
    }
    let odd = receipt_of("id=1&status=Teleported&statusDatetime=soon&reference=me&mccmnc=1");
    let odd = odd.unwrap();
    assert_eq!(
        (odd.status, odd.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!((odd.gateway_time, odd.mcc_mnc), (None, None));
    let faults = receipt_of("id=1").unwrap_err();
    assert_eq!(faults[0].to_string(), "status: must be given");
}

#[test]
fn an_inbound_text() {
    let form = "id=m-1&originator=31612345678&recipient=3197010203040&body=STOP\
                &createdDatetime=2026-11-18T14%3A00%3A00%2B00%3A00";
    let inbound = account().inbound(&Call::form(URL, form)).unwrap();
    assert_eq!(
        (inbound.from.as_str(), inbound.body.as_str()),
        ("+31612345678", "STOP")
    );
    assert!(inbound.received_at.is_some());
    let faults = account().inbound(&Call::form(URL, "body=x")).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["originator", "recipient"]);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("B1", "delivered").unwrap();
    no_byte_can_be_altered(&account(), &call, true, &[HEADER]);
    let receipt = account().receipt(&call).unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.gateway_time, Some(arrived()));
}

#[test]
fn no_bytes_panic() {
    let fields = &[
        "id",
        "status",
        "statusDatetime",
        "statusErrorCode",
        "reference",
        "originator",
        "recipient",
        "body",
        "createdDatetime",
    ];
    no_bytes_make_it_panic(&account(), &[HEADER], fields);
}
