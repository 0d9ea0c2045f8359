//! Bad input is the caller's fault: a 4xx that names the field, nothing stored, the server stays up.

use crate::support::app::{Answer, TestApp};
use crate::support::ledger::ALICE;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

fn message() -> Value {
    json!({"to": ALICE, "from": "SHOP", "campaign": "spring", "body": "Hi"})
}

/// A good value with one field replaced.
fn with(mut value: Value, field: &str, replacement: Value) -> Value {
    value[field] = replacement;
    value
}

fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().expect("an object").remove(field);
    value
}

fn submission() -> Value {
    json!({"message_id": Uuid::now_v7(), "gateway": "twig", "outcome": "accepted"})
}

fn receipt() -> Value {
    json!({"gateway": "twig", "gateway_message_id": "1", "status": "delivered"})
}

fn inbound() -> Value {
    json!({"gateway": "twig", "from": ALICE, "to": "43720", "body": "Hi"})
}

/// Method, path, body, and the field that the answer must name.
fn table() -> Vec<(Method, &'static str, Value, &'static str)> {
    let (post, put) = (Method::POST, Method::PUT);
    let campaign = json!({"type": "promotion", "name": "Sale"});
    let mut table = Vec::new();
    let mut add = |method: &Method, path, body, field| {
        table.push((method.clone(), path, body, field));
    };
    add(
        &post,
        "v1/messages",
        with(message(), "to", json!("12")),
        "to",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "to", json!("+15550")),
        "to",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "to", json!("not a number")),
        "to",
    );
    add(&post, "v1/messages", with(message(), "to", json!(43)), "to");
    add(&post, "v1/messages", without(message(), "to"), "to");
    add(
        &post,
        "v1/messages",
        with(message(), "from", json!("way too long a name")),
        "from",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "body", json!("")),
        "body",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "body", json!("a\u{0}b")),
        "body",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "body", json!("x".repeat(100_000))),
        "body",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "body", json!("https://a.example ".repeat(21))),
        "body",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "campaign", json!("nowhere")),
        "campaign",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "campaign", json!(null)),
        "campaign",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "surprise", json!(1)),
        "surprise",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "test", json!("yes")),
        "test",
    );
    add(
        &post,
        "v1/messages",
        with(message(), "client_reference", json!("r".repeat(9_999))),
        "client_reference",
    );
    add(
        &post,
        "v1/messages/preview",
        with(message(), "from", json!("\u{0}")),
        "from",
    );
    add(
        &post,
        "v1/messages/batch",
        json!({"messages": "none"}),
        "messages",
    );
    add(
        &post,
        "v1/submissions",
        with(submission(), "outcome", json!("lost")),
        "outcome",
    );
    add(
        &post,
        "v1/submissions",
        with(submission(), "message_id", json!("7")),
        "message_id",
    );
    add(&post, "v1/submissions", submission(), "message_id");
    add(
        &post,
        "v1/submissions",
        with(submission(), "submitted_at", json!("yesterday")),
        "submitted_at",
    );
    add(&post, "v1/receipts", without(receipt(), "status"), "status");
    add(
        &post,
        "v1/receipts",
        with(receipt(), "occurred_at", json!("3026-01-01T00:00:00Z")),
        "occurred_at",
    );
    add(
        &post,
        "v1/receipts",
        with(receipt(), "occurred_at", json!("1026-01-01T00:00:00Z")),
        "occurred_at",
    );
    add(
        &post,
        "v1/receipts",
        with(receipt(), "segment_number", json!(-1)),
        "segment_number",
    );
    add(
        &post,
        "v1/inbound",
        with(inbound(), "from", json!("nobody")),
        "from",
    );
    add(
        &put,
        "v1/campaigns/sale",
        without(campaign.clone(), "type"),
        "type",
    );
    add(
        &put,
        "v1/campaigns/sale",
        with(campaign.clone(), "fallback_url", json!("ftp://a.b/")),
        "fallback_url",
    );
    add(
        &put,
        "v1/campaigns/sale",
        with(campaign.clone(), "fallback_url", json!("javascript:1")),
        "fallback_url",
    );
    add(
        &put,
        "v1/campaigns/sale",
        with(campaign, "link_expires_after", json!("soon")),
        "link_expires_after",
    );
    add(&put, "v1/opt-outs/SHOP", json!({"number": "12"}), "number");
    table
}

#[tokio::test]
async fn every_field_is_named_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (method, path, body, field) in table() {
        let answer = Answer::of(app.request(method, path).json(&body).send().await).await;
        let what = format!("{path} {body:.200} -> {answer:?}");
        assert!(answer.status.is_client_error(), "{what}");
        let fields = answer.fields();
        assert!(
            fields
                .iter()
                .any(|name| name == field || name.ends_with(field)),
            "{what}"
        );
    }
    for kind in [
        "message",
        "submission",
        "receipt",
        "inbound",
        "opt_out",
        "click",
    ] {
        assert!(app.ledger.lines(kind).is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn what_is_no_json_or_too_large_is_a_problem_document() {
    let app = TestApp::start().await;
    let huge = format!("{{\"messages\": [\"{}\"]}}", "x".repeat(40_000_000));
    let bodies: [(&str, Vec<u8>, StatusCode); 6] = [
        (
            "v1/messages",
            b"{\"to\": ".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (
            "v1/messages",
            b"\xff\xfe\x00".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        (
            "v1/messages",
            b"{\"to\": \"\xc3\x28\"}".to_vec(),
            StatusCode::BAD_REQUEST,
        ),
        ("v1/messages", b"".to_vec(), StatusCode::BAD_REQUEST),
        (
            "v1/messages/batch",
            huge.clone().into_bytes(),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            "v1/messages",
            huge.into_bytes(),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ];
    for (path, body, status) in bodies {
        let request = app
            .request(Method::POST, path)
            .header("Content-Type", "application/json")
            .body(body);
        let answer = Answer::of(request.send().await).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.fields(); // a problem document
    }
}

/// Every route, with a method that it takes.
fn routes() -> impl Strategy<Value = (Method, String)> {
    let segment = "[ -~]{0,24}|\\PC{0,8}";
    let fixed = prop::sample::select(vec![
        (Method::POST, "v1/messages"),
        (Method::POST, "v1/messages/batch"),
        (Method::POST, "v1/messages/preview"),
        (Method::POST, "v1/submissions"),
        (Method::POST, "v1/receipts"),
        (Method::POST, "v1/inbound"),
        (Method::GET, "v1/gateways/kannel/receipts"),
        (Method::POST, "v1/gateways/kannel/receipts"),
        (Method::GET, "v1/gateways/kannel/inbound"),
        (Method::POST, "v1/gateways/kannel/inbound"),
        (Method::GET, "v1/reports/messages"),
        (Method::GET, "v1/reports/errors"),
        (Method::GET, "readyz"),
        (Method::GET, "docs/"),
        (Method::GET, "v1/opt-outs"),
        (Method::GET, "healthz"),
        (Method::GET, "metrics"),
        (Method::GET, "openapi.json"),
    ])
    .prop_map(|(method, path)| (method, path.to_owned()));
    let with_segment = (
        prop::sample::select(vec![
            (Method::PUT, "v1/campaigns/"),
            (Method::GET, "v1/messages/"),
            (Method::PUT, "v1/opt-outs/"),
            (Method::DELETE, "v1/opt-outs/"),
            (Method::GET, ""),
            (Method::GET, ".well-known/"),
        ]),
        segment,
    )
        .prop_map(|((method, path), segment)| {
            let encoded: String =
                url::form_urlencoded::byte_serialize(segment.as_bytes()).collect();
            (method, format!("{path}{encoded}"))
        });
    prop_oneof![fixed, with_segment]
}

/// Bytes, or JSON that is nearly right.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        any::<String>().prop_map(|value| json!(value)),
        Just(json!(ALICE)),
        Just(json!(["https://a.example"])),
    ];
    let field = prop::sample::select(vec![
        "to",
        "from",
        "body",
        "campaign",
        "messages",
        "gateway",
        "status",
        "message_id",
        "outcome",
        "occurred_at",
        "number",
        "type",
        "name",
        "segment_number",
    ]);
    let object = prop::collection::btree_map(field, value, 0..8)
        .prop_map(|fields| json!(fields).to_string().into_bytes());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..200), object]
}

#[test]
fn arbitrary_bytes_never_make_a_server_error_or_close_a_connection() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let query = "[ -~]{0,40}";
    let headers = prop::collection::vec(
        any::<u8>().prop_filter("header", |b| *b >= 32 && *b != 127),
        0..20,
    );
    let mut runner = TestRunner::new(Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(
            &(routes(), query, bodies(), headers),
            |((method, path), query, body, header)| {
                let query: String = query
                    .chars()
                    .filter(|char| !char.is_whitespace() && *char != '#')
                    .collect();
                let header = reqwest::header::HeaderValue::from_bytes(&header).unwrap();
                let request = app
                    .request(method.clone(), &path)
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", header.clone())
                    .header("User-Agent", header.clone())
                    .header("X-Forwarded-For", header)
                    .body(body.clone());
                let request = if query.is_empty() {
                    request
                } else {
                    let mut request = request.build().unwrap();
                    request.url_mut().set_query(Some(&query));
                    reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)
                };
                let answer = runtime.block_on(request.send());
                let answer = answer.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
                prop_assert!(
                    !answer.status().is_server_error(),
                    "{method} {path}?{query} {:?} -> {answer:?}",
                    String::from_utf8_lossy(&body)
                );
                Ok(())
            },
        )
        .unwrap();
}
