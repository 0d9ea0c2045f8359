//! Providers that know one URL of ours and call it for everything (Sinch, Telnyx).

use super::webhooks::replayed;
use crate::support::app::{Answer, TestApp};
use crate::support::gateways::SECRET;
use crate::support::ledger::{ALICE, BOB};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

/// Posts a body as Sinch signs it: over the body, a nonce and a time.
pub(super) async fn post_as_sinch(app: &TestApp, path: &str, body: &Value) -> Answer {
    let (body, time) = (body.to_string(), chrono::Utc::now().timestamp().to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{body}.nonce.{time}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let request = app
        .bare(Method::POST, path)
        .header("content-type", "application/json")
        .header("x-sinch-webhook-signature", signature)
        .header("x-sinch-webhook-signature-nonce", "nonce")
        .header("x-sinch-webhook-signature-timestamp", time);
    Answer::of(request.body(body).send().await).await
}

/// A batch that was sent without `callback_url`, and an account whose callback URL is the wrong one of
/// ours: neither its receipts nor a STOP may be answered and lost.
#[tokio::test]
async fn a_receipt_and_a_stop_are_recorded_whichever_url_the_provider_calls() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "sinch",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();
    let submission = json!([{"message_id": id, "gateway": "sinch", "outcome": "accepted",
                             "gateway_message_id": format!("01B:{ALICE}")}]);
    app.post("v1/submissions", submission).await;

    let report = json!({"type": "recipient_delivery_report_sms", "batch_id": "01B",
                        "recipient": ALICE.trim_start_matches('+'), "code": 0,
                        "status": "Delivered", "at": chrono::Utc::now().to_rfc3339()});
    let stop = json!({"type": "mo_text", "id": "01M", "from": ALICE.trim_start_matches('+'),
                      "to": "43720", "body": "STOP"});
    for (path, body) in [("inbound", &report), ("receipts", &stop)] {
        for _ in 0..2 {
            let answer = post_as_sinch(&app, &format!("v1/gateways/sinch/{path}"), body).await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        }
    }
    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "delivered", "{journey:#}");
    assert_eq!(app.ledger.count("receipts"), 1);
    assert_eq!(app.ledger.count("inbound_messages"), 1);
    assert_eq!(app.ledger.lines("opt_out").len(), 1);

    // Kept as they came, and read again as they were read.
    let done = replayed(&app, "sinch", &[]).await;
    assert_eq!((&done["calls"], &done["unchanged"]), (&json!(4), &json!(4)));
    assert_eq!(
        (&done["recorded"], &done["inbound"]),
        (&json!(0), &json!(0))
    );
}

/// Sinch signs the body, and not the URL that it calls.
#[tokio::test]
async fn a_signed_receipt_cannot_be_sent_again_for_another_message() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let send = async |to: &str| {
        let body = json!({"to": to, "from": "43720", "campaign": "sale", "gateway": "sinch",
                          "body": "Hi"});
        app.post("v1/messages", body).await.json()
    };
    let (own, other) = (send(ALICE).await, send(BOB).await);
    let url = |sent: &Value| sent["receipt_url"].as_str().unwrap().to_owned();
    let report = json!({"type": "recipient_delivery_report_sms", "batch_id": "01B",
                        "recipient": ALICE.trim_start_matches('+'), "code": 0,
                        "status": "Delivered", "at": chrono::Utc::now().to_rfc3339()});
    let tag_of = |sent: &Value| url(sent).rsplit_once('&').unwrap().1.to_owned();
    let bare = url(&other).replace(&format!("&{}", tag_of(&other)), "");
    let borrowed = url(&other).replace(&tag_of(&other), &tag_of(&own));
    assert!(bare != url(&other) && borrowed != url(&other));
    for url in [url(&own), bare, borrowed] {
        let answer = post_as_sinch(&app, &url, &report).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let status = async |sent: &Value| {
        let id = sent["id"].as_str().unwrap();
        app.get(&format!("v1/messages/{id}")).await.json()["status"].clone()
    };
    assert_eq!(status(&own).await, "delivered");
    assert_eq!(status(&other).await, "recorded");

    // Read again from what was kept, by a server that has no key of the ledger's at hand.
    let done = replayed(&app, "sinch", &[]).await;
    assert_eq!((&done["calls"], &done["recorded"]), (&json!(3), &json!(0)));
    assert_eq!(done["unchanged"], json!(3), "{done}");
    assert_eq!(status(&other).await, "recorded");
}
