use super::*;
use crate::gateways::FieldFault;
use crate::gateways::testing::{Account, Call};

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
    // It says nothing about one of many.
    let two = call(
        &format!("message_id={id}"),
        r#"[{"status":"sent"},{"status":"sent","gateway_message_id":"7"}]"#,
    );
    let items = account().receipts(&two);
    assert!(items[0].is_err());
    assert_eq!(items[1].as_ref().unwrap().message_id, None);
}

#[test]
fn its_sample_is_verified_and_read() {
    let call = account().sample("f-1", "delivered").unwrap();
    assert_eq!(account().verify(&call), Ok(()));
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
