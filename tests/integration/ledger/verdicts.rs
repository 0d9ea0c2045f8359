//! People's verdicts on subscribers' texts, and what follows from them.

use crate::support::eventually::eventually;
use crate::support::ledger::*;
use crate::support::proxy::{Proxy, Way};
use chrono::{DateTime, Utc};
use std::time::Duration;
use textrail::domain::opt_out::{Intent, Scope};
use textrail::domain::phone::PhoneNumber;
use textrail::ledger::facts::*;
use textrail::ledger::opt_outs::is_opted_out;
use textrail::ledger::review;
use uuid::Uuid;

fn written(text: &str, minute: u32) -> NewInbound {
    let at: DateTime<Utc> = format!("2026-01-01T10:{minute:02}:00Z").parse().unwrap();
    NewInbound {
        received_at: Some(at),
        ..new_inbound(ALICE, text)
    }
}

fn verdict(inbound_id: Uuid, intent: Intent) -> NewVerdict {
    NewVerdict {
        id: Uuid::now_v7(),
        inbound_id,
        intent,
        reason: Some("read it".to_owned()),
        actor: "reviewer".to_owned(),
    }
}

struct Scene {
    ledger: TestLedger,
}

impl Scene {
    fn new() -> Self {
        Self {
            ledger: TestLedger::start(),
        }
    }

    /// Alice writes; the id of what she wrote.
    async fn writes(&self, text: &str, minute: u32) -> Uuid {
        let inbound = written(text, minute);
        let id = inbound.id;
        self.ledger.recorder.inbound(vec![inbound]).await.unwrap();
        id
    }

    async fn decides(&self, inbound_id: Uuid, intent: Intent) -> VerdictReply {
        let verdict = verdict(inbound_id, intent);
        self.ledger.recorder.verdict(verdict).await.unwrap()
    }

    async fn wishes_over_the_api(&self, opted_out: bool) {
        let wish = NewOptOut {
            id: Uuid::now_v7(),
            number: PhoneNumber::parse(ALICE).unwrap(),
            scope: Scope::Sender(new_message(ALICE, "").from),
            opted_out,
            reason: None,
            actor: "test".to_owned(),
        };
        self.ledger.recorder.opt_outs(vec![wish]).await.unwrap();
    }

    fn is_opted_out(&self) -> bool {
        is_opted_out(&mut self.ledger.database.connect(), ALICE, SENDER).unwrap()
    }

    fn actions(&self) -> Vec<String> {
        let lines = self.ledger.lines("opt_out");
        let action = |line: &serde_json::Value| line["action"].as_str().unwrap().to_owned();
        lines.iter().map(action).collect()
    }
}

#[tokio::test]
async fn a_possible_stop_that_is_one_opts_out_from_when_it_was_written() {
    let scene = Scene::new();
    let message = scene.ledger.message(ALICE).await;
    let id = scene.writes("STOP 12345", 5).await;
    assert!(!scene.is_opted_out());

    assert_eq!(
        scene.decides(id, Intent::Stop).await,
        VerdictReply::Recorded
    );

    assert!(scene.is_opted_out());
    let wishes = scene.ledger.lines("opt_out");
    assert_eq!(wishes.len(), 1);
    for (field, value) in [
        ("action", "opt_out"),
        ("source", "api"),
        ("source_event_id", &id.to_string()),
        ("sender", SENDER),
        ("reason", "read it"),
        ("actor", "reviewer"),
        ("country", "AT"),
        ("message_id", &message.to_string()),
        ("effective_at", "2026-01-01T10:05:00.000000Z"),
    ] {
        assert_eq!(wishes[0][field], value, "{field}");
    }
}

#[tokio::test]
async fn what_waits_is_listed_page_by_page_until_somebody_decided() {
    let scene = Scene::new();
    let mut ids = Vec::new();
    for text in ["STOP 1", "Hello", "stop it", "STOP"] {
        ids.push(scene.writes(text, 1).await);
    }
    let conn = &mut scene.ledger.database.connect();
    let first = review::waiting(conn, Uuid::nil(), 1).unwrap();
    assert_eq!((first[0].id, first[0].body.as_str()), (ids[0], "STOP 1"));
    assert_eq!(first[0].from_number, ALICE);
    assert_eq!(first[0].intent_reason.as_deref(), Some("word_and_number"));
    let second = review::waiting(conn, ids[0], 10).unwrap();
    assert_eq!(
        second.iter().map(|one| one.id).collect::<Vec<_>>(),
        [ids[2]]
    );

    scene.decides(ids[0], Intent::None).await;
    scene.decides(ids[3], Intent::Help).await;

    assert_eq!(review::waiting(conn, Uuid::nil(), 10).unwrap(), second);
    let reviewed = review::reviewed(conn, "possible_stop", Uuid::nil(), 10).unwrap();
    assert_eq!(reviewed.len(), 1);
    assert_eq!(reviewed[0].id, ids[0]);
    assert_eq!(reviewed[0].reviewed_intent.as_deref(), Some("none"));
    assert_eq!(reviewed[0].reviewer.as_deref(), Some("reviewer"));
    let overturned = review::reviewed(conn, "stop", Uuid::nil(), 10).unwrap();
    assert_eq!(overturned[0].id, ids[3]);
}

#[tokio::test]
async fn a_wrong_stop_is_taken_back_and_its_history_kept() {
    let scene = Scene::new();
    let message = scene.ledger.message(ALICE).await;
    let id = scene.writes("cancel", 5).await;
    assert!(scene.is_opted_out());
    let reply = |scene: &Scene| {
        let steps = scene.ledger.journey(message).steps;
        format!("{:?}", steps.last().unwrap().what)
    };
    assert!(reply(&scene).contains(r#"intent: "stop""#));

    scene.decides(id, Intent::None).await;
    assert!(!scene.is_opted_out());
    assert!(
        reply(&scene).contains(r#"intent: "none""#),
        "{}",
        reply(&scene)
    );
    scene.decides(id, Intent::Stop).await;
    assert!(scene.is_opted_out());
    scene.decides(id, Intent::Help).await;
    assert!(!scene.is_opted_out());

    assert_eq!(scene.actions(), ["opt_out", "opt_in", "opt_out", "opt_in"]);
    assert_eq!(scene.ledger.count("inbound_verdicts"), 3);
    let first =
        "inbound_verdicts WHERE overturned = 'stop' AND intent = 'none' AND actor = 'reviewer'";
    assert_eq!(scene.ledger.count(first), 1);
    let own = "inbound_messages WHERE intent = 'stop' AND intent_reason = 'whole_message'";
    assert_eq!(scene.ledger.count(own), 1, "the machine's verdict stays");
}

#[tokio::test]
async fn the_same_verdict_again_changes_nothing_whatever_was_wished_since() {
    let scene = Scene::new();
    let id = scene.writes("STOP 1", 5).await;
    assert_eq!(
        scene.decides(id, Intent::Stop).await,
        VerdictReply::Recorded
    );
    scene.writes("START", 6).await;
    assert!(!scene.is_opted_out());

    assert_eq!(
        scene.decides(id, Intent::Stop).await,
        VerdictReply::Unchanged
    );

    assert!(!scene.is_opted_out());
    assert_eq!(scene.actions(), ["opt_out", "opt_in"]);
    assert_eq!(scene.ledger.count("inbound_verdicts"), 1);
}

/// It changed nothing when it came, since the wish stood already; it is why the wish stands now.
#[tokio::test]
async fn a_wrong_stop_that_something_else_repeated_is_not_taken_back() {
    let by_text = Scene::new();
    let wrong = by_text.writes("cancel", 5).await;
    by_text.writes("STOP", 6).await;
    by_text.decides(wrong, Intent::None).await;
    assert!(by_text.is_opted_out());

    let over_the_api = Scene::new();
    let wrong = over_the_api.writes("cancel", 5).await;
    over_the_api.wishes_over_the_api(true).await;
    over_the_api.decides(wrong, Intent::None).await;
    assert!(over_the_api.is_opted_out());
    assert_eq!(over_the_api.actions(), ["opt_out"]);
    // Who wants messages again says so, and after that all begins anew.
    over_the_api.wishes_over_the_api(false).await;
    let wrong = over_the_api.writes("quit", 7).await;
    over_the_api.decides(wrong, Intent::None).await;
    assert!(!over_the_api.is_opted_out());
}

#[tokio::test]
async fn a_wrong_stop_after_which_something_else_was_wished_changes_nothing() {
    let scene = Scene::new();
    let wrong = scene.writes("cancel", 5).await;
    scene.writes("START", 6).await;
    let right = scene.writes("STOP", 7).await;
    scene.decides(wrong, Intent::None).await;
    assert!(scene.is_opted_out(), "another STOP made it stand");
    scene.decides(right, Intent::None).await;
    assert!(!scene.is_opted_out());
}

#[tokio::test]
async fn a_wrong_start_is_taken_back_as_well() {
    let scene = Scene::new();
    scene.writes("STOP", 5).await;
    let wrong = scene.writes("yes", 6).await;
    assert!(!scene.is_opted_out());
    scene.decides(wrong, Intent::None).await;
    assert!(scene.is_opted_out());
    scene.decides(wrong, Intent::Help).await;
    assert_eq!(scene.actions(), ["opt_out", "opt_in", "opt_out"]);
}

#[tokio::test]
async fn a_stop_that_was_a_start_opts_in() {
    let scene = Scene::new();
    let id = scene.writes("end", 5).await;
    scene.decides(id, Intent::Start).await;
    assert!(!scene.is_opted_out());
    assert_eq!(scene.actions(), ["opt_out", "opt_in"]);
}

#[tokio::test]
async fn a_start_that_arrives_late_does_not_undo_a_stop_that_was_repeated_after_it() {
    let scene = Scene::new();
    scene.writes("STOP", 5).await;
    scene.writes("STOP", 8).await;
    scene.writes("START", 6).await;
    assert!(scene.is_opted_out());
    scene.writes("START", 9).await;
    assert!(!scene.is_opted_out());
}

#[tokio::test]
async fn verdicts_on_one_text_at_once_leave_the_one_that_was_noted_last() {
    let mut scene = Scene::new();
    let other = scene.ledger.another_recorder();
    let id = scene.writes("STOP 1", 5).await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let recorder = [scene.ledger.recorder.clone(), other.clone()][number % 2].clone();
        let intent = [Intent::Stop, Intent::None][number / 2 % 2];
        tasks.push(tokio::spawn(async move {
            let verdict = NewVerdict {
                id: Uuid::now_v7(),
                inbound_id: id,
                intent,
                reason: Some(number.to_string()),
                actor: "reviewer".to_owned(),
            };
            recorder.verdict(verdict).await.unwrap()
        }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), VerdictReply::Recorded);
    }
    let stands = "inbound_messages WHERE reviewed_intent = 'stop'";
    assert_eq!(scene.is_opted_out(), scene.ledger.count(stands) == 1);
    assert_eq!(scene.ledger.count("inbound_verdicts"), 20);
    assert_eq!(
        scene.decides(Uuid::now_v7(), Intent::Stop).await,
        VerdictReply::UnknownInbound
    );
}

/// Its answer is lost, somebody else decides, and then it is repeated: it was noted, and stood until then.
#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_whose_commit_was_unknown_is_noted_once_and_overturns_nobody() {
    let scene = Scene::new();
    let url = scene.ledger.database.url();
    let proxy = Proxy::before(&url);
    let behind_proxy = scene.ledger.server_with(|settings| {
        settings.connection.url = proxy.url(&url);
    });
    let (recorder, _threads) = behind_proxy;
    let id = scene.writes("STOP 1", 5).await;
    proxy.set(Way::CutAtCommit);
    let first = tokio::spawn(async move { recorder.verdict(verdict(id, Intent::Stop)).await });
    let noted = async || (scene.ledger.count("inbound_verdicts") == 1).then_some(());
    eventually("it is noted", Duration::from_secs(30), noted).await;
    assert_eq!(
        scene.decides(id, Intent::None).await,
        VerdictReply::Recorded
    );

    proxy.set(Way::Open);

    assert_eq!(first.await.unwrap().unwrap(), VerdictReply::Recorded);
    assert!(!scene.is_opted_out(), "the other verdict stands");
    assert_eq!(scene.ledger.count("inbound_verdicts"), 2);
    assert_eq!(scene.actions(), ["opt_out", "opt_in"]);
}
