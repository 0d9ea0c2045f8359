use super::*;
use crate::gateways::testing::{ARRIVED, Account, Call};
use crate::gateways::{DialectSettings, FieldFault, GatewaySettings, Gateways, Secrets};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use serde_json::{Value, json};

const URL: &str = "https://t.example/v1/gateways/telnyx/receipts";

/// What Telnyx alone has.
fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public_key(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().to_bytes())
}

fn account() -> Account {
    Account::new("telnyx", &[&public_key(&signing_key())])
}

fn signed_at(body: &str, time: i64) -> Call {
    let signature = signing_key().sign(format!("{time}|{body}").as_bytes());
    Call::json(URL, body)
        .header("telnyx-timestamp", &time.to_string())
        .header(
            "telnyx-signature-ed25519",
            &STANDARD.encode(signature.to_bytes()),
        )
}

fn event(kind: &str, payload: &Value) -> Call {
    let body = json!({"data": {"record_type": "event", "event_type": kind, "id": "EV-1",
                               "occurred_at": "2026-11-18T23:00:09.123+00:00", "payload": payload},
                      "meta": {"attempt": 2, "delivered_to": URL}});
    Call::json(URL, body.to_string())
}

fn finalized(fields: &Value) -> Result<Receipt, Vec<FieldFault>> {
    let mut payload = json!({"id": "40385f64-5717-4562-b3fc-2c963f66afa6", "direction": "outbound",
        "to": [{"phone_number": "+18665550001", "status": "delivered", "carrier": "T-MOBILE"}]});
    let payload_fields = payload.as_object_mut().unwrap();
    payload_fields.extend(fields.as_object().unwrap().clone());
    account().receipt(&event("message.finalized", &payload))
}

#[test]
fn what_telnyx_signed_is_verified_also_while_keys_change() {
    let call = signed_at("{}", ARRIVED);
    assert_eq!(account().verify(&call), Ok(()));
    let other = public_key(&SigningKey::from_bytes(&[8; 32]));
    let rotating = Account::new("telnyx", &[&other, &public_key(&signing_key())]);
    assert_eq!(rotating.verify(&call), Ok(()));
    assert!(Account::new("telnyx", &[&other]).verify(&call).is_err());
}

#[test]
fn whatever_is_altered_is_refused() {
    let body = r#"{"data": {"event_type": "message.sent"}}"#;
    let genuine = signed_at(body, ARRIVED);
    let refused = |call: &Call| matches!(account().verify(call), Err(Refusal::Unverified(_)));
    assert!(!refused(&genuine));
    for place in 0..body.len() {
        let mut call = genuine.clone();
        call.body[place] ^= 1;
        assert!(refused(&call), "byte {place} of the body");
    }
    for name in ["telnyx-signature-ed25519", "telnyx-timestamp"] {
        let value = genuine.headers.get(name).unwrap().as_bytes().to_vec();
        for place in 0..value.len() {
            let mut bytes = value.clone();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let altered = genuine
                .clone()
                .header(name, std::str::from_utf8(&bytes).unwrap());
            assert!(refused(&altered), "byte {place} of {name}");
        }
        let mut without = genuine.clone();
        without.headers.remove(name);
        assert!(refused(&without), "{name}");
    }
    let moved = genuine.header("telnyx-timestamp", &(ARRIVED + 1).to_string());
    assert!(refused(&moved), "the time is signed, too");
}

#[test]
fn a_replay_is_refused_after_five_minutes() {
    let at = |offset: i64| account().verify(&signed_at("{}", ARRIVED + offset)).is_ok();
    assert!(at(-300) && at(0) && at(300));
    assert!(!at(-301) && !at(301));
}

#[test]
fn a_key_that_is_none_is_told_at_the_start() {
    let error = |secrets: &[&str]| {
        let settings = GatewaySettings {
            name: "main".to_owned(),
            dialect: "telnyx".to_owned(),
            proof: DialectSettings {
                secrets: Secrets::new(secrets.iter().map(|text| (*text).to_owned()).collect()),
                ..DialectSettings::default()
            },
            ..GatewaySettings::default()
        };
        Gateways::new(&[settings])
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    let good = public_key(&signing_key());
    assert!(error(&[]).contains("needs `secret`"));
    for bad in [
        "KEY0123",
        "",
        &good[..40],
        &STANDARD.encode([0; 32]),
        &format!("{good}AAAA"),
    ] {
        assert!(error(&[&good, bad]).contains("no public key"), "{bad}");
    }
}

/// Telnyx's own example ("Delivery update").
#[test]
fn a_delivery_update_as_telnyx_sends_it() {
    let receipt = finalized(&json!({
        "type": "SMS", "from": {"phone_number": "+18445550001"}, "text": "Hello, World!",
        "encoding": "GSM-7", "parts": 2, "tags": ["Greetings"], "cc": [],
        "cost": {"amount": 0.0051, "currency": "USD"}, "errors": [],
        "received_at": "2026-11-18T23:00:02.574Z", "sent_at": "2026-11-18T23:00:03Z",
        "completed_at": "2026-11-18T23:00:08.5Z", "valid_until": null,
    }));
    let expected = Receipt {
        gateway_message_id: Some("40385f64-5717-4562-b3fc-2c963f66afa6".to_owned()),
        gateway_event_id: Some("ev-1".to_owned()),
        segment_count: Some(2),
        gateway_time: Some("2026-11-18T23:00:08.5Z".parse().unwrap()),
        price: Some("0.0051".to_owned()),
        currency: Some("USD".to_owned()),
        ..Receipt::new(Status::Delivered, "delivered".to_owned())
    };
    assert_eq!(receipt.unwrap(), expected);
    let payload = json!({"id": "M", "sent_at": "2026-11-18T23:00:03Z", "to": [{"status": "sent"}]});
    let sent = account().receipt(&event("message.sent", &payload)).unwrap();
    assert_eq!(sent.status, Status::Sent);
    assert_eq!(
        sent.gateway_time,
        Some("2026-11-18T23:00:03Z".parse().unwrap())
    );
}

#[test]
fn every_status_and_those_that_are_new() {
    let of = |word: &str| finalized(&json!({"to": [{ "status": word }]})).unwrap();
    for (word, status) in KIND.statuses {
        assert_eq!(of(word).status, *status, "{word}");
        let loud = of(&word.to_uppercase());
        assert_eq!(
            (loud.status, loud.raw_status),
            (*status, word.to_uppercase())
        );
    }
    let new = of("Teleported");
    assert_eq!(
        (new.status, new.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    assert_eq!(
        of("delivered").gateway_time,
        Some("2026-11-18T23:00:09.123Z".parse().unwrap())
    );
}

#[test]
fn errors_are_explained() {
    let of = |word: &str, errors: Value| {
        let receipt = finalized(&json!({"to": [{ "status": word }], "errors": errors})).unwrap();
        (receipt.error_code, receipt.error_class, receipt.permanent)
    };
    let code = |text: &str| Some(text.to_owned());
    let failed = "delivery_failed";
    assert_eq!(
        of(failed, json!([{"code": "40001", "title": "Not routable"}])),
        (code("40001"), Some(ErrorClass::Landline), Some(true))
    );
    assert_eq!(
        of(failed, json!([{"code": 40002}, {"code": 40003}])),
        (code("40002"), Some(ErrorClass::Filtered), Some(false))
    );
    assert_eq!(
        of(failed, json!([{"code": "49999"}])).1,
        Some(ErrorClass::Other)
    );
    assert_eq!(
        of("sending_failed", json!([{"code": "40300"}])).1,
        Some(ErrorClass::OptedOut)
    );
    assert_eq!(
        of("expired", json!([])),
        (None, Some(ErrorClass::Expired), None)
    );
    for errors in [json!(null), json!("x"), json!([{}]), json!([7])] {
        assert_eq!(of(failed, errors), (None, None, None));
    }
    assert_eq!(
        of("delivered", json!([{"code": "40008"}])),
        (None, None, None)
    );
}

#[test]
fn each_of_several_recipients_has_a_receipt_and_a_key() {
    let payload = json!({"id": "M-1", "cost": {"amount": "0.02", "currency": "USD"}, "errors": [{"code": "40300"}], "to": [
        {"phone_number": "+1 866 555 0001", "status": "delivered"}, {"status": "sent"}, 7,
        {"phone_number": "+18665550003"}, {"phone_number": "+18665550004", "status": "expired"}]});
    let items = account().receipts(&event("message.finalized", &payload));
    let read: Vec<String> = items
        .into_iter()
        .map(|item| match item {
            Ok(receipt) => {
                assert_eq!(receipt.price, None, "it would count twice");
                assert_eq!(receipt.error_code, None, "it may be another's");
                format!(
                    "{} {:?}",
                    receipt.gateway_message_id.unwrap(),
                    receipt.status
                )
            }
            Err(faults) => faults[0].field.clone(),
        })
        .collect();
    assert_eq!(
        read,
        [
            "m-1:18665550001 Delivered",
            "to.phone_number",
            ".",
            "to.status",
            "m-1:18665550004 Expired"
        ]
    );
    let faults = finalized(&json!({"to": []})).unwrap_err();
    assert_eq!(faults[0].field, "to");
    let many = json!({"id": "M", "to": vec![7; 10_001]});
    let refused = account()
        .gateway()
        .receipts(&event("message.sent", &many).webhook());
    assert!(matches!(refused, Err(Refusal::TooMany { .. })));
}

#[test]
fn a_subscribers_message() {
    let payload = json!({"id": "7ee4241c-f127-47e5-9c34-3aac291f8058", "direction": "inbound",
        "from": {"phone_number": "+14155552671", "carrier": "T-MOBILE USA, INC."},
        "to": [{"phone_number": "+12017777777", "status": "webhook_delivered"}],
        "text": "Stop\u{c}", "parts": 1, "received_at": "2026-11-18T18:10:02.574Z", "media": []});
    let inbound = account()
        .inbound(&event("message.received", &payload))
        .unwrap();
    let id = "7ee4241c-f127-47e5-9c34-3aac291f8058";
    assert_eq!(inbound.gateway_message_id.as_deref(), Some(id));
    assert_eq!(
        (inbound.from.as_str(), inbound.to.as_str()),
        ("+14155552671", "+12017777777")
    );
    assert_eq!((inbound.body.as_str(), inbound.segments), ("Stop", Some(1)));
    assert_eq!(
        inbound.received_at,
        Some("2026-11-18T18:10:02.574Z".parse().unwrap())
    );
    let broken = event("message.received", &json!({"from": "x", "to": 7}));
    let faults = account().inbound(&broken).unwrap_err();
    let names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(names, ["from.phone_number", "to.phone_number"]);
}

/// A profile has one URL for all that is not told otherwise: no receipt and no STOP may be answered and
/// lost.
#[test]
fn the_events_type_decides_what_a_call_is_whichever_url_it_came_to() {
    let account = account();
    let is = |kind: &str, called: Route| {
        let call = event(kind, &json!({}));
        account.gateway().route(called, &call.webhook())
    };
    for called in [Route::Receipts, Route::Inbound] {
        for kind in ["message.sent", "message.finalized", " Message.Finalized"] {
            assert_eq!(is(kind, called), Route::Receipts, "{kind}");
        }
        assert_eq!(is("message.received", called), Route::Inbound);
        assert_eq!(is("message.read", called), called, "not ours to tell");
        let torn = Call::json(URL, "{");
        assert_eq!(account.gateway().route(called, &torn.webhook()), called);
    }
}

#[test]
fn a_call_that_is_about_no_message_is_passed_over_and_a_torn_one_is_refused() {
    let account = account();
    let gateway = account.gateway();
    for kind in ["message.read", "10dlc.phone_number.update", ""] {
        let other = event(kind, &json!("anything"));
        assert_eq!(gateway.receipts(&other.webhook()), Ok(Vec::new()), "{kind}");
        assert_eq!(gateway.inbound(&other.webhook()), Ok(Vec::new()), "{kind}");
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"data": {}}"#,
        r#"{"data": {"event_type": 7, "payload": {}}}"#,
    ] {
        let refused = gateway.receipts(&Call::json(URL, body).webhook());
        assert!(
            matches!(refused, Err(Refusal::Malformed(_))),
            "{body}: {refused:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), signature in any::<[u8; 64]>(), time in "[ -~]{0,20}") {
        let call = Call::json(URL, body)
            .header("telnyx-signature-ed25519", &STANDARD.encode(signature))
            .header("telnyx-timestamp", &time);
        prop_assert!(account().verify(&call).is_err());
        let _ = account().gateway().receipts(&call.webhook());
        let _ = account().gateway().inbound(&call.webhook());
    }

    #[test]
    fn no_values_make_it_panic(kind in 0..3_usize, text in "\\PC{0,20}", number in any::<f64>()) {
        let kinds = ["message.sent", "message.finalized", "message.received"];
        let address = json!({"phone_number": text, "status": text});
        let call = event(kinds[kind], &json!({"id": text, "to": [address, address], "from": address,
            "parts": number, "text": text, "cost": {"amount": number, "currency": text},
            "errors": [{"code": text}], "completed_at": text, "received_at": text}));
        let _ = account().gateway().receipts(&call.webhook());
        let _ = account().gateway().inbound(&call.webhook());
    }
}
