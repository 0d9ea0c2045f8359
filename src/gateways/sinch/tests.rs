use super::*;
use crate::gateways::testing::{Account, Call, arrived};
use crate::gateways::{FieldFault, fields};
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

const URL: &str = "https://t.example/v1/gateways/sinch/receipts";
const SECRET: &str = "SMSWebhooksSecret";
const BODY: &str = r#"{"at":"2025-01-13T09:22:40.914Z","batch_id":"01JHFFHQ0P99JPPNQPJDV7JTBP","client_reference":"a client reference","code":0,"operator_status_at":"2025-01-13T09:22:00Z","recipient":"33662162466","status":"Delivered","type":"recipient_delivery_report_sms"}"#;

fn account() -> Account {
    Account::new("sinch", &[SECRET])
}

/// The vector of Sinch's own SDKs (sinch-sdk-java, `WebHooksServiceTest`), as it arrived.
fn vector() -> Call {
    let mut call = Call::json(URL, BODY)
        .header(
            "x-sinch-webhook-signature",
            "ZoHei66PPN/kZjw7hFVfGhJOnml3iGNCMWoyQVcE5o0=",
        )
        .header(
            "x-sinch-webhook-signature-nonce",
            "01JHFFHWYY7HSS4FWTMDTQEK8V",
        )
        .header("x-sinch-webhook-signature-timestamp", "1736760161");
    call.arrived_at = DateTime::from_timestamp(1_736_760_163, 0).unwrap();
    call
}

fn json_call(body: &Value) -> Call {
    Call::json(URL, body.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "literals: a reference would be noise at every call"
)]
fn of_recipient(fields: Value) -> Result<Receipt, Vec<FieldFault>> {
    let mut report = json!({"type": "recipient_delivery_report_sms", "batch_id": "01B",
                            "recipient": "436601234567", "status": "Delivered"});
    let report_fields = report.as_object_mut().unwrap();
    report_fields.extend(fields.as_object().unwrap().clone());
    account().receipt(&json_call(&report))
}

#[test]
fn the_published_vector_is_verified() {
    assert_eq!(account().verify(&vector()), Ok(()));
    let rotating = Account::new("sinch", &["new", SECRET]);
    assert_eq!(rotating.verify(&vector()), Ok(()));
    assert!(
        Account::new("sinch", &["another"])
            .verify(&vector())
            .is_err()
    );
}

#[test]
fn whatever_is_altered_is_refused() {
    let refused = |call: &Call| matches!(account().verify(call), Err(Refusal::Unverified(_)));
    for place in 0..BODY.len() {
        let mut call = vector();
        call.body[place] ^= 1;
        assert!(refused(&call), "byte {place} of the body");
    }
    for name in ["", "-nonce", "-timestamp"].map(|end| format!("x-sinch-webhook-signature{end}")) {
        let value = vector()
            .headers
            .get(&name)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        for place in 0..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let altered = vector().header(&name, std::str::from_utf8(&bytes).unwrap());
            assert!(refused(&altered), "byte {place} of {name}");
        }
        let mut without = vector();
        without.headers.remove(&name);
        assert!(refused(&without), "{name}");
    }
}

#[test]
fn a_replay_is_refused_after_a_day() {
    let at = |seconds: i64| {
        let mut call = vector();
        call.arrived_at = DateTime::from_timestamp(1_736_760_161 + seconds, 0).unwrap();
        account().verify(&call).is_ok()
    };
    assert!(at(-300) && at(0) && at(25 * 3600));
    assert!(!at(-301) && !at(25 * 3600 + 1));
    // A later time does not fit the signature.
    let mut call = vector().header("x-sinch-webhook-signature-timestamp", "1736770000");
    call.arrived_at = DateTime::from_timestamp(1_736_770_000, 0).unwrap();
    assert!(account().verify(&call).is_err());
}

#[test]
fn a_recipients_report_as_sinch_sends_it() {
    let receipt = account().receipt(&vector()).unwrap();
    let expected = Receipt {
        gateway_message_id: Some("1jhffhq0p99jppnqpjdv7jtbp:33662162466".to_owned()),
        gateway_time: Some("2025-01-13T09:22:00Z".parse().unwrap()),
        ..Receipt::new(Status::Delivered, "Delivered".to_owned())
    };
    assert_eq!(receipt, expected);
    let more = of_recipient(json!({"number_of_message_parts": 3, "operator": "35000",
                                   "operator_status_at": null, "at": "2025-01-13T09:22:40.914Z",
                                   "encoding": "GSM", "new": {}}));
    let more = more.unwrap();
    assert_eq!(
        (more.segment_count, more.mcc_mnc.as_deref()),
        (Some(3), Some("35000"))
    );
    assert_eq!(
        more.gateway_time,
        Some("2025-01-13T09:22:40.914Z".parse().unwrap())
    );
}

#[test]
fn every_status_in_any_case() {
    for (word, status) in KIND.statuses {
        let [first, rest] = [&word[..1], &word[1..]];
        for written in [
            word.to_string(),
            word.to_uppercase(),
            first.to_uppercase() + rest,
        ] {
            let receipt = of_recipient(json!({ "status": written })).unwrap();
            assert_eq!((receipt.status, &receipt.raw_status), (*status, &written));
        }
    }
    let new = of_recipient(json!({"status": "Teleported"})).unwrap();
    assert_eq!(
        (new.status, new.raw_status.as_str()),
        (Status::Unknown, "Teleported")
    );
    let faults = of_recipient(json!({"status": null})).unwrap_err();
    assert_eq!(faults[0].to_string(), "status: must be given");
}

#[test]
fn codes_are_explained_and_success_is_no_error() {
    let of = |status: &str, code: Value| {
        let receipt = of_recipient(json!({"status": status, "code": code})).unwrap();
        (receipt.error_code, receipt.error_class, receipt.permanent)
    };
    for code in [0, 400, 401] {
        assert_eq!(of("Dispatched", json!(code)), (None, None, None));
    }
    let code = |text: &str| Some(text.to_owned());
    assert_eq!(
        of("Aborted", json!(412)),
        (code("412"), Some(ErrorClass::Account), Some(true))
    );
    assert_eq!(
        of("Aborted", json!("404")),
        (code("404"), Some(ErrorClass::Unreachable), Some(false))
    );
    assert_eq!(
        of("Failed", json!(9999)),
        (code("9999"), Some(ErrorClass::Other), None)
    );
    assert_eq!(of("Expired", json!(9999)).1, Some(ErrorClass::Expired));
    assert_eq!(of("Failed", json!([1])), (None, None, None));
}

#[test]
fn submissions_and_receipts_name_one_message_alike() {
    let of_receipt = |recipient: &str| {
        let receipt = of_recipient(json!({"batch_id": "0001Fc", "recipient": recipient})).unwrap();
        receipt.gateway_message_id
    };
    for recipient in [
        "436601234567",
        "+436601234567",
        "00436601234567",
        "+43 660 123-45.67",
    ] {
        assert_eq!(
            of_receipt(recipient).as_deref(),
            Some("1fc:436601234567"),
            "{recipient}"
        );
        let submitted = fields::canonical_id("id", &format!("0001FC:{recipient}")).unwrap();
        let submitted = account().gateway().submission_id(submitted.unwrap());
        assert_eq!(submitted, "1fc:436601234567", "{recipient}");
    }
    for id in ["1fc", "1fc:", "1fc:alice", "", ":"] {
        assert_eq!(account().gateway().submission_id(id.to_owned()), id);
    }
    // Without a recipient the batch names no message, so our own id has to.
    let faults = of_recipient(json!({"recipient": ""})).unwrap_err();
    assert_eq!(faults[0].field, "message_id");
    let faults = of_recipient(json!({"recipient": "alice"})).unwrap_err();
    assert_eq!(faults[0].field, "recipient");
}

#[test]
fn our_own_id_comes_back_as_client_reference() {
    let id = Uuid::now_v7();
    let with = |reference: String| of_recipient(json!({ "client_reference": reference }));
    assert_eq!(with(id.to_string()).unwrap().message_id, Some(id));
    assert_eq!(
        with("a client reference".to_owned()).unwrap().message_id,
        None
    );
    assert_eq!(with(Uuid::nil().to_string()).unwrap().message_id, None);
}

#[test]
fn a_batchs_report_is_one_receipt_a_recipient() {
    let reference = Uuid::now_v7();
    let report = json!({"type": "delivery_report_sms", "batch_id": "01W4FFL35P4NC4K35SMSBATCH8",
        "client_reference": reference, "total_message_count": 4, "statuses": [
            {"code": 0, "count": 2, "recipients": ["12017777777", "+33612345678"], "status": "Delivered"},
            {"code": 402, "count": 1, "recipients": ["33612345679", 7, "Bob"], "status": "Aborted"},
            {"code": 0, "recipients": {}, "status": "Delivered"}, "broken"]});
    let items = account().receipts(&json_call(&report));
    let read: Vec<String> = items
        .into_iter()
        .map(|item| match item {
            Ok(receipt) => {
                assert_eq!(receipt.message_id, None, "a reference is the whole batch's");
                let code = receipt.error_code.unwrap_or_default();
                format!(
                    "{} {:?} {code}",
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
            "1w4ffl35p4nc4k35smsbatch8:12017777777 Delivered ",
            "1w4ffl35p4nc4k35smsbatch8:33612345678 Delivered ",
            "1w4ffl35p4nc4k35smsbatch8:33612345679 Failed 402",
            "recipients",
            "recipient",
            "recipients",
            ".",
        ]
    );
    let one = json!({"type": "delivery_report_sms", "batch_id": "01B", "client_reference": reference,
        "statuses": [{"code": 0, "recipients": ["12017777777"], "status": "Delivered"}]});
    assert_eq!(
        account().receipt(&json_call(&one)).unwrap().message_id,
        Some(reference)
    );
}

#[test]
fn a_summary_is_in_order_and_tells_nothing() {
    let summary = json!({"type": "delivery_report_sms", "batch_id": "01B", "total_message_count": 2,
        "statuses": [{"code": 0, "count": 2, "status": "Delivered"},
                     {"code": 0, "count": 0, "recipients": null, "status": "Queued"}]});
    assert_eq!(account().receipts(&json_call(&summary)), Vec::new());
    let many = vec!["1"; crate::gateways::neutral::ITEM_LIMIT + 1];
    let many = json!({"type": "delivery_report_sms", "batch_id": "01B",
                      "statuses": [{"code": 0, "recipients": many, "status": "Delivered"}]});
    let refused = account().gateway().receipts(&json_call(&many).webhook());
    assert!(
        matches!(refused, Err(Refusal::TooMany { .. })),
        "{refused:?}"
    );
}

/// With numbers that exist.
#[test]
fn a_subscribers_message() {
    let message = json!({"type": "mo_text", "id": "01W4FFL35P4NC4K35SMSMO0001", "from": "16052229999",
        "to": "12017777777", "body": "Hello\u{c} John!", "received_at": "2024-06-06T07:52:37.386Z",
        "sent_at": "2024-06-06T07:52:30Z", "client_reference": "x", "operator_id": "311071"});
    let inbound = account().inbound(&json_call(&message)).unwrap();
    assert_eq!(
        inbound.gateway_message_id.as_deref(),
        Some("1w4ffl35p4nc4k35smsmo0001")
    );
    assert_eq!(
        (inbound.from.as_str(), inbound.to.as_str()),
        ("+16052229999", "+12017777777")
    );
    assert_eq!(inbound.body, "Hello John!");
    assert_eq!(
        inbound.received_at,
        Some("2024-06-06T07:52:37.386Z".parse().unwrap())
    );
    let media = json!({"type": "mo_media", "from": "16052229999", "to": "12345",
                       "body": {"subject": "s", "message": "STOP", "media": []}});
    assert_eq!(account().inbound(&json_call(&media)).unwrap().body, "STOP");
    let binary = json!({"type": "mo_binary", "from": "x", "to": "?", "body": "AAAA", "udh": "05"});
    let faults = account().inbound(&json_call(&binary)).unwrap_err();
    let names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(names, ["from", "to", "type"]);
}

/// Sinch has one URL for all that is not told otherwise: no report and no STOP may be answered and lost.
#[test]
fn the_calls_type_decides_what_it_is_whichever_url_it_came_to() {
    let account = account();
    let is = |kind: &str, called: Route| {
        let call = json_call(&json!({"type": kind}));
        account.gateway().route(called, &call.webhook())
    };
    for called in [Route::Receipts, Route::Inbound] {
        for batch in ["", "recipient_"] {
            for media in ["sms", "mms"] {
                let kind = format!("{batch}delivery_report_{media}");
                assert_eq!(is(&kind, called), Route::Receipts, "{kind}");
            }
        }
        for kind in ["mo_text", "mo_binary", "mo_media", " MO_Text"] {
            assert_eq!(is(kind, called), Route::Inbound, "{kind}");
        }
        assert_eq!(is("something_new", called), called, "not ours to tell");
        let torn = Call::json(URL, "{");
        assert_eq!(account.gateway().route(called, &torn.webhook()), called);
    }
}

#[test]
fn a_call_that_is_about_no_message_is_passed_over_and_a_torn_one_is_refused() {
    let other = json_call(&json!({"type": "something_new"}));
    assert_eq!(account().receipts(&other), Vec::new());
    assert_eq!(
        account().gateway().inbound(&other.webhook()),
        Ok(Vec::new())
    );
    for body in ["", "{}", "[]", "7", r#"{"type": []}"#, r#"{"type": "x"} y"#] {
        let refused = account()
            .gateway()
            .receipts(&Call::json(URL, body).webhook());
        assert!(
            matches!(refused, Err(Refusal::Malformed(_))),
            "{body}: {refused:?}"
        );
    }
}

#[test]
fn its_sample_is_verified_and_read() {
    for (word, status) in KIND.statuses {
        let call = account().sample("01B:+436601234567", word).unwrap();
        assert_eq!(account().verify(&call), Ok(()));
        assert_eq!(account().receipt(&call).unwrap().status, *status);
    }
    let late = account().sample("01B", "delivered").unwrap();
    let late = Call {
        arrived_at: arrived() + TimeDelta::hours(26),
        ..late
    };
    assert!(account().verify(&late).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), header in "[ -~]{0,40}") {
        let call = Call::json(URL, body)
            .header("x-sinch-webhook-signature", &header)
            .header("x-sinch-webhook-signature-nonce", &header)
            .header("x-sinch-webhook-signature-timestamp", &header);
        prop_assert!(account().verify(&call).is_err());
        let _ = account().gateway().receipts(&call.webhook());
        let _ = account().gateway().inbound(&call.webhook());
    }

    #[test]
    fn no_values_make_it_panic(kind in 0..4_usize, text in "\\PC{0,20}", code in any::<i64>()) {
        let kinds = ["recipient_delivery_report_sms", "delivery_report_sms", "mo_text", "mo_media"];
        let call = json_call(&json!({
            "type": kinds[kind], "batch_id": text, "recipient": text, "status": text, "code": code,
            "statuses": [{"status": text, "recipients": [text]}], "at": text,
            "from": text, "to": text, "body": {"message": text}, "received_at": text,
        }));
        let _ = account().gateway().receipts(&call.webhook());
        let _ = account().gateway().inbound(&call.webhook());
        let id = account().gateway().submission_id(text.clone());
        prop_assert_eq!(account().gateway().submission_id(id.clone()), id);
    }
}
