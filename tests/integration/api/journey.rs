//! A message's life over HTTP.

use crate::support::app::TestApp;
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_message_is_submitted_delivered_clicked_and_answered() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale",
                      "body": "https://shop.example"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();

    let early = json!({"gateway": "twig", "gateway_message_id": "GW-1", "status": "delivered",
                       "occurred_at": "2026-01-01T05:00:02Z"});
    let parked = app.post("v1/receipts", early).await;
    assert_eq!(parked.status, StatusCode::OK, "{parked:?}");
    let submission = json!([{"message_id": id, "gateway": "twig", "gateway_message_id": "gw-1",
                             "outcome": "accepted", "submitted_at": "2026-01-01T05:00:00Z"}]);
    let submitted = app.post("v1/submissions", submission).await;
    assert_eq!(
        submitted.json()["results"][0]["status"],
        "recorded",
        "{submitted:?}"
    );
    let code = sent["links"][0]["code"].as_str().unwrap();
    let click = app.bare(Method::GET, code).send().await.unwrap();
    assert_eq!(click.status(), StatusCode::FOUND);
    let reply = json!({"gateway": "twig", "from": ALICE, "to": "43720", "body": "Danke, stop"});
    let inbound = app.post("v1/inbound", reply).await;
    assert_eq!(inbound.status, StatusCode::OK, "{inbound:?}");

    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "delivered");
    let steps = journey["journey"].as_array().unwrap();
    let kinds: Vec<&Value> = steps.iter().map(|step| &step["kind"]).collect();
    assert_eq!(
        kinds,
        ["submission", "receipt", "click", "reply"],
        "{journey:#}"
    );
}

#[tokio::test]
async fn a_key_may_do_what_its_roles_say() {
    use textrail::ledger::api_keys::Role;
    let app = TestApp::start().await;
    let gateway = app.key(&[Role::Gateway]);
    let put = |key: Option<&str>| {
        let mut request = app.bare(Method::PUT, "v1/campaigns/sale");
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        request
            .json(&json!({"type": "promotion", "name": "Sale"}))
            .send()
    };
    assert_eq!(put(None).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        put(Some("trk_wrong")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        put(Some(&gateway)).await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    let campaign = app.key(&[Role::Campaign]);
    assert!(put(Some(&campaign)).await.unwrap().status().is_success());
}
