//! Kept calls are read again: what is new is recorded, what is read otherwise is corrected, and nothing
//! is doubled.

use crate::support::calls::{call_of, kept, kept_at};
use crate::support::ledger::*;
use crate::support::pipeline::Pipeline;
use chrono::{TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use textrail::domain::opt_out::Scope;
use textrail::domain::part::Part;
use textrail::domain::phone::{PhoneNumber, Sender};
use textrail::domain::route::Route;
use textrail::domain::status::{DeliveryLevel, ErrorClass, Evidence, Status, current};
use textrail::event::Kind;
use textrail::ledger::facts::*;
use textrail::ledger::opt_outs::is_opted_out;
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
    let statuses = pipeline.text_column("SELECT status FROM messages ORDER BY status");
    assert_eq!(statuses, ["undelivered", "undelivered"]);
    let findings = pipeline.verify(&ledger.database.url()).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
}

/// A receipt that names its recipient as opted out at the gateway.
fn opted_out(id: Uuid) -> NewReceipt {
    NewReceipt {
        error_code: Some("21610".to_owned()),
        error_class: Some(ErrorClass::OptedOut),
        ..about(id, Status::Undelivered)
    }
}

#[tokio::test]
async fn a_correction_opts_out_nobody_who_came_back_since() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![opted_out(id)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let conn = &mut ledger.database.connect();
    assert!(is_opted_out(conn, ALICE, SENDER).unwrap());
    let back = NewOptOut {
        id: Uuid::now_v7(),
        number: PhoneNumber::parse(ALICE).unwrap(),
        scope: Scope::Sender(new_message(ALICE, "").from),
        opted_out: false,
        reason: None,
        actor: "test".to_owned(),
    };
    ledger.recorder.opt_outs(vec![back]).await.unwrap();

    let read_again = NewReceipt {
        permanent: Some(true),
        ..opted_out(id)
    };
    let replies = again(replay(&ledger), &request, vec![read_again]).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    assert!(!is_opted_out(conn, ALICE, SENDER).unwrap());
    assert_eq!(
        ledger.lines("opt_out").len(),
        2,
        "the opt-out and the opt-in"
    );
}

/// What the documentation's own query lists: who, and whether something else said the same.
fn opted_out_by_a_wrong_reading(ledger: &TestLedger) -> Vec<(String, bool)> {
    use diesel::prelude::*;
    use diesel::sql_types::{Nullable, Text, Timestamptz};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        number: String,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        repeated_at: Option<chrono::DateTime<Utc>>,
    }
    let page = include_str!("../../../docs/gateways-replay.md");
    let (_, query) = page.split_once("```sql\n").unwrap();
    let (query, _) = query.split_once("```").unwrap();
    let rows: Vec<Row> = diesel::sql_query(query)
        .load(&mut ledger.database.connect())
        .unwrap();
    rows.into_iter()
        .map(|row| (row.number, row.repeated_at.is_some()))
        .collect()
}

#[tokio::test]
async fn an_opt_out_of_a_wrong_reading_stays_and_is_told() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let call = call_of(&request, vec![opted_out(id)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let read_as = |class, permanent| {
        let receipt = NewReceipt {
            error_class: Some(class),
            permanent: Some(permanent),
            ..opted_out(id)
        };
        again(replay(&ledger), &request, vec![receipt])
    };
    // As long as it is said, it is not wrong.
    let replies = read_as(ErrorClass::OptedOut, true).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    assert!(opted_out_by_a_wrong_reading(&ledger).is_empty());

    let replies = read_as(ErrorClass::Filtered, true).await;

    assert_eq!(replies, [ReceiptReply::CorrectedOptOut]);
    let conn = &mut ledger.database.connect();
    assert!(is_opted_out(conn, ALICE, SENDER).unwrap());
    let alice = |repeated| [(ALICE.to_owned(), repeated)];
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(false));
    let replies = read_as(ErrorClass::Filtered, false).await;
    assert_eq!(replies, [ReceiptReply::Corrected], "it was told once");
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(false));

    let say = async |word| {
        let inbound = vec![new_inbound(ALICE, word)];
        ledger.recorder.inbound(inbound).await.unwrap();
    };
    say("STOP").await;
    assert_eq!(opted_out_by_a_wrong_reading(&ledger), alice(true));
    say("START").await;
    assert!(opted_out_by_a_wrong_reading(&ledger).is_empty());
}

#[tokio::test]
async fn a_reading_that_was_corrected_while_it_was_parked_opts_nobody_out() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let request = kept(Route::Receipts);
    let parked = |class| NewReceipt {
        message_id: None,
        error_class: Some(class),
        ..opted_out(id)
    };
    let call = call_of(&request, vec![parked(ErrorClass::OptedOut)]);
    ledger.recorder.gateway_receipts(call).await.unwrap();
    let corrected = vec![parked(ErrorClass::Filtered)];
    let replies = again(replay(&ledger), &request, corrected).await;
    assert_eq!(replies, [ReceiptReply::Corrected]);
    let submission = new_submission(id, "g-1");
    ledger.recorder.submissions(vec![submission]).await.unwrap();
    assert_eq!(ledger.lines("match").len(), 2);
    let conn = &mut ledger.database.connect();
    assert!(!is_opted_out(conn, ALICE, SENDER).unwrap());
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
    let statuses = pipeline.text_column("SELECT status FROM messages ORDER BY status");
    assert_eq!(statuses, ["delivered", "undelivered"]);
    pipeline.fold();
    let buckets =
        "SELECT sum(delivered)::VARCHAR || ' ' || sum(undelivered)::VARCHAR FROM message_stats";
    assert_eq!(pipeline.text_column(buckets), ["1 1"]);
    let findings = pipeline.verify(&ledger.database.url()).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!(findings.kinds[&Kind::Receipt].events, Some(3));
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

/// The same of subscribers' messages: whether each was known already.
async fn known_again(
    mut replay: Replay,
    request: &KeptRequest,
    inbounds: Vec<NewInbound>,
) -> Vec<bool> {
    let request = request.clone();
    tokio::task::spawn_blocking(move || {
        let facts = inbounds.into_iter().enumerate().collect();
        let results = replay.inbound(vec![(&request, facts)]).unwrap();
        let replies = results.into_iter().flat_map(Result::unwrap);
        replies.map(|reply| reply.duplicate).collect()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn an_inbound_without_id_and_time_is_known_by_its_call() {
    let ledger = TestLedger::start();
    let arrived_at = Utc::now() - TimeDelta::hours(2);
    let request = kept_at(Route::Inbound, arrived_at);
    let items = || vec![new_inbound(ALICE, "Hello"), new_inbound(ALICE, "Hello")];
    let replies = ledger
        .recorder
        .gateway_inbound(call_of(&request, items()))
        .await
        .unwrap();
    assert!(
        replies.iter().all(|reply| !reply.duplicate),
        "two that say the same"
    );
    let read_again = |request| known_again(replay(&ledger), request, items());
    assert_eq!(read_again(&request).await, [true, true]);
    assert_eq!(ledger.count("inbound_messages"), 2);
    // A call of which nothing was read tells them for the first time.
    let unread = kept_at(Route::Inbound, arrived_at);
    assert_eq!(read_again(&unread).await, [false, false]);
    assert_eq!(read_again(&unread).await, [true, true]);
    assert_eq!(ledger.count("inbound_messages"), 4);
}

/// Another charset, another number, another id, another time, a part: all that tells it from others.
#[tokio::test]
async fn an_inbound_that_is_read_otherwise_is_the_same_one() {
    let changes: [fn(&mut NewInbound); 6] = [
        |inbound| inbound.body = "Grüße".to_owned(),
        |inbound| inbound.from = PhoneNumber::parse(BOB).unwrap(),
        |inbound| inbound.to = Sender::parse("43721").unwrap(),
        |inbound| inbound.gateway_message_id = Some("in-2".to_owned()),
        |inbound| inbound.received_at = Some("2026-01-01T11:00:00Z".parse().unwrap()),
        |inbound| {
            inbound.part = Some(Part {
                reference: "7".to_owned(),
                number: 1,
                total: 2,
            });
        },
    ];
    let ledger = TestLedger::start();
    let with_time = NewInbound {
        received_at: Some("2026-01-01T10:00:00Z".parse().unwrap()),
        ..new_inbound(ALICE, "GrÃ¼ÃŸe")
    };
    let with_id = NewInbound {
        gateway_message_id: Some("in-1".to_owned()),
        ..new_inbound(ALICE, "GrÃ¼ÃŸe")
    };
    let (mut recorded, mut repeated) = (0, 0);
    for inbound in [with_time, with_id, new_inbound(ALICE, "GrÃ¼ÃŸe")] {
        let told_apart = inbound.received_at.is_some() || inbound.gateway_message_id.is_some();
        // The gateway tells it twice.
        let calls = [kept(Route::Inbound), kept(Route::Inbound)];
        for request in &calls {
            let one = NewInbound {
                id: Uuid::now_v7(),
                ..inbound.clone()
            };
            let replies = ledger.recorder.gateway_inbound(call_of(request, vec![one]));
            repeated += usize::from(replies.await.unwrap()[0].duplicate);
        }
        recorded += if told_apart { 1 } else { 2 };
        for (number, change) in changes.into_iter().enumerate() {
            let mut read = NewInbound {
                id: Uuid::now_v7(),
                ..inbound.clone()
            };
            change(&mut read);
            // Now the one first, now the other.
            for request in [&calls[number % 2], &calls[(number + 1) % 2]] {
                let known = known_again(replay(&ledger), request, vec![read.clone()]).await;
                assert_eq!(known, [true], "change {number}");
            }
        }
        assert_eq!(ledger.count("inbound_messages"), recorded);
    }
    assert_eq!(repeated, 2, "what tells nothing apart is two");
    assert_eq!(ledger.count("inbound_parts"), 0);
}

#[tokio::test]
async fn a_part_that_is_read_as_a_whole_text_later_waits_on_and_is_no_second_one() {
    let ledger = TestLedger::start();
    let request = kept(Route::Inbound);
    let part = NewInbound {
        part: Some(Part {
            reference: "7".to_owned(),
            number: 1,
            total: 2,
        }),
        ..new_inbound(ALICE, "one")
    };
    let call = call_of(&request, vec![part]);
    ledger.recorder.gateway_inbound(call).await.unwrap();
    let whole = vec![new_inbound(ALICE, "one")];
    assert_eq!(known_again(replay(&ledger), &request, whole).await, [true]);
    let rows = (
        ledger.count("inbound_messages"),
        ledger.count("inbound_parts"),
    );
    assert_eq!(rows, (0, 1));
}

#[tokio::test]
async fn an_inbound_that_is_read_late_answers_what_was_sent_before_it_came() {
    let ledger = TestLedger::start();
    let before = kept_at(Route::Inbound, Utc::now());
    let first = ledger.message(ALICE).await;
    let between = kept_at(Route::Inbound, Utc::now());
    let second = ledger.message(ALICE).await;
    let after = kept_at(Route::Inbound, Utc::now());
    let part = |number| NewInbound {
        part: Some(Part {
            reference: "7".to_owned(),
            number,
            total: 2,
        }),
        ..new_inbound(ALICE, "in parts ")
    };
    let one = || vec![new_inbound(ALICE, "whole")];
    for (request, inbounds) in [
        (&before, one()),
        (&between, one()),
        (&between, vec![part(1), part(2)]),
        (&after, one()),
    ] {
        let request = KeptRequest {
            id: Uuid::now_v7(),
            ..request.clone()
        };
        let known = known_again(replay(&ledger), &request, inbounds).await;
        assert!(known.iter().all(|known| !known));
    }
    let lines = ledger.lines("inbound");
    let answered = lines.iter().map(|line| line.get("message_id"));
    let [first, second] = [first, second].map(|id| serde_json::Value::from(id.to_string()));
    let expected = [None, Some(&first), Some(&first), Some(&second)];
    assert_eq!(answered.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_stop_that_is_read_late_holds_from_its_arrival() {
    let ledger = TestLedger::start();
    let request = kept_at(Route::Inbound, Utc::now() - TimeDelta::hours(30));
    let mut replay = replay(&ledger);
    let kept = request.clone();
    tokio::task::spawn_blocking(move || {
        let results = replay.inbound(vec![(&kept, vec![(0, new_inbound(BOB, "STOP"))])]);
        assert_eq!(results.unwrap().len(), 1);
    })
    .await
    .unwrap();
    let wish = ledger.lines("opt_out").remove(0);
    let effective_at: chrono::DateTime<Utc> =
        wish["effective_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(effective_at, request.arrived_at);
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
