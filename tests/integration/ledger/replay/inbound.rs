//! Subscribers' messages.

use super::replay;
use crate::support::calls::{call_of, kept, kept_at};
use crate::support::ledger::*;
use chrono::{TimeDelta, Utc};
use textrail::domain::part::Part;
use textrail::domain::phone::{PhoneNumber, Sender};
use textrail::domain::route::Route;
use textrail::ledger::facts::*;
use textrail::ledger::recorder::replay::Replay;
use textrail::ledger::requests::KeptRequest;
use uuid::Uuid;

/// Whether each of a call's messages was known already when it was read again, on a thread of its own.
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
