//! Verdicts on subscribers' texts, over HTTP.

use crate::support::app::{Answer, TestApp};
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use textrail::ledger::api_keys::Role;

async fn says(app: &TestApp, body: &str) {
    let item = json!({"gateway": "twig", "from": ALICE, "to": "43720", "body": body});
    let taken = app.post("v1/inbound", item).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
}

async fn waiting(app: &TestApp) -> Vec<Value> {
    let listed = app
        .get("v1/inbound?intent=possible_stop&reviewed=false")
        .await;
    assert_eq!(listed.status, StatusCode::OK, "{listed:?}");
    listed.json()["inbound"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_may_be_a_stop_is_looked_at_and_decided() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let message = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", message.clone()).await.json();
    for text in ["STOP 12345", "Thanks!", "stop that, I hate it"] {
        says(&app, text).await;
    }
    let listed = waiting(&app).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["body"], "STOP 12345");
    assert_eq!(listed[0]["from"], ALICE);
    assert_eq!(listed[0]["to"], "43720");
    assert_eq!(listed[0]["intent"], "possible_stop");
    assert_eq!(listed[0]["reason"], "word_and_number");
    assert_eq!(listed[0]["ruleset"], "words-2");
    assert_eq!(listed[0]["message_id"], sent["id"]);
    let page = app.get("v1/inbound?limit=1").await.json();
    assert_eq!(
        (&page["inbound"][0]["id"], &page["next"]),
        (&listed[0]["id"], &listed[0]["id"])
    );
    let next = page["next"].as_str().unwrap();
    let page = app
        .get(&format!("v1/inbound?limit=2&after={next}"))
        .await
        .json();
    assert_eq!(
        (&page["inbound"][0]["id"], &page["next"]),
        (&listed[1]["id"], &Value::Null)
    );

    let id = listed[0]["id"].as_str().unwrap();
    let path = format!("v1/inbound/{id}/verdict");
    let stop = json!({"intent": "stop", "reason": "she meant it"});
    for _ in 0..2 {
        let decided = app.put(&path, stop.clone()).await;
        assert_eq!(decided.status, StatusCode::OK, "{decided:?}");
        assert_eq!(
            decided.json(),
            json!({"id": id, "intent": "stop", "reason": "she meant it"})
        );
    }

    assert_eq!(app.ledger.lines("opt_out").len(), 1);
    let refused = app.post("v1/messages", message.clone()).await;
    assert!(refused.text.contains("recipient-opted-out"), "{refused:?}");
    assert_eq!(waiting(&app).await.len(), 1);
    let reviewed = app.get("v1/inbound?reviewed=true").await.json();
    assert_eq!(reviewed["inbound"][0]["review"]["intent"], "stop");
    assert_eq!(reviewed["inbound"][0]["review"]["reason"], "she meant it");
    let journey = app
        .get(&format!("v1/messages/{}", sent["id"].as_str().unwrap()))
        .await;
    let replies = journey.json()["journey"].as_array().unwrap().clone();
    let reply = replies
        .iter()
        .find(|step| step["inbound_id"] == id)
        .unwrap();
    assert_eq!(reply["intent"], "stop");

    let none = app.put(&path, json!({"intent": "none"})).await;
    assert_eq!(none.status, StatusCode::OK);
    let taken = app.post("v1/messages", message).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{taken:?}");
}

#[tokio::test]
async fn wrong_verdicts_and_strangers_are_refused() {
    let app = TestApp::start().await;
    let missing = format!("v1/inbound/{}/verdict", uuid::Uuid::now_v7());
    let not_there = app.put(&missing, json!({"intent": "stop"})).await;
    assert_eq!(not_there.status, StatusCode::NOT_FOUND, "{not_there:?}");
    for (path, body, fields) in [
        (
            missing.as_str(),
            json!({"intent": "possible_stop"}),
            vec!["intent"],
        ),
        (
            missing.as_str(),
            json!({"intent": "x", "reason": " "}),
            vec!["intent", "reason"],
        ),
        (
            "v1/inbound/x/verdict",
            json!({"intent": "stop"}),
            vec!["id"],
        ),
    ] {
        let refused = app.put(path, body).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{refused:?}"
        );
        assert_eq!(refused.fields(), fields);
    }
    let gateway = app.key(&[Role::Gateway]);
    for (method, path) in [(Method::GET, "v1/inbound"), (Method::PUT, missing.as_str())] {
        let request = app.bare(method, path).bearer_auth(&gateway);
        let answer = Answer::of(request.json(&json!({"intent": "stop"})).send().await).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    }
    let list = app.get("v1/inbound?intent=stop&limit=0&after=1").await;
    assert_eq!(list.fields(), ["intent", "limit", "after"]);
}
