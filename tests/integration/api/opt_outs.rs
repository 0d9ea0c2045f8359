//! Opt-outs that come by other ways than a STOP.

use crate::support::app::TestApp;
use crate::support::ledger::ALICE;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// The caller tells the code that the gateway gave; what it means is the dialect's word.
#[tokio::test]
async fn a_send_that_the_gateway_refused_for_an_opt_out_is_the_last_one() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let message = json!({"to": ALICE, "from": "43720", "campaign": "sale", "body": "Hi"});
    let sent = app.post("v1/messages", message.clone()).await.json();
    let refused = |gateway: &str, code: &str| -> Value {
        json!({"message_id": sent["id"], "gateway": gateway, "outcome": "refused",
               "error_code": code})
    };
    // A name without a dialect says nothing that is known here, and other codes are no opt-outs.
    for (gateway, code) in [("twig", "21610"), ("twilio", "30003")] {
        let told = app.post("v1/submissions", refused(gateway, code)).await;
        assert_eq!(told.status, StatusCode::OK, "{told:?}");
    }
    let other = app.post("v1/messages", message.clone()).await.json();
    let mut last = refused("twilio", "21610");
    last["message_id"] = other["id"].clone();
    assert_eq!(
        app.post("v1/submissions", last).await.status,
        StatusCode::OK
    );

    let next = app.post("v1/messages", message).await;
    assert_eq!(next.status, StatusCode::UNPROCESSABLE_ENTITY, "{next:?}");
    assert!(next.text.contains("recipient-opted-out"), "{next:?}");
    let classes: Vec<Value> = app
        .ledger
        .lines("submission")
        .iter()
        .map(|line| line["error_class"].clone())
        .collect();
    assert_eq!(
        classes,
        [Value::Null, json!("unreachable"), json!("opted_out")]
    );
    let listed = app.get("v1/opt-outs").await.json();
    assert_eq!(listed["opt_outs"][0]["actor"], "twilio");
    assert_eq!(listed["opt_outs"][0]["source"], "gateway");
}
