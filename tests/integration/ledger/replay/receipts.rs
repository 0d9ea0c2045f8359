//! Receipts whose messages are known.

use super::{about, again, replay};
use crate::support::calls::{call_of, kept, kept_at};
use crate::support::ledger::*;
use chrono::{TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use textrail::domain::route::Route;
use textrail::domain::status::{DeliveryLevel, ErrorClass, Evidence, Status, current};
use textrail::ledger::facts::*;
use textrail::ledger::requests::KeptRequest;
use uuid::Uuid;

#[tokio::test]
async fn a_receipt_that_is_read_otherwise_is_corrected_once() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![about(id, Status::Delivered)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    assert_eq!(ledger.journey(id).status, "delivered");
    let first = ledger.lines("receipt")[0]["receipt_id"].clone();

    let read_as = |status| again(replay(&ledger), &request, vec![about(id, status)]);
    let same = read_as(Status::Delivered).await;
    assert_eq!(same, [ReceiptReply::Duplicate], "as it was recorded");
    assert_eq!(
        read_as(Status::Undelivered).await,
        [ReceiptReply::Corrected]
    );
    assert_eq!(ledger.journey(id).status, "undelivered");
    assert_eq!(
        read_as(Status::Undelivered).await,
        [ReceiptReply::Duplicate]
    );
    let lines = ledger.lines("receipt");
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["corrects"], &lines[1]["status"]),
        (&first, &"undelivered".into())
    );
    assert_eq!(lines[1]["message_id"], id.to_string());

    // The mapping of before comes back: another correction, and then no more.
    assert_eq!(read_as(Status::Delivered).await, [ReceiptReply::Corrected]);
    assert_eq!(read_as(Status::Delivered).await, [ReceiptReply::Duplicate]);
    assert_eq!(ledger.journey(id).status, "delivered");
    assert_eq!(
        read_as(Status::Undelivered).await,
        [ReceiptReply::Corrected]
    );
    assert_eq!(ledger.journey(id).status, "undelivered");
    let lines = ledger.lines("receipt");
    let chain: Vec<_> = lines.iter().map(|line| &line["receipt_id"]).collect();
    let corrects: Vec<_> = lines.iter().map(|line| &line["corrects"]).collect();
    assert_eq!(corrects[1..], chain[..3], "each replaces the one before");
    assert_eq!(ledger.count("receipts"), 4);
}

#[tokio::test]
async fn all_that_a_mapping_says_can_be_corrected() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let base = about(id, Status::Undelivered);
    let call = call_of(&request, vec![base.clone()]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let mut reading = base;
    let changes: [fn(&mut NewReceipt); 6] = [
        |receipt| receipt.error_class = Some(ErrorClass::Filtered),
        |receipt| receipt.synthetic = true,
        |receipt| receipt.delivery_level = Some(DeliveryLevel::Carrier),
        |receipt| receipt.permanent = Some(false),
        // These tell a receipt from others, too; it is known by its place in the call all the same.
        |receipt| receipt.error_code = Some("5".to_owned()),
        |receipt| receipt.raw_status = "OTHER WORD".to_owned(),
    ];
    for (number, change) in (1..).zip(changes) {
        change(&mut reading);
        for expected in [ReceiptReply::Corrected, ReceiptReply::Duplicate] {
            let new = NewReceipt {
                id: Uuid::now_v7(),
                ..reading.clone()
            };
            let replies = again(replay(&ledger), &request, vec![new]).await;
            assert_eq!(replies, [expected], "change {number}");
        }
    }
    assert_eq!(ledger.count("receipts"), 7);
}

#[tokio::test]
async fn what_could_not_be_read_is_recorded_as_of_its_arrival() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let arrived_at = Utc::now() - TimeDelta::hours(30);
    let request = kept_at(Route::Receipts, arrived_at);
    let none_read = call_of(&request, Vec::<NewReceipt>::new());
    ledger.recorder.gateway_receipts(none_read).await.unwrap();
    let replies = again(
        replay(&ledger),
        &request,
        vec![about(id, Status::Delivered)],
    )
    .await;
    assert_eq!(replies, [ReceiptReply::Recorded]);
    let line = ledger.lines("receipt").remove(0);
    let occurred_at: chrono::DateTime<Utc> = line["occurred_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(occurred_at, request.arrived_at);
    assert_ne!(line["recorded_at"], line["occurred_at"]);
    assert!(line.get("corrects").is_none());
    let replies = again(
        replay(&ledger),
        &request,
        vec![about(id, Status::Delivered)],
    )
    .await;
    assert_eq!(replies, [ReceiptReply::Duplicate]);
}

/// Two calls tell one receipt, in words that today's mapping takes for two things: the first one
/// counts, however often both are read.
#[tokio::test]
async fn a_repetition_of_the_gateway_corrects_nothing() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let (first, second) = (kept(Route::Receipts), kept(Route::Receipts));
    for request in [&first, &second] {
        let call = call_of(request, vec![about(id, Status::Sent)]);
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    for round in 0..3 {
        for (request, status) in [(&first, Status::Delivered), (&second, Status::Undelivered)] {
            again(replay(&ledger), request, vec![about(id, status)]).await;
        }
        assert_eq!(ledger.journey(id).status, "delivered", "round {round}");
    }
    assert_eq!(ledger.count("receipts"), 2);
}

/// It is new there, and the old one stays where it is: also when both messages are looked at together.
#[tokio::test]
async fn a_receipt_that_is_read_as_another_messages_corrects_nothing() {
    let ledger = TestLedger::start();
    let (first, second) = (ledger.message(ALICE).await, ledger.message(ALICE).await);
    let request = kept(Route::Receipts);
    let earlier = || NewReceipt {
        raw_status: "OTHER WORD".to_owned(),
        ..about(first, Status::Sent)
    };
    let call = call_of(&request, vec![about(first, Status::Delivered), earlier()]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let statuses = || [first, second].map(|id| ledger.journey(id).status);

    for expected in [ReceiptReply::Recorded, ReceiptReply::Duplicate] {
        let read = vec![about(second, Status::Undelivered), earlier()];
        let replies = again(replay(&ledger), &request, read).await;
        assert_eq!(replies, [expected, ReceiptReply::Duplicate]);
        assert_eq!(statuses(), ["delivered", "undelivered"]);
    }
    let lines = ledger.lines("receipt");
    assert!(lines.iter().all(|line| line.get("corrects").is_none()));
    // Its chain goes on at its message, and the other one's where it is.
    let read = |id| vec![about(id, Status::Expired)];
    for id in [second, first] {
        let replies = again(replay(&ledger), &request, read(id)).await;
        assert_eq!(replies, [ReceiptReply::Corrected]);
    }
    assert_eq!(statuses(), ["expired", "expired"]);
}

/// Whatever a row says that it replaces, it is about its own message alone.
#[tokio::test]
async fn a_status_does_not_depend_on_which_messages_are_looked_at_together() {
    let ledger = TestLedger::start();
    let (first, second) = (ledger.message(ALICE).await, ledger.message(ALICE).await);
    let told = |status| vec![about(first, status), about(second, status)];
    ledger
        .recorder
        .receipts(told(Status::Delivered))
        .await
        .unwrap();
    ledger.execute(&format!(
        "UPDATE receipts SET corrects = other.id FROM receipts AS other \
         WHERE receipts.message_id = '{second}' AND other.message_id = '{first}'"
    ));
    let more = told(Status::Sent)
        .into_iter()
        .map(|receipt| NewReceipt {
            raw_status: "OTHER WORD".to_owned(),
            ..receipt
        })
        .collect();
    ledger.recorder.receipts(more).await.unwrap();
    let statuses = [first, second].map(|id| ledger.journey(id).status);
    assert_eq!(statuses, ["delivered", "delivered"]);
}

/// The same where what tells the receipt apart is read otherwise, and both are read in one batch.
#[tokio::test]
async fn a_receipt_and_its_repetition_stay_one_if_their_words_are_read_otherwise() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let requests = [kept(Route::Receipts), kept(Route::Receipts)];
    for request in &requests {
        let call = call_of(request, vec![about(id, Status::Sent)]);
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    let read = || NewReceipt {
        raw_status: "SENT TO CARRIER".to_owned(),
        ..about(id, Status::Sent)
    };
    for expected in [ReceiptReply::Corrected, ReceiptReply::Duplicate] {
        let mut replay = replay(&ledger);
        let requests = requests.clone();
        let calls = [vec![(0, read())], vec![(0, read())]];
        let replies = tokio::task::spawn_blocking(move || {
            let results = replay
                .receipts(requests.iter().zip(calls).collect())
                .unwrap();
            results
                .into_iter()
                .flat_map(Result::unwrap)
                .collect::<Vec<_>>()
        });
        assert_eq!(replies.await.unwrap(), [expected, ReceiptReply::Duplicate]);
    }
    assert_eq!(ledger.count("receipts"), 2);
}

/// Live receipts and replays in any order: the status is that of the last readings, whatever came when.
#[tokio::test]
async fn a_status_depends_on_the_last_readings_in_whatever_order_they_come() {
    let ledger = TestLedger::start();
    let mut random = StdRng::seed_from_u64(6);
    let statuses = [
        Status::Sent,
        Status::Delivered,
        Status::Undelivered,
        Status::Unknown,
    ];
    for story in 0..25 {
        let id = ledger.message(ALICE).await;
        let requests: Vec<KeptRequest> = (0..3).map(|_| kept(Route::Receipts)).collect();
        let mut last: [Option<Status>; 3] = [None; 3];
        let mut corrections = 0;
        for _ in 0..random.random_range(3..8) {
            let place = random.random_range(0..3);
            let status = *statuses.choose(&mut random).unwrap();
            let receipt = NewReceipt {
                gateway_message_id: Some(format!("{story}-{place}")),
                ..about(id, status)
            };
            if last[place].is_some() || random.random_bool(0.3) {
                let before = last[place].replace(status);
                let replies = again(replay(&ledger), &requests[place], vec![receipt]).await;
                let corrected = before.is_some_and(|before| before != status);
                corrections += usize::from(corrected);
                assert_eq!(replies == [ReceiptReply::Corrected], corrected);
            } else {
                last[place] = Some(status);
                let call = call_of(&requests[place], vec![receipt]);
                ledger.recorder.gateway_receipts(call).await.unwrap();
            }
            let evidence = last.iter().flatten().map(|status| Evidence {
                status: *status,
                synthetic: false,
                gateway_time: None,
                segment_number: None,
            });
            let expected = current(evidence.collect::<Vec<_>>());
            assert_eq!(
                ledger.journey(id).status,
                expected.as_str(),
                "story {story}"
            );
        }
        let lines = ledger.lines("receipt");
        let of_message = lines
            .iter()
            .filter(|line| line["message_id"] == id.to_string());
        let of_message: Vec<_> = of_message.collect();
        let told = of_message
            .iter()
            .filter(|line| line.get("corrects").is_some());
        assert_eq!(told.count(), corrections);
        assert_eq!(
            of_message.len(),
            last.iter().flatten().count() + corrections
        );
    }
    // Each event has its fact, and the other way round.
    assert_eq!(
        ledger.count("receipts"),
        i64::try_from(ledger.lines("receipt").len()).unwrap()
    );
}
