//! Kept calls are read again: what is new is recorded, what is read otherwise is corrected, and nothing
//! is doubled.

mod inbound;
mod opt_outs;
mod parked;
mod receipts;

use crate::support::calls::{call_of, kept};
use crate::support::ledger::*;
use crate::support::pipeline::Pipeline;
use textrail::domain::route::Route;
use textrail::domain::status::{ErrorClass, Status};
use textrail::event::Kind;
use textrail::ledger::facts::*;
use textrail::ledger::recorder::replay::Replay;
use textrail::ledger::requests::KeptRequest;
use uuid::Uuid;

/// A command that reads again.
fn replay(ledger: &TestLedger) -> Replay {
    open(ledger, false)
}

fn open(ledger: &TestLedger, dry_run: bool) -> Replay {
    let settings = recorder_settings(
        &ledger.database.url(),
        &"https://go.example/".parse().unwrap(),
    );
    Replay::open(
        &settings.connection,
        settings.personal_data,
        settings.opt_out_rules.clone(),
        dry_run,
    )
    .unwrap()
}

/// A receipt that says the same of itself whatever it is read as.
fn about(id: Uuid, status: Status) -> NewReceipt {
    NewReceipt {
        message_id: Some(id),
        gateway_message_id: Some("g-1".to_owned()),
        raw_status: "WORD".to_owned(),
        ..new_receipt(status)
    }
}

/// A receipt that names its recipient as opted out at the gateway.
fn opted_out(id: Uuid) -> NewReceipt {
    NewReceipt {
        error_code: Some("21610".to_owned()),
        error_class: Some(ErrorClass::OptedOut),
        ..about(id, Status::Undelivered)
    }
}

/// What reading a call again gave, on a thread of its own as in the command.
async fn again(
    mut replay: Replay,
    request: &KeptRequest,
    receipts: Vec<NewReceipt>,
) -> Vec<ReceiptReply> {
    let request = request.clone();
    tokio::task::spawn_blocking(move || {
        let facts = receipts.into_iter().enumerate().collect();
        let results = replay.receipts(vec![(&request, facts)]).unwrap();
        results.into_iter().flat_map(Result::unwrap).collect()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_what_would_be() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![about(id, Status::Delivered)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    for _ in 0..2 {
        let told = vec![about(id, Status::Failed), about(id, Status::Delivered)];
        let replies = again(open(&ledger, true), &request, told).await;
        assert_eq!(replies, [ReceiptReply::Corrected, ReceiptReply::Duplicate]);
    }
    assert_eq!(ledger.count("receipts"), 1);
    assert_eq!(ledger.lines("receipt").len(), 1);
    assert_eq!(ledger.journey(id).status, "delivered");
}

/// The status follows in the reports as well, and all sides still count the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_counted_alike_on_all_sides_and_reported() {
    let ledger = TestLedger::start();
    let pipeline = Pipeline::start(&ledger.database.url()).await;
    let (id, other) = (ledger.message(ALICE).await, ledger.message(BOB).await);
    let requests = [kept(Route::Receipts), kept(Route::Receipts)];
    for (request, id) in requests.iter().zip([id, other]) {
        let receipt = NewReceipt {
            gateway_message_id: None,
            ..about(id, Status::Delivered)
        };
        let call = call_of(request, vec![receipt]);
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    pipeline.roll().await;
    let receipt = NewReceipt {
        gateway_message_id: None,
        ..about(id, Status::Undelivered)
    };
    let replies = again(replay(&ledger), &requests[0], vec![receipt]).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    pipeline.roll().await;
    pipeline.fold();
    let statuses = pipeline.text_column("SELECT status FROM messages ORDER BY status");
    assert_eq!(statuses, ["delivered", "undelivered"]);
    let buckets =
        "SELECT sum(delivered)::VARCHAR || ' ' || sum(undelivered)::VARCHAR FROM message_stats";
    assert_eq!(pipeline.text_column(buckets), ["1 1"]);
    let findings = pipeline.verify(&ledger.database.url()).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!(findings.kinds[&Kind::Receipt].events, Some(3));
}

/// Killed between two transactions: what is done stays, and the same command does the rest.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_replay_that_dies_between_two_batches_is_repeated_and_doubles_nothing() {
    let ledger = TestLedger::start();
    // Two calls that do not fit into one transaction.
    let mut calls = Vec::new();
    for _ in 0..2 {
        let request = kept(Route::Receipts);
        let receipts: Vec<NewReceipt> = (0..600)
            .map(|number| NewReceipt {
                message_id: None,
                gateway_message_id: Some(format!("{}-{number}", request.id)),
                ..new_receipt(Status::Sent)
            })
            .collect();
        let call = call_of(&request, receipts.clone());
        ledger.recorder.gateway_receipts(call).await.unwrap();
        calls.push((request, receipts));
    }
    let read_again = |mut replay: Replay| {
        let calls = calls.clone();
        tokio::task::spawn_blocking(move || {
            let reread = calls.iter().map(|(request, receipts)| {
                let delivered = receipts.iter().map(|receipt| NewReceipt {
                    id: Uuid::now_v7(),
                    status: Status::Delivered,
                    ..receipt.clone()
                });
                (request, delivered.enumerate().collect())
            });
            let results = replay.receipts(reread.collect()).unwrap();
            let replies = results.into_iter().flat_map(Result::unwrap);
            replies
                .filter(|reply| *reply == ReceiptReply::Corrected)
                .count()
        })
    };
    let scenario = fail::FailScenario::setup();
    fail::cfg("replay.batch.after", "1*panic").unwrap();
    let died = read_again(replay(&ledger)).await;
    assert!(died.is_err_and(|error| error.is_panic()));
    scenario.teardown();
    assert_eq!(
        ledger.count("parked_receipts"),
        1_800,
        "the first batch stays"
    );
    assert_eq!(read_again(replay(&ledger)).await.unwrap(), 600);
    assert_eq!(read_again(replay(&ledger)).await.unwrap(), 0);
    assert_eq!(ledger.count("parked_receipts"), 2_400);
    assert_eq!(ledger.lines("receipt").len(), 2_400);
}
