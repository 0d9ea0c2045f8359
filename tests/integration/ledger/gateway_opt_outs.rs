//! What a gateway knows of opt-outs (Twilio's 21610, MessageBird's 103) holds here, too.

use crate::support::ledger::*;
use textrail::domain::opt_out::Scope;
use textrail::domain::phone::PhoneNumber;
use textrail::domain::status::{ErrorClass, Status};
use textrail::ledger::facts::*;
use textrail::ledger::opt_outs::is_opted_out;
use uuid::Uuid;

/// A receipt that says so.
fn opted_out() -> NewReceipt {
    NewReceipt {
        error_code: Some("21610".to_owned()),
        error_class: Some(ErrorClass::OptedOut),
        permanent: Some(true),
        gateway_time: Some("2026-01-01T10:00:00Z".parse().unwrap()),
        ..new_receipt(Status::Undelivered)
    }
}

fn about(message_id: Uuid) -> NewReceipt {
    NewReceipt {
        message_id: Some(message_id),
        ..opted_out()
    }
}

fn refused(message_id: Uuid) -> NewSubmission {
    NewSubmission {
        outcome: SubmissionOutcome::Refused,
        error_code: Some("21610".to_owned()),
        error_class: Some(ErrorClass::OptedOut),
        ..new_submission(message_id, "gw-9")
    }
}

fn opt_in(number: &str) -> NewOptOut {
    NewOptOut {
        id: Uuid::now_v7(),
        number: PhoneNumber::parse(number).unwrap(),
        scope: Scope::Sender(new_message(number, "").from),
        opted_out: false,
        reason: None,
        actor: "test".to_owned(),
    }
}

async fn next_send(ledger: &TestLedger, to: &str) -> String {
    let sent = ledger
        .recorder
        .send(call(vec![new_message(to, "Hi")]))
        .await;
    sent.unwrap().answer.body
}

#[tokio::test]
async fn a_receipt_of_an_opt_out_suppresses_what_comes_after_it() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let receipt = about(id);

    ledger
        .recorder
        .receipts(vec![receipt.clone()])
        .await
        .unwrap();

    assert_eq!(next_send(&ledger, ALICE).await, "suppressed");
    assert_eq!(next_send(&ledger, BOB).await, "recorded Hi");
    let wishes = ledger.lines("opt_out");
    assert_eq!(wishes.len(), 1);
    for (field, value) in [
        ("action", "opt_out"),
        ("scope", "sender"),
        ("sender", SENDER),
        ("source", "gateway"),
        ("source_event_id", &receipt.id.to_string()),
        ("message_id", &id.to_string()),
        ("reason", "21610"),
        ("actor", GATEWAY),
        ("effective_at", "2026-01-01T10:00:00.000000Z"),
    ] {
        assert_eq!(wishes[0][field], value, "{field}");
    }
}

#[tokio::test]
async fn it_counts_once_however_often_it_is_told_and_undoes_no_later_opt_in() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    ledger
        .recorder
        .receipts(vec![about(id), about(id)])
        .await
        .unwrap();
    ledger.recorder.opt_outs(vec![opt_in(ALICE)]).await.unwrap();

    ledger.recorder.receipts(vec![about(id)]).await.unwrap();

    assert_eq!(next_send(&ledger, ALICE).await, "recorded Hi");
    assert_eq!(ledger.lines("opt_out").len(), 2);
}

/// As with a STOP: a wrong opt-out is a lost sale, a wrong opt-in a broken promise.
#[tokio::test]
async fn one_that_is_older_than_a_standing_opt_in_follows_the_rule_of_a_late_stop() {
    let ledger = TestLedger::start();
    let (by_text, by_gateway) = (ledger.message(ALICE).await, ledger.message(BOB).await);
    for number in [ALICE, BOB] {
        let stop = vec![new_inbound(number, "STOP")];
        ledger.recorder.inbound(stop).await.unwrap();
        ledger
            .recorder
            .opt_outs(vec![opt_in(number)])
            .await
            .unwrap();
    }
    assert_ne!(by_text, by_gateway);
    let late_stop = NewInbound {
        received_at: opted_out().gateway_time,
        ..new_inbound(ALICE, "STOP")
    };
    ledger.recorder.inbound(vec![late_stop]).await.unwrap();
    ledger
        .recorder
        .receipts(vec![about(by_gateway)])
        .await
        .unwrap();

    let of_text = next_send(&ledger, ALICE).await;
    assert_eq!(next_send(&ledger, BOB).await, of_text);
    assert_eq!(of_text, "suppressed");
}

#[tokio::test]
async fn one_that_was_parked_holds_once_its_message_is_known() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let early = NewReceipt {
        gateway_message_id: Some("gw-1".to_owned()),
        ..opted_out()
    };
    let receipt_id = early.id.to_string();
    let reply = ledger.recorder.receipts(vec![early]).await.unwrap();
    assert_eq!(reply, [ReceiptReply::Parked]);
    assert_eq!(ledger.count("opt_outs"), 0, "nobody knows whose it is");

    let submission = new_submission(id, "gw-1");
    ledger.recorder.submissions(vec![submission]).await.unwrap();

    assert_eq!(next_send(&ledger, ALICE).await, "suppressed");
    let wish = &ledger.lines("opt_out")[0];
    assert_eq!(wish["source_event_id"], receipt_id);
    assert_eq!(wish["effective_at"], "2026-01-01T10:00:00.000000Z");
}

#[tokio::test]
async fn one_that_repeats_what_the_message_knows_tells_nothing_new_when_it_is_taken_in() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let early = NewReceipt {
        gateway_message_id: Some("gw-1".to_owned()),
        ..opted_out()
    };
    let twin = NewReceipt {
        id: Uuid::now_v7(),
        message_id: Some(id),
        ..early.clone()
    };
    ledger.recorder.receipts(vec![early]).await.unwrap();
    ledger.recorder.receipts(vec![twin]).await.unwrap();
    ledger.recorder.opt_outs(vec![opt_in(ALICE)]).await.unwrap();

    let submission = new_submission(id, "gw-1");
    ledger.recorder.submissions(vec![submission]).await.unwrap();

    assert_eq!(ledger.count("repeated_receipts"), 1);
    assert_eq!(next_send(&ledger, ALICE).await, "recorded Hi");
}

#[tokio::test]
async fn a_submission_that_was_refused_for_it_opts_out_once() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let other = ledger.message(BOB).await;
    let submission = refused(id);
    let taken_all_the_same = NewSubmission {
        outcome: SubmissionOutcome::Accepted,
        ..refused(other)
    };
    let fact_id = submission.id.to_string();
    ledger
        .recorder
        .submissions(vec![submission, taken_all_the_same])
        .await
        .unwrap();
    assert_eq!(next_send(&ledger, ALICE).await, "suppressed");
    assert_eq!(next_send(&ledger, BOB).await, "recorded Hi");
    ledger.recorder.opt_outs(vec![opt_in(ALICE)]).await.unwrap();
    ledger
        .recorder
        .submissions(vec![refused(id)])
        .await
        .unwrap();

    assert_eq!(next_send(&ledger, ALICE).await, "recorded Hi");
    let wishes = ledger.lines("opt_out");
    assert_eq!(wishes.len(), 2);
    assert_eq!(wishes[0]["source_event_id"], fact_id);
    assert_eq!(wishes[0]["reason"], "21610");
    let line = &ledger.lines("submission")[0];
    assert_eq!(line["error_class"], "opted_out");
}

#[tokio::test]
async fn a_gateways_clock_that_is_ahead_is_not_believed() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;
    let ahead = NewReceipt {
        gateway_time: Some("2126-01-01T00:00:00Z".parse().unwrap()),
        ..about(id)
    };
    ledger.recorder.receipts(vec![ahead]).await.unwrap();

    // Else no opt-in would count for a hundred years.
    ledger.recorder.opt_outs(vec![opt_in(ALICE)]).await.unwrap();

    let conn = &mut ledger.database.connect();
    assert!(!is_opted_out(conn, ALICE, SENDER).unwrap());
}
