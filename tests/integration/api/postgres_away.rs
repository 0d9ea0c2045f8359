//! PostgreSQL is away: what people and gateways get from the server meanwhile.

use crate::support::app::{Answer, KANNEL_SECRET, TestApp};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, BOB};
use crate::support::outage::{Outage, Way};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn message(to: &str, body: &str) -> Value {
    json!({"to": to, "from": "43720", "campaign": "sale", "gateway": "kannel", "body": body})
}

async fn bare(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.bare(Method::GET, path).send().await).await
}

#[tokio::test]
async fn redirects_and_webhooks_are_answered_and_recorded_once_later() {
    let spool = tempfile::tempdir().unwrap();
    let (app, outage) = TestApp::start_behind(Outage::before, spool.path()).await;
    app.campaign("sale", "promotion").await;
    let sent = app
        .post("v1/messages", message(ALICE, "https://shop.example/a"))
        .await
        .json();
    let unseen = app
        .post("v1/messages", message(BOB, "https://shop.example/b"))
        .await
        .json();
    let code = |sent: &Value| sent["links"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(bare(&app, &code(&sent)).await.status, StatusCode::FOUND);
    let revoked = app.key(&[textrail::ledger::api_keys::Role::Gateway]);

    outage.set(Way::Cut);

    // A person: led on at once; or told to try again, if the target is not known.
    assert_eq!(bare(&app, &code(&sent)).await.status, StatusCode::FOUND);
    let started = Instant::now();
    let led = bare(&app, &code(&sent)).await;
    assert_eq!(led.header("location"), Some("https://shop.example/a"));
    let unknown = bare(&app, &code(&unseen)).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(unknown.header("retry-after").is_some() && unknown.text.contains("<h1>"));
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );

    // Kannel does not repeat a receipt that was answered with an error.
    let receipt = sent["receipt_url"].as_str().unwrap();
    let receipt = [
        ("%d", "1"),
        ("%i", "fake"),
        ("%F", "f-1"),
        ("%T", "1795410000"),
        ("%A", ""),
    ]
    .iter()
    .fold(receipt.to_owned(), |url, (from, to)| url.replace(from, to));
    assert!(bare(&app, &receipt).await.status.is_success());
    let stop = format!(
        "v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=STOP&id=in-1&ts=1795410001&\
         smsc=fake&charset=UTF-8&coding=0&secret={KANNEL_SECRET}"
    );
    assert!(bare(&app, &stop).await.status.is_success());
    assert_eq!(
        bare(&app, &stop.replace(KANNEL_SECRET, "guessed"))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );

    // The neutral dialect is told that its facts wait, and needs a key that was seen lately.
    let neutral = json!({"gateway": "twig", "from": BOB, "to": "43720", "body": "STOP",
                         "gateway_message_id": "n-1"});
    let kept = app.post("v1/inbound", neutral.clone()).await;
    assert_eq!(kept.status, StatusCode::ACCEPTED, "{kept:?}");
    let result = &kept.json()["results"][0];
    assert_eq!(
        (&result["status"], &result["intent"]),
        (&json!("spooled"), &json!("stop"))
    );
    let stranger = app
        .bare(Method::POST, "v1/inbound")
        .bearer_auth(revoked)
        .json(&neutral);
    assert_eq!(
        stranger.send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );

    let refused = app.post("v1/messages", message(ALICE, "Hi")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.header("retry-after").is_some());
    assert!(refused.text.contains("Nothing was recorded"), "{refused:?}");
    let ready = bare(&app, "readyz").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (StatusCode::OK, &json!("degraded"))
    );

    outage.set(Way::Open);
    let first = eventually("sends are taken again", PATIENCE, async || {
        let answer = app.post("v1/messages", message(ALICE, "Hi")).await;
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert_eq!(
        first.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "her STOP is recorded: {first:?}"
    );
    eventually("the clicks are recorded", PATIENCE, async || {
        (app.ledger.lines("click").len() == 3).then_some(())
    })
    .await;
    for (kind, count) in [("receipt", 1), ("inbound", 2), ("opt_out", 2)] {
        assert_eq!(app.ledger.lines(kind).len(), count, "{kind}");
    }
    let again = app.post("v1/inbound", neutral).await.json();
    assert_eq!(again["results"][0]["status"], "duplicate");
}

/// A key that was revoked while PostgreSQL was there is refused while it is away, once the server
/// has heard of it.
#[tokio::test]
async fn a_revoked_key_that_the_server_heard_of_is_not_believed() {
    let spool = tempfile::tempdir().unwrap();
    let (app, outage) = TestApp::start_behind(Outage::before, spool.path()).await;
    let key = app.key(&[textrail::ledger::api_keys::Role::Gateway]);
    let call = async || {
        let item = json!({"gateway": "twig", "from": BOB, "to": "43720", "body": "Hi"});
        let request = app
            .bare(Method::POST, "v1/inbound")
            .bearer_auth(&key)
            .json(&item);
        request.send().await.unwrap().status()
    };
    assert_eq!(call().await, StatusCode::OK);
    app.ledger.execute("UPDATE api_keys SET revoked_at = now()");
    eventually("the server hears of it", PATIENCE, async || {
        (call().await == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    outage.set(Way::Cut);
    let reply = format!(
        "v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=Hi&id=in-1&ts=1795410001&\
         smsc=fake&charset=UTF-8&coding=0&secret={KANNEL_SECRET}"
    );
    assert!(
        bare(&app, &reply).await.status.is_success(),
        "now the server knows"
    );
    assert_eq!(call().await, StatusCode::SERVICE_UNAVAILABLE);
}
