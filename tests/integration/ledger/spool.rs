//! PostgreSQL goes away and comes back: what was answered meanwhile is in the ledger once.

use crate::support::eventually::eventually;
use crate::support::ledger::*;
use crate::support::proxy::{Proxy, Way};
use diesel::connection::SimpleConnection;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use textrail::domain::status::Status;
use textrail::ledger::facts::*;
use textrail::ledger::recorder::{Recorder, RecorderThreads};
use textrail::ledger::spool::{Survey, survey};

const PATIENCE: Duration = Duration::from_secs(30);

struct Scene {
    ledger: TestLedger,
    proxy: Proxy,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let ledger = TestLedger::start();
        Self {
            proxy: Proxy::before(&ledger.database.url()),
            ledger,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A server behind the proxy, with the scene's spool.
    fn server(&self) -> (Recorder, RecorderThreads) {
        self.server_at(self.folder.path())
    }

    fn server_at(&self, spool: &Path) -> (Recorder, RecorderThreads) {
        let url = self.proxy.url(&self.ledger.database.url());
        self.ledger.server_with(|settings| {
            settings.connection.url = url;
            settings.spool = Some(spool_at(spool));
        })
    }

    fn spooled(&self) -> Survey {
        survey(self.folder.path()).unwrap()
    }

    async fn drained(&self) {
        eventually("the spool is drained", PATIENCE, async || {
            (self.spooled().waiting() == 0).then_some(())
        })
        .await;
    }

    /// How many log lines of a kind there are.
    fn told(&self, kind: &str) -> usize {
        self.ledger.lines(kind).len()
    }
}

fn inbound(body: &str, id: &str) -> NewInbound {
    NewInbound {
        gateway_message_id: Some(id.to_owned()),
        ..new_inbound(ALICE, body)
    }
}

async fn say(recorder: &Recorder, body: &str, id: &str) -> InboundReply {
    recorder.inbound(vec![inbound(body, id)]).await.unwrap()[0]
}

/// Sends until the recorder takes it.
async fn send_when_taken(recorder: &Recorder) -> String {
    let reply = eventually("sends are taken again", PATIENCE, async || {
        let call = call(vec![new_message(ALICE, "Hi")]);
        recorder.send(call).await.ok()
    });
    reply.await.answer.body
}

#[tokio::test]
async fn a_stop_that_came_while_postgresql_was_away_holds_for_the_first_send_after() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    let id = scene.ledger.message(ALICE).await;
    scene.proxy.set(Way::Cut);

    let stop = say(&recorder, "STOP", "in-1").await;
    assert!(stop.spooled && stop.intent.as_str() == "stop", "{stop:?}");
    let receipt = NewReceipt {
        message_id: Some(id),
        ..new_receipt(Status::Delivered)
    };
    let replies = recorder.receipts(vec![receipt]).await.unwrap();
    assert_eq!(replies, [ReceiptReply::Spooled]);
    let refused = recorder.send(call(vec![new_message(ALICE, "Hi")])).await;
    assert!(
        matches!(refused, Err(RecordError::NotTaken(NotTaken::LedgerAway))),
        "{refused:?}"
    );
    let spooled = scene.spooled();
    assert_eq!((spooled.facts["inbound"], spooled.facts["receipt"]), (1, 1));

    scene.proxy.set(Way::Open);
    assert_eq!(send_when_taken(&recorder).await, "suppressed");
    scene.drained().await;
    assert_eq!(scene.ledger.journey(id).status, "delivered");
    for kind in ["inbound", "opt_out", "receipt"] {
        assert_eq!(scene.told(kind), 1, "{kind}");
    }
}

#[tokio::test]
async fn stop_and_start_keep_their_order_through_the_spool_and_past_it() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    scene.proxy.set(Way::Cut);
    for (number, body) in ["STOP", "START", "STOP", "START", "STOP"]
        .iter()
        .enumerate()
    {
        say(&recorder, body, &format!("away-{number}")).await;
    }
    scene.proxy.set(Way::Open);
    // These come while the spool drains: behind what is in it, and one after the other.
    for number in 0..100 {
        let body = if number % 2 == 0 { "START" } else { "STOP" };
        say(&recorder, body, &format!("later-{number}")).await;
    }
    scene.drained().await;
    let actions: Vec<_> = scene
        .ledger
        .lines("opt_out")
        .iter()
        .map(|line| line["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        actions.len(),
        105,
        "each changed what stood: none was overtaken"
    );
    assert!(actions.chunks(2).all(|pair| pair[0] == "opt_out"));
}

#[tokio::test]
async fn what_a_killed_server_left_is_recorded_by_the_next_one_once() {
    let scene = Scene::new();
    let (recorder, threads) = scene.server();
    scene.proxy.set(Way::Cut);
    for number in 0..20 {
        say(&recorder, "Hello", &format!("in-{number}")).await;
    }
    drop(recorder);
    threads.join();
    // As after a kill between the commit and the removal of the segment: all of it comes twice, the
    // second time so late that fingerprints were pruned.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(scene.folder.path()).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    scene.proxy.set(Way::Open);

    let (_recorder, _threads) = scene.server();
    scene.drained().await;
    assert_eq!(scene.told("inbound"), 20);
    scene.ledger.execute("DELETE FROM seen_facts");
    let (_second, _threads) = scene.server_at(copy.path());
    eventually("the copy is drained", PATIENCE, async || {
        (survey(copy.path()).unwrap().waiting() == 0).then_some(())
    })
    .await;
    assert_eq!(scene.told("inbound"), 20);
    assert_eq!(survey(copy.path()).unwrap().refused_facts, 0);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_with_the_server_is_not_written_twice() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    let id = scene.ledger.message(ALICE).await;
    // The lanes connect.
    say(&recorder, "Hello", "in-0").await;
    let receipt = |status| {
        vec![NewReceipt {
            message_id: Some(id),
            ..new_receipt(status)
        }]
    };
    recorder.receipts(receipt(Status::Sent)).await.unwrap();

    scene.proxy.set(Way::CutAtCommit);
    let stop = say(&recorder, "STOP", "in-1").await;
    assert!(stop.spooled, "its COMMIT has no answer");
    assert_eq!(scene.proxy.way(), Way::Cut);
    eventually("the lost COMMIT took place", PATIENCE, async || {
        (scene.told("inbound") == 2).then_some(())
    })
    .await;
    scene.proxy.set(Way::Open);
    scene.drained().await;
    scene.proxy.set(Way::CutAtCommit);
    let delivered = recorder.receipts(receipt(Status::Delivered)).await.unwrap();
    assert_eq!(delivered, [ReceiptReply::Spooled]);
    scene.proxy.set(Way::Open);
    scene.drained().await;

    assert_eq!((scene.told("inbound"), scene.told("opt_out")), (2, 1));
    assert_eq!(scene.told("receipt"), 2);
    assert_eq!(scene.ledger.journey(id).status, "delivered");
}

#[tokio::test]
async fn a_ledger_that_swallows_everything_costs_the_first_callers_seconds_and_the_next_none() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    say(&recorder, "Hello", "in-0").await;
    scene.proxy.set(Way::Silent);

    assert!(say(&recorder, "Hello", "in-1").await.spooled);
    let started = Instant::now();
    assert!(say(&recorder, "Hello", "in-2").await.spooled);
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    let refused = recorder.send(call(vec![new_message(ALICE, "Hi")])).await;
    assert!(
        matches!(refused, Err(RecordError::NotTaken(_))),
        "{refused:?}"
    );

    scene.proxy.set(Way::Open);
    send_when_taken(&recorder).await;
    scene.drained().await;
    assert_eq!(scene.told("inbound"), 3);
}

#[tokio::test]
async fn a_fact_that_the_ledger_refuses_is_kept_aside_and_the_others_are_recorded() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    scene
        .ledger
        .execute("ALTER TABLE inbound_messages ADD CONSTRAINT no_poison CHECK (body <> 'poison')");
    scene.proxy.set(Way::Cut);
    for (number, body) in ["one", "poison", "two"].iter().enumerate() {
        assert!(say(&recorder, body, &format!("in-{number}")).await.spooled);
    }
    scene.proxy.set(Way::Open);
    send_when_taken(&recorder).await;
    scene.drained().await;
    assert_eq!(scene.told("inbound"), 2);
    assert_eq!(scene.spooled().refused_facts, 1);
    let kept = scene.folder.path().join("refused/inbound.jsonl");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        kept.contains("no_poison") && kept.contains("poison"),
        "{kept}"
    );
}

/// Its receipts cannot be recorded, since somebody holds its row; all others are, and it is once the
/// row is free.
#[tokio::test]
async fn a_row_that_somebody_holds_does_not_hold_up_the_spool() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    let held = scene.ledger.message(ALICE).await;
    let free = scene.ledger.message(BOB).await;
    let mut holder = scene.ledger.database.connect();
    scene.proxy.set(Way::Cut);
    for id in [held, free] {
        let receipt = NewReceipt {
            message_id: Some(id),
            ..new_receipt(Status::Delivered)
        };
        recorder.receipts(vec![receipt]).await.unwrap();
    }
    holder
        .batch_execute(&format!(
            "BEGIN; SELECT 1 FROM messages WHERE id = '{held}' FOR UPDATE"
        ))
        .unwrap();
    scene.proxy.set(Way::Open);
    eventually("the free one is recorded", PATIENCE, async || {
        (scene.ledger.journey(free).status == "delivered").then_some(())
    })
    .await;
    assert_eq!(scene.ledger.journey(held).status, "recorded");
    eventually("the other one is kept", PATIENCE, async || {
        (scene.spooled().waiting() == 1).then_some(())
    })
    .await;
    assert_eq!(scene.spooled().refused_facts, 0);
    holder.batch_execute("COMMIT").unwrap();
    send_when_taken(&recorder).await;
}

/// A server may die at any moment while it drains: until the commit, the spool alone has the facts.
#[tokio::test]
async fn a_segment_stays_until_its_facts_are_committed() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    let id = scene.ledger.message(ALICE).await;
    scene.proxy.set(Way::Cut);
    let receipt = NewReceipt {
        message_id: Some(id),
        ..new_receipt(Status::Delivered)
    };
    recorder.receipts(vec![receipt]).await.unwrap();
    let mut holder = scene.ledger.database.connect();
    holder
        .batch_execute(&format!(
            "BEGIN; SELECT 1 FROM messages WHERE id = '{id}' FOR UPDATE"
        ))
        .unwrap();
    scene.proxy.set(Way::Open);
    eventually("its transaction is under way", PATIENCE, async || {
        let waits =
            "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (scene.ledger.count(waits) > 0).then_some(())
    })
    .await;
    assert_eq!(scene.spooled().waiting(), 1);
    holder.batch_execute("COMMIT").unwrap();
    eventually("it is recorded", PATIENCE, async || {
        (scene.ledger.journey(id).status == "delivered").then_some(())
    })
    .await;
}

/// Its writer was cut off in mid-transaction, say, and PostgreSQL does not know yet.
#[tokio::test]
async fn a_stop_whose_row_somebody_holds_is_not_overtaken_by_a_send() {
    let scene = Scene::new();
    let (recorder, threads) = scene.server();
    scene.ledger.message(ALICE).await;
    let mut holder = scene.ledger.database.connect();
    scene.proxy.set(Way::Cut);
    assert!(say(&recorder, "STOP", "in-1").await.spooled);
    let neighbour = new_inbound(BOB, "Hello");
    recorder.inbound(vec![neighbour]).await.unwrap();
    holder
        .batch_execute(&format!(
            "BEGIN;
             INSERT INTO opt_outs
                 (subscriber_id, sender, opted_out, source, effective_at, changed_at)
             SELECT id, '{SENDER}', true, 'api', now(), now() FROM subscribers WHERE number = '{ALICE}'"
        ))
        .unwrap();
    scene.proxy.set(Way::Open);
    let is_stuck = async |recorder: &Recorder| {
        let answer = recorder.send(call(vec![new_message(ALICE, "Hi")])).await;
        let stuck = matches!(answer, Err(RecordError::NotTaken(NotTaken::ReplyStuck)));
        assert!(
            stuck || matches!(answer, Err(RecordError::NotTaken(_))),
            "{answer:?}"
        );
        stuck.then_some(())
    };
    let told = "the neighbour's is recorded, the STOP set aside";
    eventually(told, PATIENCE, async || is_stuck(&recorder).await).await;
    assert_eq!((scene.told("inbound"), scene.spooled().waiting()), (1, 1));
    // Others' messages need not wait for it.
    let reply = recorder.inbound(vec![new_inbound(BOB, "Hello?")]).await;
    assert!(!reply.unwrap()[0].spooled);

    drop(recorder);
    threads.join();
    let (recorder, _threads) = scene.server();
    assert!(
        is_stuck(&recorder).await.is_some(),
        "the next process knows"
    );

    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(send_when_taken(&recorder).await, "suppressed");
    assert_eq!((scene.told("opt_out"), scene.spooled().waiting()), (1, 0));
}

#[tokio::test]
async fn a_full_spool_with_a_stuck_fact_is_drained() {
    let scene = Scene::new();
    let url = scene.proxy.url(&scene.ledger.database.url());
    let (recorder, _threads) = scene.ledger.server_with(|settings| {
        settings.connection.url = url;
        settings.spool = Some(spool_at(scene.folder.path()));
        settings.spool.as_mut().unwrap().max_bytes = 4_000;
    });
    let held = scene.ledger.message(ALICE).await;
    let mut holder = scene.ledger.database.connect();
    scene
        .ledger
        .execute("ALTER TABLE receipts ADD CONSTRAINT no_poison CHECK (raw_status <> 'poison')");
    let free = scene.ledger.message(BOB).await;
    let receipt = |message_id, raw: &str| NewReceipt {
        message_id: Some(message_id),
        raw_status: raw.to_owned(),
        ..new_receipt(Status::Delivered)
    };
    scene.proxy.set(Way::Cut);
    for first in [receipt(held, "ok"), receipt(free, "poison")] {
        recorder.receipts(vec![first]).await.unwrap();
    }
    let more = async || recorder.receipts(vec![receipt(free, "ok")]).await;
    while more().await.is_ok() {}
    holder
        .batch_execute(&format!(
            "BEGIN; SELECT 1 FROM messages WHERE id = '{held}' FOR UPDATE"
        ))
        .unwrap();
    scene.proxy.set(Way::Open);
    eventually("all but one are drained", PATIENCE, async || {
        (scene.spooled().waiting() == 1).then_some(())
    })
    .await;
    assert_eq!(scene.spooled().refused_facts, 1, "kept once");
    assert_eq!(scene.ledger.journey(free).status, "delivered");
    holder.batch_execute("COMMIT").unwrap();
}

/// As with a synchronous standby that is gone: PostgreSQL answers whoever asks, and commits nothing.
#[tokio::test]
async fn a_lane_that_is_full_since_commits_hang_hands_over_to_the_spool() {
    let scene = Scene::new();
    let id = scene.ledger.message(ALICE).await;
    let (recorder, _threads) = scene.ledger.server_with(|settings| {
        settings.queued_rows = 4;
        settings.spool = Some(spool_at(scene.folder.path()));
    });
    let receipt = |number: usize| {
        vec![NewReceipt {
            message_id: Some(id),
            raw_status: number.to_string(),
            ..new_receipt(Status::Sent)
        }]
    };
    let mut conn = scene.ledger.database.connect();
    conn.batch_execute(
        "CREATE TABLE hanging (); INSERT INTO hanging DEFAULT VALUES;
         CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             WHILE EXISTS (SELECT FROM hanging) LOOP PERFORM pg_sleep(0.05); END LOOP;
             RETURN NEW;
         END $$;
         CREATE TRIGGER hang BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION hang()",
    )
    .unwrap();
    let first = (0..4).map(|number| recorder.receipts(receipt(number)));
    for replies in futures_util::future::join_all(first).await {
        assert_eq!(replies.unwrap(), [ReceiptReply::Spooled]);
    }
    let replies = recorder.receipts(receipt(4)).await;
    assert_eq!(
        replies.unwrap(),
        [ReceiptReply::Spooled],
        "the lane is full"
    );

    conn.batch_execute("DELETE FROM hanging").unwrap();
    scene.drained().await;
    let taken = recorder.receipts(receipt(5)).await.unwrap();
    assert_eq!(taken, [ReceiptReply::Recorded]);
    assert_eq!(scene.told("receipt"), 6);
}

#[tokio::test]
async fn a_full_spool_refuses_rather_than_loses() {
    let scene = Scene::new();
    let url = scene.proxy.url(&scene.ledger.database.url());
    let (recorder, _threads) = scene.ledger.server_with(|settings| {
        settings.connection.url = url;
        settings.spool = Some(spool_at(scene.folder.path()));
        settings.spool.as_mut().unwrap().max_bytes = 4_000;
    });
    scene.proxy.set(Way::Cut);
    let mut taken = 0;
    let refused = loop {
        let item = vec![inbound("Hello", &format!("in-{taken}"))];
        match recorder.inbound(item).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, RecordError::NotTaken(NotTaken::SpoolFull)),
        "{refused:?}"
    );
    scene.proxy.set(Way::Open);
    send_when_taken(&recorder).await;
    assert!(taken > 2, "{taken}");
    assert_eq!(scene.told("inbound"), taken);
    assert!(!say(&recorder, "Hello", "after").await.spooled);
}

/// After a failover, the address may lead to a standby, which answers and takes no writes.
#[tokio::test]
async fn a_standby_is_no_ledger() {
    let scene = Scene::new();
    let (recorder, _threads) = scene.server();
    let set = |state: &str| {
        let sql = format!(
            "DO $$ BEGIN EXECUTE format(
                 'ALTER DATABASE %I SET default_transaction_read_only = {state}',
                 current_database());
             END $$"
        );
        let mut conn = scene.ledger.database.connect();
        conn.batch_execute("SET default_transaction_read_only = off")
            .unwrap();
        conn.batch_execute(&sql).unwrap();
    };
    set("on");
    assert!(say(&recorder, "STOP", "in-1").await.spooled);
    let refused = recorder.send(call(vec![new_message(ALICE, "Hi")])).await;
    assert!(
        matches!(refused, Err(RecordError::NotTaken(_))),
        "{refused:?}"
    );
    set("off");
    assert_eq!(send_when_taken(&recorder).await, "suppressed");
    assert_eq!(scene.told("inbound"), 1);
}

#[tokio::test]
async fn a_second_server_needs_a_spool_of_its_own() {
    let scene = Scene::new();
    let (first, _threads) = scene.server();
    let settings = textrail::ledger::recorder::RecorderSettings {
        spool: Some(spool_at(scene.folder.path())),
        ..recorder_settings(
            &scene.ledger.database.url(),
            &"https://t.example/".parse().unwrap(),
        )
    };
    let refused = Recorder::start(&settings).unwrap_err().to_string();
    assert!(
        refused.contains("another server owns the spool"),
        "{refused}"
    );

    let folder = tempfile::tempdir().unwrap();
    let (second, _threads) = scene.server_at(folder.path());
    scene.proxy.set(Way::Cut);
    for number in 0..10 {
        // A gateway repeats at another server what it did not hear of: one fact all the same.
        say(&first, "Hello", &format!("in-{number}")).await;
        say(&second, "Hello", &format!("in-{number}")).await;
    }
    scene.proxy.set(Way::Open);
    for recorder in [&first, &second] {
        send_when_taken(recorder).await;
    }
    assert_eq!(scene.told("inbound"), 10);
}
