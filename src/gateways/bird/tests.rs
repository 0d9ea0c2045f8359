use super::*;
use crate::domain::status::ErrorClass;
use crate::gateways::Secrets;
use crate::gateways::testing::{
    ARRIVED, Account, Call, arrived, no_byte_can_be_altered, no_bytes_make_it_panic,
};
use insta::assert_snapshot;
use serde_json::{Value, json};

const KEY: &str = "secureSigningKey";
const URL: &str = "https://t.example/v1/gateways/bird/receipts";
const HEADERS: [&str; 2] = ["messagebird-signature", "messagebird-request-timestamp"];

fn account() -> Account {
    Account::new("bird", &[KEY])
}

fn signed(url: &str, timestamp: &str, body: &str) -> Call {
    let signature = Signature::new(&Secrets::new(vec![KEY.to_owned()])).unwrap();
    let signature = signature.sign(timestamp, url, body.as_bytes()).unwrap();
    Call::json(url, body)
        .header(HEADERS[0], &signature)
        .header(HEADERS[1], timestamp)
}

fn receipt_of(body: &Value) -> Result<Receipt, Vec<FieldFault>> {
    account().receipt(&Call::json(URL, body.to_string()))
}

fn inbound_of(query: &str, body: &Value) -> Result<Inbound, Vec<FieldFault>> {
    account().inbound(&Call::json(format!("{URL}{query}"), body.to_string()))
}

/// Bird publishes no signed example: this one was made from its documentation by Python's hmac.
#[test]
fn the_documented_recipe_is_verified() {
    let call = Call::json("https://domain.com/webhook/bird", r#"{"a":1}"#)
        .header(HEADERS[0], "k9/+qUCA43Xjjbx7MlA9HccXJ2HkIYBUSEjbjraLXko=")
        .header(HEADERS[1], "1795043200");
    no_byte_can_be_altered(&account(), &call, true, &HEADERS);
    let rotating = Account::new("bird", &["new", KEY]);
    assert_eq!(rotating.verify(&call), Ok(()));
    assert!(Account::new("bird", &["other"]).verify(&call).is_err());
}

#[test]
fn what_is_missing_is_told() {
    let refused = |call: Call| match account().verify(&call) {
        Err(Refusal::Unverified(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_snapshot!(refused(Call::json(URL, "{}")), @"the header messagebird-signature is missing");
    let unsigned = Call::json(URL, "{}").header(HEADERS[0], "%");
    assert_snapshot!(refused(unsigned), @"messagebird-signature is not base64");
    let timeless = Call::json(URL, "{}").header(HEADERS[0], "AAAA");
    assert_snapshot!(refused(timeless), @"the header messagebird-request-timestamp is missing");
    assert_snapshot!(refused(signed(URL, "soon", "{}")), @"messagebird-request-timestamp is not seconds since 1970");
}

/// After an outage of ours Bird repeats what it signed at the first try.
#[test]
fn a_call_counts_for_a_day_and_an_hour() {
    for (age, taken) in [
        (4 * 3600, true),
        (25 * 3600, true),
        (25 * 3600 + 1, false),
        (-300, true),
        (-301, false),
    ] {
        let call = signed(URL, &(ARRIVED - age).to_string(), "{}");
        assert_eq!(account().verify(&call).is_ok(), taken, "{age}");
    }
}

#[test]
fn a_status_event_as_bird_sends_it() {
    let receipt = receipt_of(
        &json!({"service": "channels", "event": "sms.outbound", "payload": {
        "id": "96A0b5fa-a986-453d-be5c-3117f989f025", "channelId": "614208aa",
        "sender": {"connector": {"id": "86cc4dc0"}}, "status": "delivery_failed",
        "reason": "details: system failure; reason: received_network_error; code: 34",
        "reference": "01939f2a-0000-7000-8000-000000000001", "direction": "outgoing",
        "failure": {"code": 15001, "source": {"name": "sms-messagebird", "code": "34"}},
        "lastStatusAt": "2026-11-18T14:00:00.736Z"}}),
    )
    .unwrap();
    assert_eq!(
        receipt.gateway_message_id.as_deref(),
        Some("96a0b5fa-a986-453d-be5c-3117f989f025")
    );
    assert!(receipt.message_id.is_some());
    assert_eq!(receipt.status, Status::Undelivered);
    assert_eq!(receipt.error_code.as_deref(), Some("34"));
    assert_eq!(receipt.error_class, Some(ErrorClass::Other));
    assert_eq!(
        receipt.gateway_time.unwrap().to_rfc3339(),
        "2026-11-18T14:00:00.736+00:00"
    );
}

#[test]
fn every_status_and_what_can_be_spared() {
    for (word, status) in STATUSES {
        let receipt = receipt_of(&json!({"id": "1", "status": word})).unwrap();
        assert_eq!(
            (receipt.status, receipt.raw_status.as_str()),
            (status, word)
        );
    }
    let opted_out = json!({"id": "1", "status": "rejected", "failure": {"source": {"code": 103}}});
    let opted_out = receipt_of(&opted_out).unwrap();
    assert_eq!(opted_out.error_class, Some(ErrorClass::OptedOut));
    let odd = json!({"id": 7, "status": "Teleported", "failure": "bad", "lastStatusAt": [],
        "reference": null});
    let odd = receipt_of(&odd).unwrap();
    assert_eq!(
        (odd.status, odd.raw_status.as_str(), odd.error_code),
        (Status::Unknown, "Teleported", None)
    );
    let faults = receipt_of(&json!({"id": "1"})).unwrap_err();
    assert_eq!(faults[0].to_string(), "status: must be given");
    for body in ["[]", "7", r#"{"payload":7}"#, "{"] {
        let call = Call::json(URL, body);
        let read = account().gateway().receipts(&call.webhook()).map(drop);
        assert!(matches!(read, Err(Refusal::Malformed(_))), "{body}");
    }
}

#[test]
fn an_inbound_text_and_the_number_it_came_to() {
    let message = |connector: Value| {
        json!({"id": "m-1", "channelId": "614208aa",
            "sender": {"contact": {"identifierKey": "phonenumber", "identifierValue": "+31612345678"}},
            "receiver": {"connector": connector},
            "body": {"type": "text", "text": {"text": "Stop"}},
            "parts": [{"platformReference": "a"}, {"platformReference": "b"}],
            "status": "delivered", "direction": "incoming", "createdAt": "2026-11-18T14:00:00.736Z"})
    };
    let named = message(json!({"id": "86cc4dc0", "identifierValue": "+3197010203040"}));
    let inbound = inbound_of("", &json!({"payload": named})).unwrap();
    assert_eq!(
        (
            inbound.from.as_str(),
            inbound.body.as_str(),
            inbound.segments
        ),
        ("+31612345678", "Stop", Some(2))
    );
    assert!(inbound.received_at.is_some());
    let unnamed = message(json!({"id": "86cc4dc0"}));
    let by_url = inbound_of("?to=%2B43720555000", &unnamed).unwrap();
    assert_eq!(by_url.to.as_str(), "+43720555000");
    let faults = inbound_of("", &unnamed).unwrap_err();
    assert_eq!(
        faults[0].field,
        "receiver.connector.identifierValue, or `to` in the URL,"
    );
}

#[test]
fn a_subscription_with_the_other_url_is_told_so() {
    let wrong = receipt_of(&json!({"id": "1", "status": "delivered", "direction": "incoming"}));
    assert_snapshot!(wrong.unwrap_err()[0], @"direction: must be outgoing at this URL; is the subscription's URL the other one?");
    let wrong = inbound_of("", &json!({"id": "1", "direction": "outgoing"})).unwrap_err();
    assert_eq!(wrong.len(), 1);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("B1", "delivered").unwrap();
    no_byte_can_be_altered(&account(), &call, true, &HEADERS);
    let receipt = account().receipt(&call).unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.gateway_time, Some(arrived()));
}

#[test]
fn no_bytes_panic() {
    let fields = &[
        "id",
        "status",
        "direction",
        "payload",
        "sender",
        "body",
        "lastStatusAt",
    ];
    no_bytes_make_it_panic(&account(), &HEADERS, fields);
}
