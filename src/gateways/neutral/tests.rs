use super::*;
use crate::domain::status::Status;
use actix_web::http::header::{HeaderMap, HeaderValue};
use chrono::DateTime;

fn with<T>(query: &str, body: &str, read: impl Fn(&Webhook<'_>) -> T) -> T {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
    let path = format!("/v1/gateways/own/receipts?{query}");
    read(&Webhook {
        method: "POST",
        path_and_query: &path,
        headers: &headers,
        body: body.as_bytes(),
        arrived_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
    })
}

fn receipts(body: &str) -> Items<Receipt> {
    with("", body, |webhook| Neutral.receipts(webhook)).unwrap()
}

fn fields_of(body: &str) -> Vec<String> {
    let faults = receipts(body).remove(0).unwrap_err();
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
    let refused = |body: &str| with("", body, |webhook| Neutral.receipts(webhook)).unwrap_err();
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
    let query = format!("message_id={id}");
    let items = with(&query, r#"{"status":"sent"}"#, |webhook| {
        Neutral.receipts(webhook)
    })
    .unwrap();
    assert_eq!(
        items[0].as_ref().unwrap().message_id.unwrap().to_string(),
        id
    );
    let endpoint = Url::parse("https://t.example/r").unwrap();
    let url = Neutral.receipt_url(endpoint, id.parse().unwrap(), None);
    assert_eq!(url, format!("https://t.example/r?message_id={id}"));
}

#[test]
fn the_secret_is_a_bearer_token_or_a_parameter() {
    let verify = |query, secret| with(query, "", |webhook| Neutral.verify(webhook, Some(secret)));
    assert!(verify("", "s3cret").is_ok());
    assert!(verify("secret=other", "other").is_ok());
    assert!(verify("", "other").is_err());
}

#[test]
fn inbound_items_are_checked() {
    let read = |body| {
        with("", body, |webhook| Neutral.inbound(webhook))
            .unwrap()
            .remove(0)
    };
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
