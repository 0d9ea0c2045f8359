use super::*;
use crate::gateways::testing::{
    ARRIVED, Account, Call, arrived, no_byte_can_be_altered, no_bytes_make_it_panic,
};
use insta::assert_snapshot;
use serde_json::json;

const SECRET: &str = "my_secret_key_for_testing";
const URL: &str = "https://t.example/v1/gateways/vonage/receipts";
const BODY: &str =
    r#"{"message_uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","status":"delivered"}"#;

fn account() -> Account {
    Account::new("vonage-messages", &[SECRET])
}

fn signed(claims: &serde_json::Value) -> Call {
    let token = token::sign(&Secrets::new(vec![SECRET.to_owned()]), claims).unwrap();
    Call::json(URL, BODY).header("authorization", &format!("Bearer {token}"))
}

fn hash() -> String {
    hex::encode(Sha256::digest(BODY))
}

fn receipt_of(body: &serde_json::Value) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::json(URL, body.to_string()))
}

#[test]
fn a_signed_callback_is_verified_and_nothing_of_it_can_be_altered() {
    // Vonage's claims, most of which prove nothing.
    let claims = json!({"iat": ARRIVED, "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage",
        "payload_hash": hash(), "api_key": "abcd1234", "application_id": "aaaaaaaa", "aud": "x",
        "exp": 1});
    no_byte_can_be_altered(&account(), &signed(&claims), false, &[]);
    let mut call = signed(&claims);
    let rotating = Account::new("vonage-messages", &["the next one", SECRET]);
    assert_eq!(rotating.verify(&call), Ok(()));
    let stranger = Account::new("vonage-messages", &["another"]);
    assert!(stranger.verify(&call).is_err());
    let token = call.headers.get("authorization").unwrap().to_str().unwrap();
    let token = token.replace("Bearer", "bearer");
    call = call.header("authorization", &token);
    assert_eq!(account().verify(&call), Ok(()));
}

#[test]
fn what_the_token_lacks_is_told() {
    let refused = |call: &Call| match account().verify(call) {
        Err(Refusal::Unverified(why)) => why,
        other => panic!("{other:?}"),
    };
    let of = |claims: serde_json::Value| refused(&signed(&claims));
    assert_snapshot!(of(json!({"iat": ARRIVED})), @"the token has no claim payload_hash");
    assert_snapshot!(of(json!({"payload_hash": hash()})), @"the token has no claim iat");
    assert_snapshot!(of(json!({"iat": ARRIVED, "payload_hash": ""})), @"payload_hash is not the body's hash");
    for (iat, taken) in [(-300, true), (-301, false), (300, true), (301, false)] {
        let call = signed(&json!({"iat": ARRIVED + iat, "payload_hash": hash()}));
        assert_eq!(account().verify(&call).is_ok(), taken, "{iat}");
    }
    let basic = Call::json(URL, BODY).header("authorization", "Basic YTpi");
    assert_snapshot!(refused(&basic), @"the Authorization is no bearer token");
    let torn = Call::json(URL, BODY).header("authorization", "Bearer a.b.c");
    assert_snapshot!(refused(&torn), @"the token is not signed (HS256) with the signature secret");
}

/// 401 would make Vonage give up; the signed callback follows.
#[test]
fn an_unsigned_callback_is_asked_for_again() {
    let refusal = account().verify(&Call::json(URL, BODY)).unwrap_err();
    assert!(matches!(refusal, Refusal::Unavailable(_)));
    assert_snapshot!(refusal, @"the webhook cannot be verified now: The callback is not signed: there is no Authorization. A signed one is awaited.");
}

#[test]
fn a_status_as_vonage_sends_it() {
    let receipt = receipt_of(&json!({
        "message_uuid": "AAAAAAAA-bbbb-cccc-dddd-0123456789ab", "to": "447700900000", "from": "Acme",
        "timestamp": "2026-11-18T14:00:00.000Z", "status": "rejected", "channel": "sms",
        "error": {"type": "https://developer.vonage.com/api-errors/messages#1240", "title": 1240,
                  "detail": "Illegal Number", "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"},
        "client_ref": "01939f2a-0000-7000-8000-000000000001",
        "usage": {"currency": "EUR", "price": "0.0333"}, "sms": {"count_total": "2"},
        "destination": {"network_code": "23410"}, "new": [1]
    }))
    .unwrap();
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("aaaaaaaa-bbbb-cccc-dddd-0123456789ab")
    );
    assert!(receipt.message_id.is_some());
    assert_eq!(receipt.status, Status::Rejected);
    assert_eq!(receipt.error_code.as_deref(), Some("1240"));
    assert_eq!(receipt.error_class, Some(ErrorClass::OptedOut));
    assert_eq!(
        (receipt.price.as_deref(), receipt.currency.as_deref()),
        (Some("0.0333"), Some("EUR"))
    );
    assert_eq!(receipt.mcc_mnc.as_deref(), Some("23410"));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:00:00+00:00"
    );
}

/// Whichever URL it comes to; what tells neither is taken for what its URL says.
#[test]
fn a_callback_is_what_its_body_says() {
    let route_of = |body: serde_json::Value| {
        let call = Call::json(URL, body.to_string());
        VonageMessages {
            secrets: Secrets::default(),
        }
        .route(&call.webhook())
    };
    let status = json!({"message_uuid": "1", "status": "delivered", "from": "447700900000", "sms": {"count_total": "1"}});
    assert_eq!(route_of(status), Some(Route::Receipts));
    for text in [json!({"text": ""}), json!({"message_type": "image"})] {
        assert_eq!(route_of(text), Some(Route::Inbound));
    }
    for unclear in [json!({}), json!({"status": "read", "text": "x"})] {
        assert_eq!(route_of(unclear), None);
    }
}

#[test]
fn every_status_and_what_can_be_spared() {
    for (word, status) in STATUSES {
        let receipt = receipt_of(&json!({"message_uuid": "1", "status": word})).unwrap();
        assert_eq!(
            (receipt.status, receipt.raw_status.as_str()),
            (status, word)
        );
    }
    let odd = json!({"message_uuid": "1", "status": "Teleported", "error": "bad", "usage": [],
        "client_ref": 7, "timestamp": {}, "destination": {"network_code": []}});
    let receipt = receipt_of(&odd).unwrap();
    assert_eq!(
        (receipt.status, receipt.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!((receipt.error_code, receipt.price), (None, None));
    let titled = json!({"message_uuid": "1", "status": "rejected", "error": {"title": "1180"}});
    assert_eq!(receipt_of(&titled).unwrap().permanent, Some(false));
    let faults = receipt_of(&json!({"message_uuid": "1"})).unwrap_err();
    assert_eq!(faults[0].to_string(), "status: must be given");
    for body in ["", "7", "{"] {
        let call = Call::json(URL, body);
        let read = account().gateway().receipts(&call.webhook()).map(drop);
        assert!(matches!(read, Err(Refusal::Malformed(_))), "{body}");
    }
}

#[test]
fn an_inbound_text() {
    let body = json!({"channel": "sms", "message_uuid": "m-1", "to": "43720555000",
        "from": "14155552671", "timestamp": "2026-11-18T14:00:00Z", "text": "Stop",
        "message_type": "text", "sms": {"num_messages": "2", "keyword": "STOP"}});
    let inbound = account()
        .inbound(&Call::json(URL, body.to_string()))
        .unwrap();
    assert_eq!(
        (
            inbound.from.as_str(),
            inbound.to.as_str(),
            inbound.body.as_str()
        ),
        ("+14155552671", "+43720555000", "Stop")
    );
    assert_eq!(inbound.segments, Some(2));
    assert!(inbound.received_at.is_some());
    let faults = account().inbound(&Call::json(URL, "{}")).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["from", "to"]);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("M-1", "delivered").unwrap();
    let receipt = account().receipt(&call).unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.gateway_time, Some(arrived()));
    let headers = &["authorization"];
    no_byte_can_be_altered(&account(), &call, false, headers);
}

#[test]
fn no_bytes_panic() {
    let fields = &[
        "message_uuid",
        "status",
        "timestamp",
        "error",
        "usage",
        "from",
        "to",
        "text",
    ];
    no_bytes_make_it_panic(&account(), &["authorization"], fields);
}
