use super::*;
use crate::gateways::FieldFault;
use crate::gateways::testing::{
    ARRIVED, Account, Call, no_byte_can_be_altered, no_bytes_make_it_panic,
};
use insta::assert_snapshot;

const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
/// The example of Standard Webhooks' own libraries.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
const SIGNED_AT: i64 = 1_649_367_553;

fn published(signature: &str) -> Call {
    let body = r#"{"email":"test@example.com","username":"test_user"}"#;
    Call::json("https://t.example/r", body)
        .header("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk")
        .header("webhook-timestamp", &SIGNED_AT.to_string())
        .header("webhook-signature", signature)
        .at(SIGNED_AT)
}

fn account() -> Account {
    Account::new("neutral", &["s3cret"])
}

fn call(query: &str, body: &str) -> Call {
    Call::json(format!("https://t.example/r?{query}"), body)
}

fn receipts(body: &str) -> Items<Receipt> {
    account().receipts(&call("", body))
}

fn fields_of(body: &str) -> Vec<String> {
    let faults: Vec<FieldFault> = receipts(body).remove(0).unwrap_err();
    faults.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn one_or_many() {
    assert_eq!(
        receipts(r#" {"gateway_message_id":"A","status":"sent"}"#).len(),
        1
    );
    let many = receipts(r#" [{"gateway_message_id":"A","status":"sent"},{"status":5},7]"#);
    assert!(many[0].is_ok() && many[1].is_err() && many[2].is_err());
    let account = account();
    let refused = |body: &str| {
        account
            .gateway()
            .receipts(&call("", body).webhook())
            .unwrap_err()
    };
    assert!(matches!(refused("[]"), Refusal::Malformed(_)));
    assert!(matches!(refused("{"), Refusal::Malformed(_)));
    let flood = format!("[{}0]", "0,".repeat(ITEM_LIMIT));
    assert_eq!(refused(&flood), Refusal::TooMany { limit: ITEM_LIMIT });
}

#[test]
fn unknown_words_are_kept_raw() {
    let mut items = receipts(
        r#"[{"gateway_message_id":" AbC ","status":"Delivered","note":1},
            {"gateway_message_id":"a","status":"TELEPORTED"},
            {"gateway_message_id":"a","status":"recorded"}]"#,
    );
    let first = items.remove(0).unwrap();
    assert_eq!(first.status, Status::Delivered);
    assert_eq!(first.gateway_message_id.as_deref(), Some("abc"));
    let second = items.remove(0).unwrap();
    assert_eq!(
        (second.status, second.raw_status.as_str()),
        (Status::Unknown, "TELEPORTED")
    );
    assert_eq!(items.remove(0).unwrap().status, Status::Unknown);
}

#[test]
fn every_wrong_field_is_named() {
    let body = r#"{"message_id":"7","gateway_message_id":"a","status":"sent","error_class":"bad luck",
        "segment_number":3,"segment_count":2,"price":"1,5","currency":"euro","mcc_mnc":"2320a",
        "delivery_level":"moon","occurred_at":"1999-01-01T00:00:00Z"}"#;
    let expected = [
        "message_id",
        "error_class",
        "segment_number",
        "price",
        "currency",
        "mcc_mnc",
        "delivery_level",
        "occurred_at",
    ];
    assert_eq!(fields_of(body), expected);
    assert_eq!(fields_of(r#"{"status":"sent"}"#), ["message_id"]);
    assert_eq!(fields_of(r#"{"gateway_message_id":"a"}"#), ["status"]);
    assert_eq!(
        fields_of(r#"{"gateway_message_id":"a","status":"  "}"#),
        ["status"]
    );
    assert_eq!(
        fields_of(r#"{"gateway_message_id":"a\u0000","status":"sent"}"#),
        ["gateway_message_id"]
    );
    assert_eq!(
        fields_of(r#"{"gateway_message_id":"a","status":"sent","synthetic":"no"}"#),
        ["synthetic"]
    );
    assert_eq!(
        fields_of(r#"{"gateway_message_id":"a","status":"sent","segment_number":70000}"#),
        ["segment_number"]
    );
    assert_eq!(
        fields_of(r#"{"gateway_message_id":"a","status":"sent","segment_number":0}"#),
        ["segment_number"]
    );
}

#[test]
fn the_callback_url_names_the_message() {
    let id = "01939f2a-0000-7000-8000-000000000001";
    let one = call(&format!("message_id={id}"), r#"{"status":"sent"}"#);
    let receipt = account().receipt(&one).unwrap();
    assert_eq!(receipt.message_id.unwrap().to_string(), id);
    // Among many it is that of those that have none at all.
    let two = call(
        &format!("message_id={id}"),
        r#"[{"status":"sent"},{"status":"sent","gateway_message_id":"7"}]"#,
    );
    let ids: Vec<Option<String>> = account()
        .receipts(&two)
        .into_iter()
        .map(|item| item.unwrap().message_id.map(|id| id.to_string()))
        .collect();
    assert_eq!(ids, [Some(id.to_owned()), None]);
}

#[test]
fn the_published_vector_is_verified_and_nothing_of_it_can_be_altered() {
    let account = Account::new("neutral", &["new", SECRET]);
    no_byte_can_be_altered(&account, &published(SIGNATURE), false, &HEADERS);
}

#[test]
fn any_v1_signature_of_the_list_may_fit() {
    let account = Account::new("neutral", &[SECRET]);
    let other = "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=";
    let listed = format!("v1a,AAAA {other} {SIGNATURE} nonsense");
    assert_eq!(account.verify(&published(&listed)), Ok(()));
    let bare = SIGNATURE.trim_start_matches("v1,");
    for none in [
        other,
        bare,
        "",
        "v1,",
        &format!("v2,{bare}"),
        &SIGNATURE[..12],
    ] {
        assert!(account.verify(&published(none)).is_err(), "{none}");
    }
}

/// One that does not fit tells of a call that was altered, whatever its URL carries.
#[test]
fn a_signature_decides_where_there_is_one() {
    let refused = |call: Call| match account().verify(&call) {
        Err(Refusal::Unverified(why)) => why,
        other => panic!("{other:?}"),
    };
    let with_secret = call("secret=s3cret", "{}");
    assert_eq!(account().verify(&with_secret), Ok(()));
    let torn = with_secret.clone().header("webhook-signature", "v1,AAAA");
    assert_snapshot!(refused(torn.clone()), @"one of webhook-id, webhook-timestamp and webhook-signature is missing");
    let torn = torn
        .header("webhook-id", "1")
        .header("webhook-timestamp", "1");
    assert_snapshot!(refused(torn), @"webhook-signature does not fit: no v1 signature is of this secret");
}

#[test]
fn replays_and_times_that_are_none_are_refused() {
    let account = Account::new("neutral", &["plain text"]);
    let signature = Signature::new(&crate::gateways::Secrets::new(vec![
        "plain text".to_owned(),
    ]));
    let signature = signature.unwrap();
    let verify = |timestamp: &str| {
        let signed = signature.sign("1", timestamp, b"{}").unwrap();
        let call = call("", "{}")
            .header("webhook-id", "1")
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", &signed);
        account.verify(&call).is_ok()
    };
    for (age, taken) in [
        (0, true),
        (300, true),
        (301, false),
        (-300, true),
        (-301, false),
    ] {
        assert_eq!(verify(&(ARRIVED - age).to_string()), taken, "{age}");
    }
    assert!(!verify(&i64::MIN.to_string()) && !verify("soon") && !verify(""));
}

#[test]
fn a_secret_that_says_it_is_base64_has_to_be() {
    for secret in ["whsec_", "whsec_%", "whsec_a"] {
        let settings = crate::gateways::DialectSettings {
            secrets: crate::gateways::Secrets::new(vec![secret.to_owned()]),
            ..Default::default()
        };
        let error = (KIND.open)(&settings).err().unwrap();
        assert_eq!(
            error,
            "has a `secret` that begins with whsec_, and what follows is not base64"
        );
    }
}

#[test]
fn no_bytes_panic() {
    let fields = &[
        "message_id",
        "gateway_message_id",
        "status",
        "occurred_at",
        "from",
        "to",
        "body",
    ];
    no_bytes_make_it_panic(&account(), &HEADERS, fields);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("f-1", "delivered").unwrap();
    no_byte_can_be_altered(&account(), &call, false, &HEADERS);
    assert_eq!(account().receipt(&call).unwrap().status, Status::Delivered);
}

#[test]
fn inbound_items_are_checked() {
    let read = |body| account().inbound(&call("", body));
    let good =
        read(r#"{"from":"+436601234567","to":"43720555000","body":"","intent":"stop"}"#).unwrap();
    assert_eq!(
        good.gateway_intent,
        Some(crate::domain::opt_out::Intent::Stop)
    );
    let bad = read(r#"{"from":"you","to":"","body":"\u0000","intent":"maybe","segments":0}"#);
    let fields: Vec<String> = bad
        .unwrap_err()
        .into_iter()
        .map(|fault| fault.field)
        .collect();
    assert_eq!(fields, ["from", "to", "body", "intent", "segments"]);
}
