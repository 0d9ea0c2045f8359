//! Replies, and the wishes in them.

use crate::support::ledger::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use textrail::domain::opt_out::{ExtraWords, Intent, OptOutRules, Scope};
use textrail::domain::phone::PhoneNumber;
use textrail::ledger::facts::{NewInbound, NewOptOut};
use textrail::ledger::opt_outs;
use uuid::Uuid;

#[tokio::test]
async fn a_reply_is_attached_to_the_last_message_and_recorded_once() {
    let ledger = TestLedger::start();
    ledger.message(ALICE).await;
    let last = ledger.message(ALICE).await;
    ledger.message(BOB).await;
    let reply = NewInbound {
        gateway_message_id: Some("in-1".to_owned()),
        ..new_inbound(ALICE, "Thanks!")
    };

    let first = ledger.recorder.inbound(vec![reply.clone()]).await.unwrap();
    let again = NewInbound {
        id: Uuid::now_v7(),
        ..reply
    };
    let second = ledger.recorder.inbound(vec![again]).await.unwrap();

    assert_eq!(first[0].message_id, Some(last));
    assert!(!first[0].duplicate && second[0].duplicate);
    let lines = ledger.lines("inbound");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message_id"], last.to_string());
    assert_eq!(lines[0]["campaign"], CAMPAIGN);
    assert!(!lines[0].to_string().contains("Thanks"));
}

#[tokio::test]
async fn stop_suppresses_what_comes_after_it_and_start_lifts_it() {
    let ledger = TestLedger::start();
    let id = ledger.message(ALICE).await;

    let stop = ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "Stop.")])
        .await
        .unwrap();
    assert_eq!(stop[0].intent, Intent::Stop);
    let reply = ledger
        .recorder
        .send(call(vec![new_message(ALICE, "Hi")]))
        .await
        .unwrap();
    assert_eq!(reply.answer.body, "suppressed");
    let other = ledger
        .recorder
        .send(call(vec![new_message(BOB, "Hi")]))
        .await
        .unwrap();
    assert_eq!(other.answer.body, "recorded Hi");

    // A second STOP changes nothing that stands, so it is no event.
    ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "STOP")])
        .await
        .unwrap();
    ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "start")])
        .await
        .unwrap();
    let reply = ledger
        .recorder
        .send(call(vec![new_message(ALICE, "Hi")]))
        .await
        .unwrap();
    assert_eq!(reply.answer.body, "recorded Hi");

    let wishes = ledger.lines("opt_out");
    let actions: Vec<_> = wishes
        .iter()
        .map(|line| line["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["opt_out", "opt_in"]);
    assert_eq!(wishes[0]["message_id"], id.to_string());
    assert_eq!(wishes[0]["source"], "keyword");
    let suppressed: Vec<_> = ledger
        .lines("message")
        .into_iter()
        .filter(|line| line["outcome"] == "suppressed")
        .collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppression_reason"], "opted_out");
}

#[tokio::test]
async fn an_answered_opt_out_counts_on_every_server() {
    let mut ledger = TestLedger::start();
    let other = ledger.another_recorder();
    for round in 0..20 {
        let wish = |opted_out| NewOptOut {
            id: Uuid::now_v7(),
            number: PhoneNumber::parse(ALICE).unwrap(),
            scope: Scope::All,
            opted_out,
            reason: Some("asked by mail".to_owned()),
            actor: "test".to_owned(),
        };
        ledger.recorder.opt_outs(vec![wish(true)]).await.unwrap();
        let reply = other
            .send(call(vec![new_message(ALICE, "Hi")]))
            .await
            .unwrap();
        assert_eq!(reply.answer.body, "suppressed", "round {round}");
        other.opt_outs(vec![wish(false)]).await.unwrap();
        let reply = ledger
            .recorder
            .send(call(vec![new_message(ALICE, "Hi")]))
            .await
            .unwrap();
        assert_eq!(reply.answer.body, "recorded Hi", "round {round}");
    }
    let all = opt_outs::Reading {
        since: None,
        after: None,
        limit: 10,
    };
    let standing = opt_outs::list(&mut ledger.database.connect(), all).unwrap();
    assert_eq!(standing.len(), 1);
    assert!(!standing[0].opted_out);
    assert_eq!(standing[0].sender, "*");
    assert_eq!(ledger.lines("opt_out").len(), 40);
}

#[tokio::test]
async fn a_start_that_arrives_late_does_not_undo_the_stop_after_it() {
    let ledger = TestLedger::start();
    let written = |text, time: &str| NewInbound {
        received_at: Some(time.parse().unwrap()),
        ..new_inbound(ALICE, text)
    };
    ledger
        .recorder
        .inbound(vec![written("STOP", "2026-01-01T10:05:00Z")])
        .await
        .unwrap();
    ledger
        .recorder
        .inbound(vec![written("START", "2026-01-01T10:00:00Z")])
        .await
        .unwrap();

    let reply = ledger
        .recorder
        .send(call(vec![new_message(ALICE, "Hi")]))
        .await
        .unwrap();

    assert_eq!(reply.answer.body, "suppressed");
    assert_eq!(ledger.lines("opt_out").len(), 1);
}

#[tokio::test]
async fn a_wish_that_is_written_again_undoes_nothing() {
    // What a retry after an unknown commit does: the same id comes again.
    let ledger = TestLedger::start();
    ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "STOP")])
        .await
        .unwrap();
    let opt_in = NewOptOut {
        id: Uuid::now_v7(),
        number: PhoneNumber::parse(ALICE).unwrap(),
        scope: Scope::Sender(new_message(ALICE, "").from),
        opted_out: false,
        reason: None,
        actor: "test".to_owned(),
    };
    ledger
        .recorder
        .opt_outs(vec![opt_in.clone()])
        .await
        .unwrap();
    ledger
        .recorder
        .inbound(vec![new_inbound(ALICE, "Stop!")])
        .await
        .unwrap();

    ledger.recorder.opt_outs(vec![opt_in]).await.unwrap();

    let reply = ledger
        .recorder
        .send(call(vec![new_message(ALICE, "Hi")]))
        .await
        .unwrap();
    assert_eq!(reply.answer.body, "suppressed");
    assert_eq!(ledger.lines("opt_out").len(), 3);
}

/// What a word means depends on where the subscriber's number belongs, and on what the operator says.
#[tokio::test]
async fn a_verdict_is_stored_with_its_reason_and_its_rule_set() {
    let mut ledger = TestLedger::start();
    let extra = |stop: &str| ExtraWords {
        stop: vec![stop.to_owned()],
        ..ExtraWords::default()
    };
    let words = BTreeMap::from([("FR".to_owned(), extra("Plus rien"))]);
    let rules = Arc::new(OptOutRules::new(&words).unwrap());
    let name = rules.name().to_owned();
    let recorder = ledger.recorder_with(|settings| settings.opt_out_rules = rules);
    let french = "+33612345678";
    for (from, intent) in [(french, Intent::Stop), (ALICE, Intent::None)] {
        let reply = recorder
            .inbound(vec![new_inbound(from, "plus  RIEN.")])
            .await;
        assert_eq!(reply.unwrap()[0].intent, intent, "{from}");
    }
    let built_in = ledger.recorder.inbound(vec![new_inbound(french, "Stop")]);
    assert_eq!(built_in.await.unwrap()[0].intent, Intent::Stop);

    let stored = "inbound_messages WHERE intent = 'stop' AND intent_reason = 'whole_message'";
    for ruleset in [name.as_str(), "words-2"] {
        let of_ruleset = format!("{stored} AND ruleset = '{ruleset}'");
        assert_eq!(ledger.count(&of_ruleset), 1, "{ruleset}");
    }
    let lines = ledger.lines("inbound");
    let told: Vec<&str> = lines
        .iter()
        .map(|line| line["ruleset"].as_str().unwrap())
        .collect();
    assert_eq!(told, [&name, &name, "words-2"]);
    assert_ne!(name, "words-2");
}
