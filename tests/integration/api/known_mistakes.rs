//! What receivers of delivery receipts are known to get wrong, one story each.

use crate::support::app::{Answer, TestApp};
use crate::support::gateways::{self, SECRET};
use crate::support::ledger::ALICE;
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use textrail::gateways::{Gateways, Sample};

/// A server with a campaign.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    app
}

/// Sends a message and submits it to a gateway under an id; its id here.
async fn submitted(app: &TestApp, gateway: &str, id: &str) -> String {
    let body =
        json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": gateway, "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let message = sent["id"].as_str().unwrap().to_owned();
    submit(app, gateway, &message, id).await;
    message
}

async fn submit(app: &TestApp, gateway: &str, message: &str, id: &str) {
    let body = json!({"message_id": message, "gateway": gateway, "gateway_message_id": id,
                      "outcome": "accepted"});
    let answer = app.post("v1/submissions", body).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

/// A receipt as the gateway itself would make it, some seconds after the first.
async fn report(app: &TestApp, gateway: &str, id: &str, status: &str, seconds: i64) {
    let known = Gateways::new(&gateways::all()).unwrap();
    let url = format!("{}/v1/gateways/{gateway}/receipts", app.url());
    let at = Utc::now() - TimeDelta::minutes(1) + TimeDelta::seconds(seconds);
    let sample = known.find(gateway).unwrap().sample(&url, id, status, at);
    let answer = call(app, &sample.unwrap()).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

async fn call(app: &TestApp, sample: &Sample) -> Answer {
    let method = Method::from_bytes(sample.method.as_bytes()).unwrap();
    let path = sample.url.strip_prefix(&app.url()).unwrap();
    let mut request = app.bare(method, path).body(sample.body.clone());
    for (name, value) in &sample.headers {
        request = request.header(*name, value);
    }
    Answer::of(request.send().await).await
}

/// Reports in the neutral dialect.
async fn tell(app: &TestApp, gateway: &str, items: &Value) {
    let path = format!("v1/gateways/{gateway}/receipts?secret={SECRET}");
    let answer = Answer::of(app.bare(Method::POST, &path).json(items).send().await).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

async fn status(app: &TestApp, message: &str) -> String {
    let journey = app.get(&format!("v1/messages/{message}")).await.json();
    journey["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn expired_is_never_read_as_sent() {
    let app = start().await;
    let message = submitted(&app, "infobip", "m-1").await;
    report(&app, "infobip", "m-1", "PENDING_ENROUTE", 0).await;
    assert_eq!(status(&app, &message).await, "sent");
    report(&app, "infobip", "m-1", "EXPIRED", 1).await;
    assert_eq!(status(&app, &message).await, "expired");
}

#[tokio::test]
async fn an_item_that_cannot_be_mapped_never_fails_its_batch() {
    let app = start().await;
    let first = submitted(&app, "infobip", "m-1").await;
    let odd = submitted(&app, "infobip", "m-2").await;
    let last = submitted(&app, "infobip", "m-3").await;
    let delivered = |id: &str| {
        json!({"messageId": id, "to": "436601234567", "sentAt": "2026-11-23T08:00:00.000+0000",
               "doneAt": "2026-11-23T08:00:05.000+0000",
               "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}})
    };
    let mut unknown = delivered("m-2");
    unknown["status"] =
        json!({"groupId": 42, "groupName": "TELEPORTED", "name": "TELEPORTED_TWICE"});
    let results = json!({"results": [delivered("m-1"), unknown, {"messageId": 7, "status": []}, null, delivered("m-3")]});
    tell(&app, "infobip", &results).await;
    assert_eq!(status(&app, &first).await, "delivered");
    assert_eq!(status(&app, &odd).await, "unknown");
    assert_eq!(status(&app, &last).await, "delivered");
}

#[tokio::test]
async fn a_providers_failed_is_final() {
    let app = start().await;
    let message = submitted(&app, "twilio", "SM1").await;
    report(&app, "twilio", "SM1", "failed", 0).await;
    assert_eq!(status(&app, &message).await, "failed");
}

#[tokio::test]
async fn a_late_sent_never_overwrites_delivered() {
    let app = start().await;
    let message = submitted(&app, "twilio", "SM1").await;
    for (status, seconds) in [("delivered", 0), ("sent", 1), ("queued", 2)] {
        report(&app, "twilio", "SM1", status, seconds).await;
    }
    assert_eq!(status(&app, &message).await, "delivered");
}

#[tokio::test]
async fn a_late_failure_without_a_code_never_erases_the_code() {
    let app = start().await;
    submitted(&app, "neutral", "n-1").await;
    let failed = |code: Value, second: u32| {
        json!({"gateway_message_id": "n-1", "status": "undelivered", "error_code": code,
               "occurred_at": format!("2026-11-23T08:00:0{second}Z")})
    };
    tell(&app, "neutral", &failed(json!("27"), 1)).await;
    tell(&app, "neutral", &failed(Value::Null, 2)).await;
    app.roll().await;
    let today = Utc::now().date_naive();
    let (start, end) = (today - TimeDelta::days(1), today + TimeDelta::days(1));
    let report = app
        .get(&format!("v1/reports/errors?start={start}&end={end}"))
        .await
        .json();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{report}");
    assert_eq!(rows[0]["error_code"], "27", "{report}");
}

#[tokio::test]
async fn a_receipt_that_comes_before_its_message_is_known_is_kept() {
    let app = start().await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let message = sent["id"].as_str().unwrap();
    report(&app, "twilio", "SM1", "delivered", 0).await;
    assert_eq!(status(&app, message).await, "recorded");
    submit(&app, "twilio", message, "SM1").await;
    assert_eq!(status(&app, message).await, "delivered");
}

#[tokio::test]
async fn ids_differ_in_case_leading_zeros_and_base() {
    let app = start().await;
    let message = submitted(&app, "neutral", " 00ABC-1").await;
    tell(
        &app,
        "neutral",
        &json!({"gateway_message_id": "abc-1", "status": "delivered"}),
    )
    .await;
    assert_eq!(status(&app, &message).await, "delivered");
    let message = submitted(&app, "decimal", "0000001A").await;
    tell(
        &app,
        "decimal",
        &json!({"gateway_message_id": "26", "status": "delivered"}),
    )
    .await;
    assert_eq!(status(&app, &message).await, "delivered");
}

#[tokio::test]
async fn every_segments_receipt_counts() {
    let app = start().await;
    let message = submitted(&app, "neutral", "n-1").await;
    let segment = |number: u8, status: &str| json!({"gateway_message_id": "n-1", "status": status, "segment_number": number, "segment_count": 2});
    tell(&app, "neutral", &segment(1, "delivered")).await;
    tell(&app, "neutral", &segment(2, "undelivered")).await;
    assert_eq!(status(&app, &message).await, "undelivered");
}
