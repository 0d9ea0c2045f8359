//! A generation that is built beside the current one, from the lake alone.

use super::{
    lake::{MemoryLake, at, boundary},
    scene::{MESSAGES_NOW, Scene, Sent, correction, found, parked},
};
use crate::{
    event::{Event, Kind},
    lake::{keys, store::ObjectStore as _},
    load::reprocess::{PourSettings, ReprocessError, Reprocessed, Step, reprocess},
    warehouse::{
        Rows, Warehouse, WarehouseError,
        duck::{DuckSettings, DuckWarehouse, Rebuild},
    },
};
use chrono::TimeDelta;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

mod generations;
mod meanwhile;

/// Facts of every kind about some messages, in no order, some twice, some about messages that never
/// come, over as many windows.
fn story(seed: u64, windows: usize) -> Vec<Vec<Event>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut story = vec![Vec::new(); windows];
    for number in 0..40 {
        let recorded_at = boundary(0) + TimeDelta::seconds(random.random_range(0..20_000));
        let mut sent = Sent::new(&recorded_at.to_rfc3339())
            .campaign(["a", "b"].choose(&mut random).copied())
            .gateway(
                [Some("kannel"), None]
                    .choose(&mut random)
                    .copied()
                    .flatten(),
            );
        if number % 10 == 3 {
            sent = sent.test();
        }
        let mut facts = facts(&sent, &mut random);
        if number % 8 != 5 {
            facts.push(sent.message(number % 2));
        }
        if number % 13 == 7 {
            facts = vec![sent.suppressed()];
        }
        for fact in facts {
            for _ in 0..random.random_range(1..=9) / 9 + 1 {
                story[random.random_range(0..windows)].push(fact.clone());
            }
        }
    }
    story
}

fn facts(sent: &Sent, random: &mut StdRng) -> Vec<Event> {
    let statuses = ["sent", "delivered", "undelivered", "unknown"];
    let mut facts = vec![sent.submission(1, "accepted")];
    for _ in 0..random.random_range(0..4) {
        let status = statuses.choose(random).copied().unwrap();
        let segment = [None, None, Some(1), Some(2)].choose(random).copied();
        let receipt = sent.receipt_with(random.random_range(2..900), status, |receipt| {
            receipt.segment_number = segment.flatten();
        });
        if random.random_bool(0.2) {
            let status = statuses.choose(random).copied().unwrap();
            let again = correction(sent, &receipt, random.random_range(2..900), status);
            if random.random_bool(0.3) {
                facts.push(correction(sent, &again, 7, "delivered"));
            }
            facts.push(again);
        }
        if random.random_bool(0.3) {
            facts.push(found(sent, &receipt));
            facts.push(parked(&receipt));
        } else {
            facts.push(receipt);
        }
    }
    // A receipt whose match never comes.
    if random.random_bool(0.1) {
        facts.push(parked(&sent.receipt(5, "delivered")));
    }
    for _ in 0..random.random_range(0..3) {
        let verdict = ["human", "bot"].choose(random).copied().unwrap();
        facts.push(sent.click(random.random_range(3..90_000), verdict));
    }
    if random.random_bool(0.2) {
        facts.extend([sent.inbound(60, "stop"), sent.opt_out(61, "opt_out")]);
    }
    facts
}

/// Every table as text, in a fixed order, but for the times of loading. What waits for its message
/// may stand in several rows a message: they are added up.
fn tables(scene: &Scene) -> Vec<(String, Rows)> {
    scene.fold();
    let names = scene.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1");
    let names = names.iter().map(|row| row[0].text().unwrap().to_owned());
    names
        .filter(|name| name != "generation")
        .map(|name| {
            let columns = match name.as_str() {
                "loaded_windows" => "COLUMNS(* EXCLUDE (loaded_at))::VARCHAR",
                "quarantined_lines" => "COLUMNS(* EXCLUDE (quarantined_at))::VARCHAR",
                "orphan_events" => {
                    "message_id::VARCHAR, max(evidence)::VARCHAR, min(gateway), \
                     bool_or(segmented)::VARCHAR, min(delivered_at)::VARCHAR, \
                     min(human_click_at)::VARCHAR, sum(clicks)::VARCHAR, \
                     sum(human_clicks)::VARCHAR, sum(replies)::VARCHAR, sum(opt_outs)::VARCHAR, \
                     min(first_event_at)::VARCHAR, max(last_event_at)::VARCHAR, \
                     sum(events)::VARCHAR"
                }
                _ => "COLUMNS(*)::VARCHAR",
            };
            let group = if name == "orphan_events" {
                "GROUP BY message_id"
            } else {
                ""
            };
            let rows = scene.rows(&format!(
                "SELECT {columns} FROM {name} {group} ORDER BY ALL"
            ));
            (name, rows)
        })
        .collect()
}

fn begin(folder: &Path) -> Result<Rebuild, WarehouseError> {
    Rebuild::begin(folder, &DuckSettings::default(), false)
}

/// Two windows a transaction.
fn settings(folder: &Path) -> PourSettings {
    PourSettings {
        windows: 2,
        pause: Duration::from_millis(1),
        ..PourSettings::new(folder.join("staging"))
    }
}

/// Rebuilds a scene's warehouse; its next look at the lake switches to the new one.
pub(super) async fn run(
    scene: &Scene,
    tell: impl FnMut(Step) + Send + 'static,
) -> Result<Reprocessed, ReprocessError> {
    let folder = scene.folder();
    let stop = CancellationToken::new();
    let rebuild = begin(folder)?;
    reprocess(scene.lake.clone(), rebuild, settings(folder), stop, tell).await
}

/// A scene whose lake holds these windows, loaded one by one.
async fn told(story: &[Vec<Event>]) -> Scene {
    let scene = Scene::on(Arc::default(), 1);
    for (number, events) in (1..).zip(story) {
        scene.lake.window(number, events);
    }
    scene.tick().await;
    scene
}

#[tokio::test]
async fn what_is_rebuilt_is_what_was_loaded_window_by_window() {
    for seed in [1, 2] {
        let scene = told(&story(seed, 6)).await;
        let bad = (Kind::Click, b"{}".to_vec());
        scene.lake.window_of_lines(7, vec![bad]);
        scene.tick().await;
        let loaded = tables(&scene);
        for table in ["orphan_events", "parked_receipts", "error_stats", "links"] {
            assert!(
                scene.number(&format!("SELECT count(*) FROM {table}")) > 0,
                "{table}"
            );
        }
        assert!(scene.number("SELECT count(*) FROM messages WHERE segmented") > 0);
        assert!(scene.number("SELECT sum(duplicates)::BIGINT FROM loaded_files") > 0);

        let done = run(&scene, |_| {}).await.unwrap();
        assert_eq!((done.windows, done.quarantined), (7, 1));
        assert_eq!(scene.warehouse.generation(), "generation-0001");
        scene.tick().await;
        assert_eq!(scene.warehouse.generation(), "generation-0002");
        for (loaded, rebuilt) in loaded.into_iter().zip(tables(&scene)) {
            assert_eq!(loaded, rebuilt, "seed {seed}");
        }
        // And it is loaded on as any other.
        let message = Sent::new("2026-11-23T05:01:00Z");
        scene
            .tell(8, &[message.message(1), message.click(3, "human")])
            .await;
        assert_eq!(scene.status(&message), "recorded");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_report_is_wholly_of_one_generation() {
    let scene = Arc::new(told(&story(4, 3)).await);
    let right = scene.report().await.messages;
    scene.fold();
    // What only the old generation says.
    scene
        .warehouse
        .execute("UPDATE daily_stats SET messages = messages + 1000");
    scene
        .warehouse
        .execute("UPDATE progress SET boundary = '2001-01-01'");
    run(&scene, |_| {}).await.unwrap();
    let (ended, switched) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (scene, ended, switched) = (scene.clone(), ended.clone(), switched.clone());
            tokio::spawn(async move {
                while !ended.load(Ordering::Relaxed) || switched.load(Ordering::Relaxed) < 20 {
                    let report = scene.whole_report().await;
                    let old = report.rows[0].messages > right;
                    let through = report.head.data_through.unwrap();
                    assert_eq!(old, report.head.generation == "generation-0001");
                    assert_eq!(old, through == at("2001-01-01T00:00:00Z"));
                    if !old {
                        assert_eq!(report.rows[0].messages, right);
                        switched.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    scene.tick().await;
    ended.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn every_window_that_cannot_be_loaded_is_told_and_there_is_no_switch() {
    let scene = told(&story(5, 5)).await;
    let before = scene.whole_report().await;
    let file = keys::log_file("click", boundary(2), 1, 2, 0);
    let whole = scene.lake.get(&file).await.unwrap();
    scene.lake.replace(&file, whole.slice(..whole.len() - 8));
    let gone = keys::manifest(boundary(4), 1, 4);
    let manifest = scene.lake.get(&gone).await.unwrap();
    scene.lake.replace(&gone, "{}".into());

    let ReprocessError::Windows(stopped) = run(&scene, |_| {}).await.unwrap_err() else {
        panic!("another error");
    };
    let mut reasons: Vec<_> = stopped.iter().map(|(_, fault)| fault.reason()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["checksum", "manifest"]);
    scene.tick().await;
    assert_eq!(scene.whole_report().await, before);

    // Repaired, it goes on: three windows are there already.
    scene.lake.replace(&file, whole);
    scene.lake.replace(&gone, manifest);
    let (first, told) = (Arc::new(AtomicUsize::new(99)), AtomicBool::new(false));
    let seen = first.clone();
    let done = run(&scene, move |step| {
        if let (Step::Gather { windows, .. }, false) = (step, told.swap(true, Ordering::Relaxed)) {
            seen.store(windows, Ordering::Relaxed);
        }
    });
    assert_eq!(done.await.unwrap().windows, 5);
    assert_eq!(first.load(Ordering::Relaxed), 3);
}

/// In one test: failpoints are the process's.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn killed_between_any_two_transactions_it_goes_on_where_it_was() {
    let early = Sent::new("2026-11-23T05:00:10Z");
    let mut facts_of = story(11, 4);
    facts_of[0].push(early.message(1));
    let scene = Arc::new(told(&facts_of).await);
    for (round, place) in [
        "batch.before",
        "batch.after",
        "derive.before",
        "derive.after",
    ]
    .into_iter()
    .enumerate()
    {
        let place = format!("reprocess.{place}");
        // At the second of several batches, or slices.
        fail::cfg(&place, "1*off->1*panic").unwrap();
        let attempt = scene.clone();
        let killed = tokio::spawn(async move { run(&attempt, |_| {}).await }).await;
        assert!(!matches!(killed, Ok(Ok(_))), "{place} did not kill");
        fail::remove(&place);
        assert!(begin(scene.folder()).unwrap().resumed(), "{place}");
        // Before it goes on, facts come about messages that may be made by now, and one of their hour.
        let late = Sent::new("2026-11-23T05:00:20Z");
        let seconds = i64::try_from(round).unwrap() + 30;
        let facts = [
            early.receipt(seconds, "delivered"),
            early.click(seconds, "human"),
            late.message(1),
            late.submission(seconds, "accepted"),
        ];
        scene.tell(seconds, &facts).await;
        let loaded = tables(&scene);
        run(&scene, |_| {}).await.unwrap();
        scene.tick().await;
        let name = format!("generation-{:04}", round + 2);
        assert_eq!(scene.warehouse.generation(), name);
        assert_eq!(tables(&scene), loaded, "{place}");
    }
}

#[tokio::test]
async fn what_differs_from_the_lake_does_not_become_current() {
    let scene = told(&story(6, 4)).await;
    // The lake is altered between the loading and the proof.
    let lake = scene.lake.clone();
    let key = keys::manifest(boundary(3), 1, 3);
    let text = lake.get(&key).await.unwrap();
    let altered = String::from_utf8_lossy(&text).replace("\"rows\":", "\"rows\":1");
    let alter = move |step| {
        if let Step::Derive { messages: 0, .. } = step {
            lake.replace(&key, altered.clone().into());
        }
    };
    let error = run(&scene, alter).await.unwrap_err();
    let ReprocessError::Unproven(differences) = error else {
        panic!("{error:?}");
    };
    assert!(
        differences[0].contains("by its manifest"),
        "{differences:?}"
    );
    scene.tick().await;
    assert_eq!(scene.warehouse.generation(), "generation-0001");
}

#[tokio::test]
async fn it_stops_when_told_to_and_one_runs_at_a_time() {
    let scene = told(&story(7, 4)).await;
    let rebuild = begin(scene.folder()).unwrap();
    let second = begin(scene.folder()).unwrap_err();
    assert!(matches!(second, WarehouseError::Rebuilding), "{second:?}");
    let stop = CancellationToken::new();
    stop.cancel();
    let settings = settings(scene.folder());
    let stopped = reprocess(scene.lake.clone(), rebuild, settings, stop, |_| {}).await;
    assert!(
        matches!(stopped, Err(ReprocessError::Stopped)),
        "{stopped:?}"
    );
    assert!(begin(scene.folder()).unwrap().resumed());
}
