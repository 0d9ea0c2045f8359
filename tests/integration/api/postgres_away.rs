//! PostgreSQL is away: what people and gateways get from the server meanwhile.

use crate::support::app::{Answer, KANNEL_SECRET, TestApp};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, BOB, call, new_message};
use crate::support::proxy::{Proxy, Way};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

fn message(to: &str, body: &str) -> Value {
    json!({"to": to, "from": "43720", "campaign": "sale", "gateway": "kannel", "body": body})
}

async fn bare(app: &TestApp, path: &str) -> Answer {
    Answer::of(app.bare(Method::GET, path).send().await).await
}

fn code(sent: &Value) -> &str {
    sent["links"][0]["code"].as_str().unwrap()
}

/// What Kannel calls for her STOP.
fn stop() -> String {
    format!(
        "v1/gateways/kannel/inbound?from=%2B436601234567&to=43720&text=STOP&id=in-1&ts=1795410001&\
         smsc=fake&charset=UTF-8&coding=0&secret={KANNEL_SECRET}"
    )
}

/// What Kannel calls when a message was delivered.
fn delivered(sent: &Value) -> String {
    let url = sent["receipt_url"].as_str().unwrap().to_owned();
    let values = [
        ("%d", "1"),
        ("%i", "fake"),
        ("%F", "f-1"),
        ("%T", "1795410000"),
        ("%A", ""),
    ];
    values
        .iter()
        .fold(url, |url, (name, value)| url.replace(name, value))
}

/// A server, its PostgreSQL behind a proxy, and a message.
struct Scene {
    app: TestApp,
    proxy: Proxy,
    to_alice: Value,
    _spool: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let spool = tempfile::tempdir().unwrap();
        let (app, proxy) = TestApp::start_behind(spool.path()).await;
        app.campaign("sale", "promotion").await;
        let body = message(ALICE, "https://shop.example/a");
        let to_alice = app.post("v1/messages", body).await.json();
        Self {
            app,
            proxy,
            to_alice,
            _spool: spool,
        }
    }

    async fn bare(&self, path: &str) -> Answer {
        bare(&self.app, path).await
    }

    /// The code of a link that another server recorded, so that this one has to ask for it.
    async fn link_of_another_server(&self) -> String {
        let (other, _threads) = self.app.ledger.server_with(|_| {});
        let sent = call(vec![new_message(BOB, "https://shop.example/b")]);
        let body = other.send(sent).await.unwrap().answer.body;
        body.rsplit('/').next().unwrap().to_owned()
    }

    /// So many log lines of a kind, once the spool is drained.
    async fn recorded(&self, kind: &str, count: usize) {
        eventually(kind, PATIENCE, async || {
            (self.app.ledger.lines(kind).len() >= count).then_some(())
        })
        .await;
        assert_eq!(self.app.ledger.lines(kind).len(), count, "{kind}");
    }
}

#[tokio::test]
async fn a_person_is_led_on_at_once_or_told_to_try_again() {
    let scene = Scene::new().await;
    let unseen = scene.link_of_another_server().await;
    // Of its own links a server knows those, too, that nobody visited yet.
    let known = code(&scene.to_alice);

    scene.proxy.set(Way::Cut);

    // The first one finds out that PostgreSQL is away.
    assert_eq!(scene.bare(known).await.status, StatusCode::FOUND);
    let started = Instant::now();
    let led = scene.bare(known).await;
    assert_eq!(led.header("location"), Some("https://shop.example/a"));
    let unknown = scene.bare(&unseen).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(unknown.header("retry-after").is_some() && unknown.text.contains("<h1>"));
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    let ready = scene.bare("readyz").await;
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (StatusCode::OK, &json!("degraded"))
    );

    scene.proxy.set(Way::Open);
    scene.recorded("click", 2).await;
    assert_eq!(scene.bare(&unseen).await.status, StatusCode::FOUND);
}

/// Kannel does not repeat a receipt that was answered with an error.
#[tokio::test]
async fn webhooks_are_answered_and_a_stop_holds_for_the_next_send() {
    let scene = Scene::new().await;
    scene.proxy.set(Way::Cut);
    let receipt = delivered(&scene.to_alice);
    assert!(scene.bare(&receipt).await.status.is_success());
    assert!(scene.bare(&stop()).await.status.is_success());
    let guessed = scene.bare(&stop().replace(KANNEL_SECRET, "guessed")).await;
    assert_eq!(guessed.status, StatusCode::UNAUTHORIZED);

    let send = async || scene.app.post("v1/messages", message(ALICE, "Hi")).await;
    let refused = send().await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.header("retry-after").is_some());
    assert!(refused.text.contains("Nothing was recorded"), "{refused:?}");

    scene.proxy.set(Way::Open);
    let first = eventually("sends are taken again", PATIENCE, async || {
        let answer = send().await;
        (answer.status != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert_eq!(
        first.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "her STOP is recorded: {first:?}"
    );
    for kind in ["receipt", "inbound", "opt_out"] {
        scene.recorded(kind, 1).await;
    }
}

/// The neutral dialect is told that its facts wait, and needs a key that was seen lately.
#[tokio::test]
async fn neutral_facts_wait_in_the_spool_and_are_recorded_once() {
    let scene = Scene::new().await;
    let unseen = scene.app.key(&[textrail::ledger::api_keys::Role::Gateway]);
    scene.proxy.set(Way::Cut);
    let reply = json!({"gateway": "twig", "from": BOB, "to": "43720", "body": "STOP",
                       "gateway_message_id": "n-1"});
    let kept = scene.app.post("v1/inbound", reply.clone()).await;
    assert_eq!(kept.status, StatusCode::ACCEPTED, "{kept:?}");
    let result = &kept.json()["results"][0];
    assert_eq!(
        (&result["status"], &result["intent"]),
        (&json!("spooled"), &json!("stop"))
    );
    let stranger = scene.app.bare(Method::POST, "v1/inbound");
    let stranger = stranger.bearer_auth(unseen).json(&reply).send().await;
    assert_eq!(stranger.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);

    scene.proxy.set(Way::Open);
    for kind in ["inbound", "opt_out"] {
        scene.recorded(kind, 1).await;
    }
    let again = eventually("PostgreSQL is asked again", PATIENCE, async || {
        let answer = scene.app.post("v1/inbound", reply.clone()).await;
        (answer.status == StatusCode::OK).then(|| answer.json())
    })
    .await;
    assert_eq!(again["results"][0]["status"], "duplicate");
}

/// A key that was revoked while PostgreSQL was there is refused while it is away, once the server
/// has heard of it.
#[tokio::test]
async fn a_revoked_key_that_the_server_heard_of_is_not_believed() {
    let spool = tempfile::tempdir().unwrap();
    let (app, proxy) = TestApp::start_behind(spool.path()).await;
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
    proxy.set(Way::Cut);
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
