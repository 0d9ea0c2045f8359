//! A COMMIT whose answer is lost: nobody knows whether it happened, and it must not happen twice.

use crate::support::ledger::*;
use crate::support::proxy::{Proxy, Way};
use textrail::domain::status::Status;
use textrail::ledger::facts::{Idempotency, NewReceipt};

fn proxied() -> (TestLedger, Proxy) {
    let mut ledger = TestLedger::start();
    let url = ledger.database.url();
    let proxy = Proxy::before(&url);
    ledger.recorder = ledger.recorder_at(&proxy.url(&url));
    (ledger, proxy)
}

#[tokio::test]
async fn a_message_is_recorded_once_and_answered_with_the_links_that_were_stored() {
    let (ledger, proxy) = proxied();
    for with_key in [false, true] {
        let message = new_message(ALICE, "Look: https://a.example");
        let id = message.id;
        let mut call = call(vec![message]);
        if with_key {
            let key = "k".to_owned();
            call.idempotency = Some(Idempotency {
                key,
                payload_hash: [1; 32],
            });
        }
        proxy.set(Way::LoseCommits(1));

        let reply = ledger.recorder.send(call).await.unwrap();

        assert_eq!(proxy.way(), Way::Open, "an answer was lost");
        assert_eq!(
            reply.answer.body,
            format!("recorded {}", ledger.journey(id).body)
        );
        let told = ledger.lines("message");
        let told = told
            .iter()
            .filter(|line| line["event_id"] == id.to_string())
            .count();
        assert_eq!(told, 1);
    }
}

#[tokio::test]
async fn a_receipt_and_a_reply_are_recorded_once() {
    let (ledger, proxy) = proxied();
    let id = ledger.message(ALICE).await;
    proxy.set(Way::LoseCommits(1));
    let receipt = NewReceipt {
        message_id: Some(id),
        ..new_receipt(Status::Delivered)
    };
    ledger.recorder.receipts(vec![receipt]).await.unwrap();
    assert_eq!(ledger.journey(id).status, "delivered");

    proxy.set(Way::LoseCommits(1));
    ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "STOP")])
        .await
        .unwrap();

    assert_eq!(proxy.way(), Way::Open);
    for kind in ["receipt", "inbound", "opt_out"] {
        assert_eq!(ledger.lines(kind).len(), 1, "{kind}");
    }
}

/// Subscribers are committed before the transaction of their messages. A primary that is gone may have lost
/// them, and a message of nobody would be found by nobody.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_send_that_is_repeated_elsewhere_has_its_subscriber_there() {
    let ledger = TestLedger::start();
    let elsewhere = ledger.database.connect();
    let lost = "DELETE FROM subscribers;
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'textrail-record-%'";
    let elsewhere = std::sync::Mutex::new(Some(elsewhere));
    let lose = move || {
        if let Some(mut elsewhere) = elsewhere.lock().unwrap().take() {
            diesel::connection::SimpleConnection::batch_execute(&mut elsewhere, lost).unwrap();
        }
    };
    fail::cfg_callback("recorder.commit.before", lose).unwrap();
    let id = ledger.message(ALICE).await;
    assert_eq!(ledger.journey(id).status, "recorded");
}
