//! Vonage's SMS API, signed as its documentation says.

use crate::support::app::{Answer, TestApp};
use crate::support::gateways::VONAGE_SECRET;
use crate::support::ledger::ALICE;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use url::Url;

/// Adds `sig`: upper-case HMAC-SHA256 over `&name=value…`, sorted by name.
fn sign(mut parameters: BTreeMap<&'static str, String>) -> BTreeMap<&'static str, String> {
    let text: String = parameters
        .iter()
        .map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_")))
        .collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(VONAGE_SECRET.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = hex::encode_upper(mac.finalize().into_bytes());
    parameters.insert("sig", signature);
    parameters
}

fn receipt(status: &str, err_code: &str) -> BTreeMap<&'static str, String> {
    let now = chrono::Utc::now();
    BTreeMap::from([
        ("msisdn", ALICE.trim_start_matches('+').to_owned()),
        ("to", "43720".to_owned()),
        ("network-code", "23201".to_owned()),
        ("messageId", "0C000000217B7F02".to_owned()),
        ("price", "0.03330000".to_owned()),
        ("status", status.to_owned()),
        ("err-code", err_code.to_owned()),
        ("scts", now.format("%y%m%d%H%M").to_string()),
        ("timestamp", now.timestamp().to_string()),
    ])
}

/// Calls a URL as Vonage does, its own parameters after those that the URL has.
async fn get(app: &TestApp, url: &str, parameters: &BTreeMap<&'static str, String>) -> Answer {
    let mut url: Url = url.parse().unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    Answer::of(app.bare(Method::GET, url.as_str()).send().await).await
}

fn steps<'a>(journey: &'a Value, kind: &str) -> Vec<&'a Value> {
    let steps = journey["journey"].as_array().unwrap().iter();
    steps.filter(|step| step["kind"] == kind).collect()
}

#[tokio::test]
async fn a_receipt_that_vonage_signed_is_in_the_journey_once_and_a_forged_one_is_not() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "vonage",
                      "body": "Hi"});
    let sent = app.post("v1/messages", body).await.json();
    let id = sent["id"].as_str().unwrap();
    let url = sent["receipt_url"].as_str().unwrap();

    let failed = sign(receipt("failed", "9"));
    for _ in 0..2 {
        let answer = get(&app, url, &failed).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let mut forged = failed.clone();
    forged.insert("status", "delivered".to_owned());
    let mut old = receipt("delivered", "0");
    old.insert("timestamp", "1385047698".to_owned());
    for refused in [forged, sign(old), receipt("delivered", "0")] {
        let answer = get(&app, url, &refused).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
        assert!(
            !answer.text.contains("sig"),
            "a forger learns nothing: {}",
            answer.text
        );
    }

    let journey = app.get(&format!("v1/messages/{id}")).await.json();
    assert_eq!(journey["status"], "undelivered", "{journey:#}");
    assert_eq!(steps(&journey, "receipt").len(), 1, "{journey:#}");
    let line = &app.ledger.lines("receipt")[0];
    assert_eq!(line["raw_status"], "failed");
    assert_eq!(line["error_class"], "opted_out");
    assert_eq!(line["gateway_message_id"], "c000000217b7f02");
    assert_eq!(
        (&line["price"], &line["currency"]),
        (&json!("0.03330000"), &json!("EUR"))
    );
}

#[tokio::test]
async fn a_stop_that_vonage_posts_as_json_opts_out() {
    let app = TestApp::start().await;
    let now = chrono::Utc::now();
    let text = sign(BTreeMap::from([
        ("msisdn", ALICE.trim_start_matches('+').to_owned()),
        ("to", "43720".to_owned()),
        ("messageId", "0B0000004B65F62F".to_owned()),
        ("text", "Stop".to_owned()),
        ("type", "text".to_owned()),
        (
            "message-timestamp",
            now.format("%Y-%m-%d %H:%M:%S").to_string(),
        ),
        ("timestamp", now.timestamp().to_string()),
    ]));
    let post = |text: &BTreeMap<&'static str, String>| {
        let request = app.bare(Method::POST, "v1/gateways/vonage/inbound");
        request.json(text).send()
    };
    for _ in 0..2 {
        let answer = Answer::of(post(&text).await).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    assert_eq!(app.ledger.lines("opt_out").len(), 1);
    let mut other = text.clone();
    other.insert("msisdn", "436641234567".to_owned());
    let answer = Answer::of(post(&other).await).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert_eq!(app.ledger.lines("inbound").len(), 1);
}
