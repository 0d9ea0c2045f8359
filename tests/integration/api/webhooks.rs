//! Kannel's own requests, as it sends them.

use crate::support::app::{Answer, KANNEL_SECRET, TestApp};
use crate::support::ledger::ALICE;
use reqwest::{Method, StatusCode};
use serde_json::json;

async fn get(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.bare(Method::GET, path).send().await).await
}

#[tokio::test]
async fn kannels_receipts_and_inbounds_are_taken_only_with_its_secret() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "kannel",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();
    // What Kannel makes of our URL.
    let called = |status: &str| {
        sent["receipt_url"]
            .as_str()
            .unwrap()
            .replace("%d", status)
            .replace("%i", "fake")
            .replace("%F", "f-1")
            .replace("%T", "1795410000")
            .replace("%A", "")
    };
    for status in ["8", "1"] {
        let answer = get(&app, &called(status)).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "delivered");

    let forged = called("2").replace(KANNEL_SECRET, "guessed");
    assert_eq!(get(&app, &forged).await.status, StatusCode::UNAUTHORIZED);
    let inbound = "v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=STOP&id=in-1&\
                   ts=1795410001&smsc=fake&charset=UTF-8&coding=0";
    assert_eq!(get(&app, inbound).await.status, StatusCode::UNAUTHORIZED);
    let taken = get(&app, &format!("{inbound}&secret={KANNEL_SECRET}")).await;
    assert!(taken.status.is_success(), "{taken:?}");
    assert_eq!(
        taken.text, "",
        "Kannel would send an answer's text to the subscriber"
    );
    assert_eq!(app.ledger.lines("opt_out").len(), 1);
    assert_eq!(
        get(&app, "v1/gateways/nobody/inbound").await.status,
        StatusCode::NOT_FOUND
    );
}
