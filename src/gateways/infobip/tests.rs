use super::*;
use crate::domain::status::{DeliveryLevel, ErrorClass};
use crate::gateways::testing::{Account, Call};
use proptest::prelude::*;

const URL: &str = "https://t.example/v1/gateways/infobip/receipts";

fn account() -> Account {
    Account::new("infobip", &["s3cret"])
}

fn call(results: &[serde_json::Value]) -> Call {
    Call::json(URL, json!({ "results": results }).to_string())
}

/// The one receipt of a report with such a status and such other fields.
#[expect(
    clippy::needless_pass_by_value,
    reason = "literals: a reference would be noise at every call"
)]
fn one(status: serde_json::Value, rest: serde_json::Value) -> Receipt {
    let mut report = json!({"messageId": "ID-1", "status": status});
    let fields = report.as_object_mut().unwrap();
    fields.extend(rest.as_object().unwrap().clone());
    account().receipt(&call(&[report])).unwrap()
}

fn status_of(status: serde_json::Value) -> Status {
    one(status, json!({})).status
}

/// Infobip's own example ("Receive outbound SMS message reports").
#[test]
fn a_delivery_report_as_infobip_sends_it() {
    let receipt = one(
        json!({"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
               "description": "Message delivered to handset"}),
        json!({"bulkId": "BULK-ID-123-xyz", "messageId": "MESSAGE-ID-123-xyz", "to": "41793026727",
               "sentAt": "2019-11-09T16:00:00.000+0000", "doneAt": "2019-11-09T18:00:02.500+0200",
               "messageCount": 2, "mccMnc": "22801", "callbackData": "callbackData",
               "price": {"pricePerMessage": 0.01, "currency": "EUR"},
               "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR",
                         "description": "No Error", "permanent": false},
               "somethingNew": {"a": [1]}}),
    );
    let expected = Receipt {
        gateway_message_id: Some("message-id-123-xyz".to_owned()),
        delivery_level: Some(DeliveryLevel::Handset),
        segment_count: Some(2),
        gateway_time: Some("2019-11-09T16:00:02.5Z".parse().unwrap()),
        price: Some("0.01".to_owned()),
        currency: Some("EUR".to_owned()),
        mcc_mnc: Some("22801".to_owned()),
        ..Receipt::new(Status::Delivered, "DELIVERED_TO_HANDSET".to_owned())
    };
    assert_eq!(receipt, expected);
}

#[test]
fn every_group_and_every_name_that_says_more() {
    for (number, group, name, status) in [
        (0, "ACCEPTED", "MESSAGE_ACCEPTED", Status::Accepted),
        (0, "OK", "MESSAGE_ACCEPTED", Status::Accepted),
        (1, "PENDING", "PENDING_ACCEPTED", Status::Queued),
        (1, "PENDING", "PENDING_ENROUTE", Status::Sent),
        (1, "PENDING", "PENDING_WAITING_DELIVERY", Status::Sent),
        (
            2,
            "UNDELIVERABLE",
            "UNDELIVERABLE_REJECTED_OPERATOR",
            Status::Undelivered,
        ),
        (
            2,
            "UNDELIVERABLE",
            "UNDELIVERABLE_NOT_DELIVERED",
            Status::Undelivered,
        ),
        (3, "DELIVERED", "DELIVERED_TO_OPERATOR", Status::Delivered),
        (3, "DELIVERED", "DELIVERED_TO_HANDSET", Status::Delivered),
        (4, "EXPIRED", "EXPIRED_EXPIRED", Status::Expired),
        (4, "EXPIRED", "EXPIRED_DLR_UNKNOWN", Status::Expired),
        (5, "REJECTED", "REJECTED_DND", Status::Rejected),
        (5, "REJECTED", "REJECTED_THAT_IS_NEW", Status::Rejected),
    ] {
        let whole = json!({"groupId": number, "groupName": group, "name": name});
        assert_eq!(status_of(whole), status, "{name}");
        assert_eq!(
            status_of(json!({"groupId": number, "name": name})),
            status,
            "{name}"
        );
        assert_eq!(
            status_of(json!({"groupId": number.to_string(), "name": name})),
            status
        );
        if name != "MESSAGE_ACCEPTED" {
            assert_eq!(status_of(json!({ "name": name })), status, "{name}");
        }
    }
    for (word, status) in KIND.statuses {
        assert_eq!(status_of(json!({ "name": word })), *status, "{word}");
    }
}

/// A mistake seen in the field.
#[test]
fn what_expired_is_never_read_as_sent() {
    let contradicting = json!({"groupId": 4, "groupName": "EXPIRED", "name": "PENDING_ENROUTE"});
    assert_eq!(status_of(contradicting), Status::Expired);
    let expired = one(
        json!({"groupName": "EXPIRED", "name": "EXPIRED_EXPIRED"}),
        json!({}),
    );
    assert_eq!(expired.error_class, Some(ErrorClass::Expired));
    assert!(!expired.synthetic);
    let silence = one(
        json!({"groupName": "EXPIRED", "name": "EXPIRED_DLR_UNKNOWN"}),
        json!({}),
    );
    assert!(silence.synthetic, "the operator never said so");
}

#[test]
fn the_raw_status_is_the_name_and_else_the_group() {
    let raw = |status| one(status, json!({})).raw_status;
    assert_eq!(
        raw(json!({"groupName": "PENDING", "name": "PENDING_NEW"})),
        "PENDING_NEW"
    );
    assert_eq!(
        raw(json!({"groupId": 1, "groupName": "PENDING"})),
        "PENDING"
    );
    let new = one(
        json!({"groupId": 9, "groupName": "TELEPORTED", "name": "Beamed"}),
        json!({}),
    );
    assert_eq!(
        (new.status, new.raw_status.as_str()),
        (Status::Unknown, "Beamed")
    );
}

#[test]
fn the_operators_word_is_not_the_handsets() {
    let level =
        |name| one(json!({"groupName": "DELIVERED", "name": name}), json!({})).delivery_level;
    assert_eq!(level("DELIVERED_TO_OPERATOR"), Some(DeliveryLevel::Carrier));
    assert_eq!(level("DELIVERED_TO_HANDSET"), Some(DeliveryLevel::Handset));
    assert_eq!(level("DELIVERED_SOMEHOW"), None);
}

#[test]
fn errors_are_explained() {
    let failed = |status: &str, error: serde_json::Value| {
        let receipt = one(json!({ "name": status }), json!({ "error": error }));
        (receipt.error_code, receipt.error_class, receipt.permanent)
    };
    let code = |text: &str| Some(text.to_owned());
    let undelivered = "UNDELIVERABLE_NOT_DELIVERED";
    assert_eq!(
        failed(
            undelivered,
            json!({"name": "EC_ABSENT_SUBSCRIBER", "permanent": false})
        ),
        (
            code("EC_ABSENT_SUBSCRIBER"),
            Some(ErrorClass::Unreachable),
            Some(false)
        )
    );
    assert_eq!(
        failed(
            undelivered,
            json!({"name": "EC_SM_DF_memoryCapacityExceeded"})
        ),
        (
            code("EC_SM_DF_MEMORYCAPACITYEXCEEDED"),
            Some(ErrorClass::Unreachable),
            Some(false)
        )
    );
    let new = json!({"groupName": "HANDSET_ERRORS", "name": "EC_NEW", "permanent": true});
    assert_eq!(
        failed(undelivered, new),
        (code("EC_NEW"), Some(ErrorClass::Unreachable), Some(true))
    );
    assert_eq!(
        failed(
            undelivered,
            json!({"groupName": "OPERATOR_ERRORS", "permanent": "true"})
        ),
        (code("OPERATOR_ERRORS"), Some(ErrorClass::Other), None)
    );
    assert_eq!(failed(undelivered, json!("broken")), (None, None, None));
    // A rejection tells by its own name.
    assert_eq!(
        failed(
            "REJECTED_NOT_ENOUGH_CREDITS",
            json!({"name": "NO_ERROR", "permanent": true})
        ),
        (
            code("REJECTED_NOT_ENOUGH_CREDITS"),
            Some(ErrorClass::Account),
            Some(false)
        )
    );
    assert_eq!(
        failed(
            "REJECTED_DESTINATION",
            json!({"name": "EC_CONTENT_BLOCKED"})
        ),
        (
            code("EC_CONTENT_BLOCKED"),
            Some(ErrorClass::OptedOut),
            Some(true)
        )
    );
}

#[test]
fn our_own_id_comes_back_as_callback_data() {
    let id = Uuid::now_v7();
    let with =
        |data: &str| one(json!({"name": "PENDING"}), json!({ "callbackData": data })).message_id;
    assert_eq!(with(&id.to_string()), Some(id));
    assert_eq!(with(&format!(" {id} ")), Some(id));
    assert_eq!(with("order 7"), None);
    assert_eq!(with(&Uuid::nil().to_string()), None);
}

/// A mistake seen in the field: one unmapped item failed a whole batch.
#[test]
fn a_bad_item_never_costs_the_others() {
    let body = r#"{"results": [
        {"messageId": "A", "status": {"groupName": "DELIVERED"}},
        {"messageId": "B", "status": {"groupName": "BEAMED"}},
        {"messageId": "C"}, 7, null, "x", [],
        {"messageId": "D\u0000", "status": {"name": "PENDING"}},
        {"messageId": 12, "smsCount": "many", "price": 5, "mccMnc": {}, "doneAt": "soon",
         "status": {"name": "PENDING_ENROUTE", "groupId": []}, "error": [1]}
    ]}"#;
    let items = account().receipts(&Call::json(URL, body));
    let read: Vec<String> = items
        .into_iter()
        .map(|item| match item {
            Ok(receipt) => format!("{:?} {:?}", receipt.gateway_message_id, receipt.status),
            Err(faults) => faults[0].to_string(),
        })
        .collect();
    assert_eq!(
        read,
        [
            r#"Some("a") Delivered"#,
            r#"Some("b") Unknown"#,
            "status.name: must be given",
            ".: invalid type: integer `7`, expected struct Report",
            ".: invalid type: null, expected struct Report",
            r#".: invalid type: string "x", expected struct Report"#,
            "status.name: must be given",
            "messageId: must not hold the control character U+0000",
            r#"Some("12") Sent"#,
        ]
    );
}

#[test]
fn what_is_no_call_of_infobips_is_refused_and_an_empty_one_is_not() {
    let receipts = |body: &str| {
        account()
            .gateway()
            .receipts(&Call::json(URL, body).webhook())
    };
    assert_eq!(
        receipts(r#"{"results": [], "messageCount": 0}"#),
        Ok(Vec::new())
    );
    for body in [
        "",
        "{}",
        "[]",
        r#"{"results": {}}"#,
        r#"{"results": [}"#,
        r#"{"results": []} x"#,
    ] {
        assert!(
            matches!(receipts(body), Err(Refusal::Malformed(_))),
            "{body}"
        );
    }
    let many = format!(r#"{{"results": [{}1]}}"#, "1,".repeat(neutral::ITEM_LIMIT));
    assert!(matches!(receipts(&many), Err(Refusal::TooMany { .. })));
}

#[test]
fn a_secret_in_the_url_or_in_basic_auth_proves_a_call() {
    let account = Account::new("infobip", &["new", "old"]);
    let base = "https://t.example/".parse().unwrap();
    let url = account.gateway().receipt_url(&base, Uuid::nil());
    assert_eq!(account.verify(&Call::json(&*url, "{}")), Ok(()));
    assert_eq!(
        account.verify(&Call::json(format!("{URL}?secret=old"), "{}")),
        Ok(())
    );
    let basic = Call::json(URL, "{}").header("authorization", "Basic aW5mb2JpcDpvbGQ=");
    assert_eq!(account.verify(&basic), Ok(()));
    for query in [
        "",
        "?secret=",
        "?secret=ol",
        "?secret=OLD",
        "?secret=s3cret",
    ] {
        let call = Call::json(format!("{URL}{query}"), "{}");
        assert!(
            matches!(account.verify(&call), Err(Refusal::Unverified(_))),
            "{query}"
        );
    }
    assert!(
        account
            .gateway()
            .inbound_url(&base)
            .ends_with("/inbound?secret=new")
    );
}

/// Infobip's own example ("Receive inbound SMS messages"), with numbers that exist.
#[test]
fn a_subscribers_message() {
    let message = json!({"messageId": "817790313235066447", "from": "385916242493", "to": "385921004026",
        "text": "QUIZ Correct answer is\u{c} Paris", "cleanText": "Correct answer is Paris",
        "keyword": "QUIZ", "receivedAt": "2019-11-09T16:00:00.000+0000", "smsCount": 1,
        "price": {"pricePerMessage": 0, "currency": "EUR"}, "callbackData": "callbackData"});
    let inbound = account().inbound(&call(&[message])).unwrap();
    assert_eq!(
        inbound.gateway_message_id.as_deref(),
        Some("817790313235066447")
    );
    assert_eq!(inbound.from.as_str(), "+385916242493");
    assert_eq!(inbound.to.as_str(), "+385921004026");
    assert_eq!(
        inbound.body, "QUIZ Correct answer is Paris",
        "the keyword may be the STOP"
    );
    assert_eq!(inbound.segments, Some(1));
    assert_eq!(
        inbound.received_at.unwrap().to_rfc3339(),
        "2019-11-09T16:00:00+00:00"
    );
    let faults = account()
        .inbound(&call(&[json!({"from": "x", "to": "?"})]))
        .unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["from", "to", "text"]);
}

#[test]
fn its_sample_is_verified_and_read() {
    for (word, status) in KIND.statuses {
        let call = account().sample("ID-7", word).unwrap();
        assert_eq!(account().verify(&call), Ok(()));
        let receipt = account().receipt(&call).unwrap();
        assert_eq!(
            (receipt.status, receipt.raw_status.as_str()),
            (*status, *word)
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), query in "\\PC{0,30}") {
        let call = Call::json(format!("{URL}?{query}"), body);
        let _ = account().verify(&call);
        let _ = account().gateway().receipts(&call.webhook());
        let _ = account().gateway().inbound(&call.webhook());
    }

    #[test]
    fn no_values_make_it_panic(status in "\\PC{0,20}", id in "\\PC{0,20}", at in "[0-9T:.+-]{0,30}") {
        let report = json!({"messageId": id, "status": {"name": status}, "doneAt": at,
                            "from": id, "to": id, "text": status, "receivedAt": at});
        let call = call(&[report]);
        let items = account().receipts(&call);
        prop_assert_eq!(items.len(), 1);
        if let Ok(receipt) = &items[0] {
            prop_assert_eq!(&receipt.raw_status, status.trim());
        }
        let _ = account().gateway().inbound(&call.webhook());
    }
}
