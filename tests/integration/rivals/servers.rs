//! Two servers.

use super::frozen;
use crate::support::deployment::{Deployment, PATIENCE, Service};
use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, CAMPAIGN, GATEWAY, SENDER};
use crate::support::proxy::{Proxy, Way};
use futures_util::future::join_all;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who tells servers things, again and again until one of them has taken them.
#[derive(Clone)]
struct Caller {
    client: Client,
    key: String,
}

impl Caller {
    async fn new(deployment: &Deployment) -> Self {
        Self {
            client: Client::new(),
            key: deployment.key().await,
        }
    }

    async fn post(
        &self,
        server: &Service,
        path: &str,
        body: &Value,
        idempotency_key: &str,
    ) -> reqwest::Result<Response> {
        self.client
            .post(server.url(path))
            .bearer_auth(&self.key)
            .header("Idempotency-Key", idempotency_key)
            .timeout(Duration::from_secs(2))
            .json(body)
            .send()
            .await
    }

    /// Sends a message until a server has recorded it; its id.
    async fn send(&self, servers: &[&Service], idempotency_key: &str) -> String {
        let body = json!({"to": ALICE, "from": SENDER, "campaign": CAMPAIGN,
                          "body": "Look: https://a.example"});
        let mut tries = servers.iter().cycle();
        let answer: Value = eventually("a server records it", PATIENCE, async || {
            let server = tries.next().expect("a server");
            let answer = self
                .post(server, "/v1/messages", &body, idempotency_key)
                .await;
            let answer = answer.ok()?;
            match answer.status() {
                StatusCode::CREATED => answer.json().await.ok(),
                // The first attempt is under way, or nobody knows what became of it.
                StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => None,
                status => panic!("{status}: {:?}", answer.text().await),
            }
        })
        .await;
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// Tells of a receipt until a server has recorded it.
    async fn receipt(&self, servers: &[&Service], message: &str) {
        let body = json!({"gateway": GATEWAY, "message_id": message, "status": "delivered"});
        let mut tries = servers.iter().cycle();
        eventually("a server records it", PATIENCE, async || {
            let server = tries.next().expect("a server");
            let answer = self
                .post(server, "/v1/receipts", &body, "none")
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_calls_to_two_servers_at_once_are_recorded_once() {
    let deployment = Deployment::start().await;
    let first = deployment.start_service("serve", "first", &[]).await;
    let second = deployment.start_service("serve", "second", &[]).await;
    let caller = Caller::new(&deployment).await;
    let orders = [[&first, &second], [&second, &first]];
    let calls = (0..40).map(|number| {
        let (caller, servers) = (caller.clone(), &orders[number % 2]);
        async move { caller.send(servers, &format!("key-{}", number / 4)).await }
    });
    let ids = join_all(calls).await;
    for four in ids.chunks(4) {
        assert!(four.iter().all(|id| *id == four[0]), "{four:?}");
    }
    let tellings = ids.iter().enumerate().map(|(number, id)| {
        let (caller, servers) = (caller.clone(), &orders[number % 2]);
        async move { caller.receipt(servers, id).await }
    });
    join_all(tellings).await;
    for kind in ["message", "receipt"] {
        assert_eq!(deployment.ledger.lines(kind).len(), 10, "{kind}");
    }
    let delivered = "messages WHERE status = 'delivered'";
    assert_eq!(deployment.ledger.count(delivered), 10);
}

/// Frozen when its first word to PostgreSQL is under way, with a caller that goes elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_freezes_in_mid_call_doubles_nothing_when_it_wakes() {
    let deployment = Deployment::start().await;
    let ledger = &deployment.ledger;
    let database = ledger.database.url();
    let proxy = Proxy::before(&database);
    let through_proxy = [("DATABASE_URL", proxy.url(&database))];
    let first = deployment
        .start_service("serve", "first", &through_proxy)
        .await;
    let second = deployment.start_service("serve", "second", &[]).await;
    let caller = Caller::new(&deployment).await;
    // Its connections are open, and its caller's key is known.
    let message = caller.send(&[&first], "warm").await;

    let freeze = async || {
        eventually("it asks PostgreSQL", PATIENCE, async || {
            proxy.holds().then_some(())
        })
        .await;
        first.signal("STOP");
        proxy.set(Way::Open);
        tokio::time::sleep(frozen()).await;
        first.signal("CONT");
    };
    proxy.set(Way::Silent);
    let both = [&first, &second];
    let (sent, ()) = tokio::join!(caller.send(&both, "frozen"), freeze());
    proxy.set(Way::Silent);
    let ((), ()) = tokio::join!(caller.receipt(&both, &message), freeze());

    // Whatever the first one had in hand is done by the time it has stopped.
    assert_eq!(caller.send(&both, "frozen").await, sent);
    let mut first = first;
    assert!(first.stop().await.success());
    assert_eq!(ledger.lines("message").len(), 2);
    assert_eq!(ledger.lines("receipt").len(), 1);
    assert_eq!(ledger.count("messages"), 2);
    assert_eq!(ledger.count("receipts"), 1);
}
