//! Infobip's calls, as it makes them: many reports in one.

use crate::support::app::{Answer, SHARED_SECRET, TestApp};
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    let path = format!("v1/gateways/infobip/{path}?secret={SHARED_SECRET}");
    Answer::of(app.bare(Method::POST, &path).json(body).send().await).await
}

/// A message that was submitted as `id`; its own id.
async fn submitted(app: &TestApp, id: &str) -> String {
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "infobip",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let message_id = sent["id"].as_str().unwrap().to_owned();
    let submission = json!([{"message_id": message_id, "gateway": "infobip",
                             "gateway_message_id": id, "outcome": "accepted"}]);
    let answer = app.post("v1/submissions", submission).await;
    assert_eq!(
        answer.json()["results"][0]["status"],
        "recorded",
        "{answer:?}"
    );
    message_id
}

#[tokio::test]
async fn one_broken_report_and_one_unknown_word_cost_the_others_nothing() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let delivered = submitted(&app, "0001-A").await;
    let puzzling = submitted(&app, "0001-B").await;
    let batch = json!({"results": [
        {"bulkId": "BULK", "messageId": "0001-a", "to": "436601234567",
         "sentAt": "2026-01-01T16:00:00.000+0000", "doneAt": "2026-01-01T16:00:02.000+0000",
         "messageCount": 1, "mccMnc": "23201", "price": {"pricePerMessage": 0.05, "currency": "EUR"},
         "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"},
         "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": false}},
        {"messageId": "0001-B", "doneAt": "2026-01-01T16:00:03.000+0000",
         "status": {"groupId": 77, "groupName": "TELEPORTED", "name": "TELEPORTED_AWAY"}},
        {"messageId": {"broken": true}, "status": "broken"},
    ]});
    let answer = post(&app, "receipts", &batch).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");

    let journey = app.get(&format!("v1/messages/{delivered}")).await.json();
    assert_eq!(journey["status"], "delivered");
    let steps = journey["journey"].as_array().unwrap();
    let receipt = steps.iter().find(|step| step["kind"] == "receipt").unwrap();
    assert_eq!(receipt["raw_status"], "DELIVERED_TO_HANDSET");
    let journey = app.get(&format!("v1/messages/{puzzling}")).await.json();
    assert_eq!(journey["status"], "unknown");
    let steps = journey["journey"].as_array().unwrap();
    let receipt = steps.iter().find(|step| step["kind"] == "receipt").unwrap();
    assert_eq!(receipt["raw_status"], "TELEPORTED_AWAY");

    // Said again, it changes nothing; and an empty call is in order.
    assert_eq!(post(&app, "receipts", &batch).await.status, StatusCode::OK);
    assert_eq!(app.ledger.lines("receipt").len(), 2);
    let nothing = post(&app, "receipts", &json!({"results": []})).await;
    assert_eq!(
        (nothing.status, nothing.text.as_str()),
        (StatusCode::OK, "")
    );
    let broken = post(&app, "receipts", &json!({"results": [{}, 7]})).await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_stop_among_other_messages_is_an_opt_out() {
    let app = TestApp::start().await;
    let call = json!({"results": [
        {"messageId": "in-1", "from": "nobody", "to": "43720", "text": "?"},
        {"messageId": "in-2", "from": "436601234567", "to": "43720", "text": "STOP",
         "cleanText": "", "keyword": "STOP", "receivedAt": "2026-01-01T16:00:00.000+0000"},
    ], "messageCount": 2, "pendingMessageCount": 0});
    let answer = post(&app, "inbound", &call).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(app.ledger.lines("opt_out").len(), 1);
    let bare = app.bare(Method::POST, "v1/gateways/infobip/inbound");
    let unproven = bare.json(&call).send().await.unwrap();
    assert_eq!(unproven.status(), StatusCode::UNAUTHORIZED);
}
