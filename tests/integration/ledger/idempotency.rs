//! The same call twice gives one message.

use crate::support::ledger::*;
use chrono::Utc;
use textrail::ledger::facts::{Idempotency, RecordError, SendCall};
use textrail::ledger::prune;

fn keyed(key: &str, payload: u8) -> SendCall {
    let mut call = call(vec![new_message(ALICE, "Hello https://a.example")]);
    call.idempotency = Some(Idempotency {
        key: key.to_owned(),
        payload_hash: [payload; 32],
    });
    call
}

#[tokio::test]
async fn a_repeated_call_gets_the_stored_answer() {
    let ledger = TestLedger::start();
    let first = ledger.recorder.send(keyed("k", 1)).await.unwrap();
    let second = ledger.recorder.send(keyed("k", 1)).await.unwrap();
    assert!(!first.replayed && second.replayed);
    assert_eq!(first.answer, second.answer);
    assert_eq!(ledger.lines("message").len(), 1);
}

#[tokio::test]
async fn another_payload_is_refused() {
    let ledger = TestLedger::start();
    ledger.recorder.send(keyed("k", 1)).await.unwrap();
    let refused = ledger.recorder.send(keyed("k", 2)).await;
    assert!(
        matches!(refused, Err(RecordError::IdempotencyMismatch)),
        "{refused:?}"
    );
    assert_eq!(ledger.lines("message").len(), 1);
}

#[tokio::test]
async fn the_same_call_many_times_at_once_on_two_servers_is_one_message() {
    let mut ledger = TestLedger::start();
    let servers = [ledger.recorder.clone(), ledger.another_recorder()];
    let calls = (0..40).map(|index| {
        let server = servers[index % 2].clone();
        tokio::spawn(async move { server.send(keyed("k", 1)).await })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(reply) => answers.push(reply),
            Err(RecordError::IdempotencyInFlight) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(answers.iter().filter(|reply| !reply.replayed).count(), 1);
    assert!(
        answers
            .iter()
            .all(|reply| reply.answer == answers[0].answer)
    );
    assert_eq!(ledger.lines("message").len(), 1);
}

#[tokio::test]
async fn a_call_that_recorded_nothing_may_be_made_again() {
    let ledger = TestLedger::start();
    let to_nowhere = || {
        let mut call = keyed("k", 1);
        call.messages[0].campaign = "late".to_owned();
        call
    };
    let refused = ledger.recorder.send(to_nowhere()).await.unwrap();
    assert_eq!(refused.answer.body, "unknown campaign");
    ledger.execute("UPDATE campaigns SET name = 'late'");
    let taken = ledger.recorder.send(to_nowhere()).await.unwrap();
    assert!(
        !taken.replayed && taken.answer.body.starts_with("recorded"),
        "{taken:?}"
    );
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_week() {
    let ledger = TestLedger::start();
    ledger.recorder.send(keyed("k", 1)).await.unwrap();
    let conn = &mut ledger.database.connect();
    assert_eq!(prune::run(conn, Utc::now()).unwrap(), 0);
    let later = Utc::now() + prune::IDEMPOTENCY_KEYS_KEPT;
    assert_eq!(prune::run(conn, later).unwrap(), 1);
    assert!(!ledger.recorder.send(keyed("k", 1)).await.unwrap().replayed);
}
