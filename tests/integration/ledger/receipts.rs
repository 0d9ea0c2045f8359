//! Receipts: their order and repetition do not matter, and none is lost.

use crate::support::eventually::eventually;
use crate::support::ledger::*;
use diesel::connection::SimpleConnection;
use std::time::Duration;
use textrail::domain::status::Status;
use textrail::ledger::facts::{NewReceipt, ReceiptReply, SubmissionReply};
use uuid::Uuid;

fn about(message_id: Uuid, status: Status) -> NewReceipt {
    NewReceipt {
        message_id: Some(message_id),
        ..new_receipt(status)
    }
}

fn from_gateway(id: &str, status: Status) -> NewReceipt {
    NewReceipt {
        gateway_message_id: Some(id.to_owned()),
        ..new_receipt(status)
    }
}

#[tokio::test]
async fn the_status_follows_the_set_of_receipts() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let replies = ledger
        .recorder
        .receipts(vec![about(id, Status::Delivered), about(id, Status::Sent)])
        .await
        .unwrap();
    assert_eq!(replies, [ReceiptReply::Recorded, ReceiptReply::Recorded]);
    assert_eq!(ledger.journey(id).status, "delivered");

    let late = ledger
        .recorder
        .receipts(vec![about(id, Status::Sent)])
        .await
        .unwrap();
    assert_eq!(late, [ReceiptReply::Duplicate]);
    assert_eq!(ledger.journey(id).status, "delivered");
    assert_eq!(ledger.lines("receipt").len(), 2);
}

/// Another server is in the middle of recording "delivered". Whoever computes a status waits for it,
/// and looks at the evidence only then.
#[tokio::test]
async fn a_status_counts_what_another_server_records_at_the_same_time() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let mut other = ledger.database.connect();
    let under_way = format!(
        "BEGIN;
         SELECT FROM messages WHERE id = '{id}' FOR NO KEY UPDATE;
         INSERT INTO receipts (message_id, fingerprint, id, gateway, status, raw_status, synthetic,
             recorded_at)
         VALUES ('{id}', gen_random_uuid(), gen_random_uuid(), 'twig', 'delivered', '1', false, now());
         UPDATE messages SET status = 'delivered' WHERE id = '{id}'"
    );
    other.batch_execute(&under_way).unwrap();
    let recorder = ledger.recorder.clone();
    let sent = vec![about(id, Status::Sent)];
    let told = tokio::spawn(async move { recorder.receipts(sent).await });
    eventually("it waits", Duration::from_secs(30), async || {
        let waits =
            "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (ledger.count(waits) > 0).then_some(())
    })
    .await;
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(told.await.unwrap().unwrap(), [ReceiptReply::Recorded]);
    assert_eq!(ledger.journey(id).status, "delivered");
}

/// What the planner knows of a campaign's messages before their first receipt is that all have one status.
/// Of 20,000 messages, receipts about the first and the last read these two.
#[tokio::test]
async fn receipts_read_their_own_messages_alone() {
    const STORED: i64 = 20_000;
    let ledger = TestLedger::start();
    let sent = ledger.message(ALICE).await.to_string();
    let numbered = |n: i64| format!("{}{n:012x}", &sent[..24]);
    let copies = format!(
        "INSERT INTO messages
         SELECT (jsonb_populate_record(
             messages, jsonb_build_object('id', left(id::text, 24) || lpad(to_hex(n), 12, '0'))
         )).*
         FROM messages, generate_series(1, {STORED}) AS n"
    );
    ledger.execute(&copies);
    ledger.execute("VACUUM ANALYZE messages");
    let receipts = [1, STORED].map(|n| about(numbered(n).parse().unwrap(), Status::Sent));
    let replies = ledger.recorder.receipts(receipts.to_vec()).await.unwrap();
    assert_eq!(replies, [ReceiptReply::Recorded, ReceiptReply::Recorded]);

    let told = |what: &str| {
        let sums = "SELECT FROM pg_stat_user_tables WHERE relname ~ '^messages' HAVING";
        ledger.count(&format!("({sums} {what}) AS told")) == 1
    };
    // A session tells what it did once it is idle for ten seconds, at the latest.
    eventually("it is told", Duration::from_secs(60), async || {
        told("sum(n_tup_upd) = 2").then_some(())
    })
    .await;
    assert!(told("sum(idx_tup_fetch) < 100"), "others were read");
}

#[tokio::test]
async fn a_receipt_that_comes_first_is_parked_and_matched() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let early = from_gateway("gw-1", Status::Delivered);
    let receipt_id = early.id;

    let reply = ledger.recorder.receipts(vec![early]).await.unwrap();
    assert_eq!(reply, [ReceiptReply::Parked]);
    assert_eq!(ledger.journey(id).status, "recorded");
    let again = ledger
        .recorder
        .receipts(vec![from_gateway("gw-1", Status::Delivered)])
        .await;
    assert_eq!(again.unwrap(), [ReceiptReply::Duplicate]);

    let reply = ledger
        .recorder
        .submissions(vec![new_submission(id, "gw-1")])
        .await
        .unwrap();
    assert_eq!(reply, [SubmissionReply::Recorded]);
    assert_eq!(ledger.journey(id).status, "delivered");
    let matches = ledger.lines("match");
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0]["receipt_id"], receipt_id.to_string());
    assert_eq!(matches[0]["message_id"], id.to_string());
    assert!(ledger.lines("receipt")[0].get("message_id").is_none());

    let repeated = ledger
        .recorder
        .receipts(vec![from_gateway("gw-1", Status::Delivered)])
        .await;
    assert_eq!(repeated.unwrap(), [ReceiptReply::Duplicate]);
}

#[tokio::test]
async fn receipts_and_submissions_that_race_always_meet() {
    let mut ledger = TestLedger::start();
    let servers = [ledger.recorder.clone(), ledger.another_recorder()];
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(ledger.message(ALICE).await);
    }
    let mut tasks = Vec::new();
    for (index, &id) in ids.iter().enumerate() {
        let (one, other) = (servers[index % 2].clone(), servers[(index + 1) % 2].clone());
        let gateway_id = format!("gw-{index}");
        let submission = new_submission(id, &gateway_id);
        tasks.push(tokio::spawn(async move {
            one.submissions(vec![submission]).await.map(|_| ()).unwrap();
        }));
        tasks.push(tokio::spawn(async move {
            other
                .receipts(vec![from_gateway(&gateway_id, Status::Delivered)])
                .await
                .unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for id in ids {
        assert_eq!(ledger.journey(id).status, "delivered");
    }
    let matched = ledger.lines("match").len();
    let parked = ledger
        .lines("receipt")
        .iter()
        .filter(|line| line.get("message_id").is_none())
        .count();
    assert_eq!(matched, parked);
}

#[tokio::test]
async fn submissions_of_unknown_messages_are_told_apart_from_repetitions() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let replies = ledger
        .recorder
        .submissions(vec![
            new_submission(id, "gw-1"),
            new_submission(Uuid::now_v7(), "gw-2"),
            new_submission(id, "gw-1"),
        ])
        .await
        .unwrap();
    assert_eq!(
        replies,
        [
            SubmissionReply::Recorded,
            SubmissionReply::UnknownMessage,
            SubmissionReply::Duplicate
        ]
    );
    assert_eq!(ledger.lines("submission").len(), 1);
    assert_eq!(ledger.journey(id).status, "accepted");
}

/// An attempt whose outcome nobody knew and its repetition may meet in one transaction.
#[tokio::test]
async fn a_fact_that_is_given_twice_at_once_has_one_event() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let receipt = about(id, Status::Delivered);
    let submission = new_submission(id, "gw-1");
    let early = from_gateway("gw-2", Status::Sent);
    for facts in [vec![receipt.clone(), receipt], vec![early.clone(), early]] {
        ledger.recorder.receipts(facts).await.unwrap();
    }
    let twice = vec![submission.clone(), submission];
    ledger.recorder.submissions(twice).await.unwrap();
    assert_eq!(ledger.lines("receipt").len(), 2);
    assert_eq!(ledger.lines("submission").len(), 1);
}

/// Our id in a callback is believed at first, and gateways' ids are locked before messages are: what one
/// such id was wrong about is all begun again.
#[tokio::test]
async fn an_id_of_ours_that_is_no_message_gives_way_to_the_gateways() {
    let ledger = TestLedger::start();
    let ids = [ledger.message(ALICE).await, ledger.message(ALICE).await];
    ledger
        .recorder
        .submissions(vec![new_submission(ids[0], "gw-1")])
        .await
        .unwrap();
    let misled = |gateway_id: &str| NewReceipt {
        message_id: Some(Uuid::now_v7()),
        ..from_gateway(gateway_id, Status::Delivered)
    };
    let receipts = vec![misled("gw-1"), about(ids[1], Status::Sent), misled("gw-2")];
    let replies = ledger.recorder.receipts(receipts).await.unwrap();
    assert_eq!(
        replies,
        [
            ReceiptReply::Recorded,
            ReceiptReply::Recorded,
            ReceiptReply::Parked
        ]
    );
    let statuses = ids.map(|id| ledger.journey(id).status);
    assert_eq!(statuses, ["delivered", "sent"]);
    assert_eq!(ledger.lines("receipt").len(), 3);
    assert_eq!(ledger.count("parked_receipts"), 1);
}
