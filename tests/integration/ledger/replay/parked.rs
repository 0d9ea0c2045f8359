//! Receipts that wait for their messages.

use super::{about, again, opted_out, replay};
use crate::support::calls::{call_of, kept};
use crate::support::ledger::*;
use crate::support::pipeline::Pipeline;
use textrail::domain::route::Route;
use textrail::domain::status::{ErrorClass, Status};
use textrail::ledger::facts::*;
use textrail::ledger::opt_outs::is_opted_out;
use uuid::Uuid;

#[tokio::test]
async fn a_parked_receipt_is_corrected_and_taken_in_with_its_correction() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let of_gateway = |status| NewReceipt {
        message_id: None,
        ..about(id, status)
    };
    let call = call_of(&request, vec![of_gateway(Status::Delivered)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    assert_eq!(ledger.count("parked_receipts"), 1);
    for expected in [ReceiptReply::Corrected, ReceiptReply::Duplicate] {
        let replies = again(replay(&ledger), &request, vec![of_gateway(Status::Failed)]).await;
        assert_eq!(replies, [expected]);
    }
    assert_eq!(ledger.count("parked_receipts"), 2);
    let submission = new_submission(id, "g-1");
    ledger.recorder.submissions(vec![submission]).await.unwrap();
    assert_eq!(ledger.count("parked_receipts"), 0);
    assert_eq!(ledger.journey(id).status, "failed");
    assert_eq!(ledger.lines("match").len(), 2);
    // And its chain goes on with its message.
    let replies = again(replay(&ledger), &request, vec![of_gateway(Status::Failed)]).await;
    assert_eq!(replies, [ReceiptReply::Duplicate]);
    let replies = again(replay(&ledger), &request, vec![of_gateway(Status::Expired)]).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    assert_eq!(ledger.journey(id).status, "expired");
}

/// A receipt that names its message by a gateway's id alone.
fn under(gateway_message_id: &str, receipt: NewReceipt) -> NewReceipt {
    NewReceipt {
        message_id: None,
        gateway_message_id: Some(gateway_message_id.to_owned()),
        ..receipt
    }
}

#[tokio::test]
async fn a_parked_receipt_whose_id_was_read_wrongly_goes_where_the_right_one_leads() {
    let ledger = TestLedger::start();
    let (id, other) = (ledger.message(ALICE).await, ledger.message(BOB).await);
    let request = kept(Route::Receipts);
    // A second item, which stays as it is.
    let items = |gateway_message_id| {
        vec![
            under(gateway_message_id, about(id, Status::Delivered)),
            under("g-3", about(id, Status::Delivered)),
        ]
    };
    let call = call_of(&request, items("wrong"));
    ledger.recorder.gateway_receipts(call).await.unwrap();
    for expected in [ReceiptReply::Corrected, ReceiptReply::Duplicate] {
        let replies = again(replay(&ledger), &request, items("g-1")).await;
        assert_eq!(replies, [expected, ReceiptReply::Duplicate]);
    }

    let wrong = new_submission(other, "wrong");
    ledger.recorder.submissions(vec![wrong]).await.unwrap();
    assert_eq!(ledger.journey(other).status, "accepted");
    assert_eq!(ledger.count("parked_receipts"), 3);
    let right = new_submission(id, "g-1");
    ledger.recorder.submissions(vec![right]).await.unwrap();

    assert_eq!(ledger.journey(id).status, "delivered");
    assert_eq!(
        ledger.count("parked_receipts"),
        1,
        "the second item waits on"
    );
    assert_eq!(ledger.lines("match").len(), 2);
    let counts =
        "receipts WHERE id NOT IN (SELECT corrects FROM receipts WHERE corrects IS NOT NULL)";
    assert_eq!((ledger.count("receipts"), ledger.count(counts)), (2, 1));
}

/// Its message is known by the right id when it is read again.
#[tokio::test(flavor = "multi_thread")]
async fn a_parked_receipt_whose_id_was_read_wrongly_comes_to_its_message() {
    let ledger = TestLedger::start();
    let pipeline = Pipeline::start(&ledger.database.url()).await;
    let (alice, bob) = (ledger.message(ALICE).await, ledger.message(BOB).await);
    let requests = [kept(Route::Receipts), kept(Route::Receipts)];
    let of = |place, receipt| under(["g-1", "g-2"][place], receipt);
    for (place, id) in [alice, bob].into_iter().enumerate() {
        let submission = new_submission(id, ["g-1", "g-2"][place]);
        ledger.recorder.submissions(vec![submission]).await.unwrap();
        let wrong = under(["wrong-1", "wrong-2"][place], opted_out(id));
        let call = call_of(&requests[place], vec![wrong]);
        ledger.recorder.gateway_receipts(call).await.unwrap();
    }
    pipeline.roll().await;
    assert_eq!(ledger.count("parked_receipts"), 2);

    // Of Alice only the id is read otherwise; of Bob, that he is opted out as well.
    let filtered = NewReceipt {
        error_class: Some(ErrorClass::Filtered),
        ..opted_out(bob)
    };
    for expected in [ReceiptReply::Corrected, ReceiptReply::Duplicate] {
        for (place, receipt) in [opted_out(alice), filtered.clone()].into_iter().enumerate() {
            let receipt = NewReceipt {
                id: Uuid::now_v7(),
                ..of(place, receipt)
            };
            let replies = again(replay(&ledger), &requests[place], vec![receipt]).await;
            assert_eq!(replies, [expected]);
        }
    }

    assert_eq!(ledger.count("parked_receipts"), 0);
    assert_eq!(ledger.lines("match").len(), 2);
    let conn = &mut ledger.database.connect();
    let opted_out = [ALICE, BOB].map(|number| is_opted_out(conn, number, SENDER).unwrap());
    assert_eq!(
        opted_out,
        [true, false],
        "told once, when it is known of whom"
    );
    for id in [alice, bob] {
        assert_eq!(ledger.journey(id).status, "undelivered");
    }
    pipeline.roll().await;
    pipeline.fold();
    let statuses = pipeline.text_column("SELECT status FROM messages ORDER BY status");
    assert_eq!(statuses, ["undelivered", "undelivered"]);
    let findings = pipeline.verify(&ledger.database.url()).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
}
