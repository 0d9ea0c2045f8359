//! Stories: each difference is planted, and is named.

use super::look::Question;
use super::*;
use crate::lake::manifest::Manifest;
use chrono::TimeDelta;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read as _, Write as _};

mod alarm;
mod world;

use world::{World, click};

#[tokio::test]
async fn what_is_equal_is_proven_with_duplicates_and_quarantined_lines() {
    let mut world = World::with_two_windows().await;
    // A repeated event, and a line that cannot be loaded; both have their fact.
    let (repeated, bad) = (click(), click());
    world.record(&repeated);
    world.event(&repeated, &repeated.encode().unwrap());
    world.roll().await;
    world.fact(&bad);
    let line = bad
        .encode()
        .unwrap()
        .replace(r#""link_id":1"#, r#""link_id":"x""#);
    world.event(&bad, &line);
    world.roll().await;
    world.roll().await;

    // An event that stands twice in the outbox is one fact: that is a difference of its own.
    let found = world.found(true).await;
    assert_eq!(
        found,
        [
            (What::EventWithoutFact, Some(3)),
            (What::FileAltered, Some(3))
        ]
    );
    let clicks = world.findings(true).await.kinds[&Kind::Click];
    assert_eq!((clicks.events, clicks.facts), (Some(7), Some(6)));
    assert_eq!((clicks.manifest, clicks.lines), (Some(7), Some(7)));
    assert_eq!((clicks.loaded, clicks.duplicates), (Some(5), Some(1)));
    assert_eq!(clicks.quarantined, Some(1));

    let one = Question {
        only: Some(WindowId {
            epoch: 1,
            number: 4,
        }),
        ..Question::default()
    };
    let findings = world.ask(&one).await;
    assert_eq!((findings.windows, findings.proven), (1, 1));
    assert_eq!(findings.kinds[&Kind::Click].quarantined, Some(1));
    // An empty window is proven, too.
    assert_eq!(world.findings(false).await.proven, 4);
}

#[tokio::test]
async fn windows_before_the_span_are_compared_in_sum() {
    let world = World::with_two_windows().await;
    let aged = "SET sealed_at = sealed_at - INTERVAL '1 hour'";
    world.sql(&format!("UPDATE windows {aged}"));
    let warehouse = &world.warehouse;
    warehouse.execute(&format!("UPDATE loaded_windows {aged}"));
    let later = |age: TimeDelta| Question {
        since: Some(Utc::now() - age),
        ..Question::default()
    };
    let (new, old) = (later(TimeDelta::minutes(9)), later(TimeDelta::minutes(11)));
    let differ = |findings: &Findings| {
        let mut found = findings.differences.iter();
        found.any(|found| found.what == What::BeforeDiffers)
    };
    let findings = world.ask(&old).await;
    assert_eq!(findings.before[&Kind::Click], (4, 4));
    assert!(!differ(&findings), "{findings:?}");

    warehouse.execute("DELETE FROM loaded_files WHERE number = 2");
    let findings = world.ask(&old).await;
    assert!(differ(&findings), "{findings:?}");
    let findings = world.ask(&new).await;
    assert_ne!(findings.before[&Kind::Click], (4, 4));
    assert!(!differ(&findings), "some may be on their way: {findings:?}");
}

#[tokio::test]
async fn a_fact_without_an_event_and_an_event_without_a_fact_are_named() {
    let mut world = World::with_two_windows().await;
    let (fact, event) = (click(), click());
    world.fact(&fact);
    world.event(&event, &event.encode().unwrap());
    world.roll().await;
    let differences = world.findings(false).await.differences;
    let found: Vec<_> = differences.iter().map(|found| found.what).collect();
    assert_eq!(found, [What::EventWithoutFact, What::FactWithoutEvent]);
    assert!(differences[1].detail.contains(&fact.event_id.to_string()));
}

#[tokio::test]
async fn a_row_that_the_shipper_passed_over_is_named_and_the_outbox_is_kept() {
    let mut world = World::new();
    world.record(&click());
    let mark = world.mark();
    // The window is shipped; then a row appears in it, as if the shipper had not seen it.
    let passed_over = click();
    let plant = |world: &World| {
        world.fact(&passed_over);
        world.event(&passed_over, &passed_over.encode().unwrap());
        world.sql(&format!(
            "UPDATE outbox SET xid = (SELECT min(xid) FROM outbox) WHERE event_id = '{}'",
            passed_over.event_id
        ));
    };
    world.shipper.tick(mark).await.unwrap();
    plant(&world);
    world.sql("DELETE FROM window_counts; UPDATE shipped_windows SET counted_at = NULL");
    world.ship().await;
    world.loader.tick().await.unwrap();
    assert_eq!(world.found(false).await, [(What::LedgerIsNotLake, Some(1))]);
    world.sql("UPDATE outbox SET slot = (slot + 4) % 8");
    assert_eq!(world.shipper.reclaim().await.unwrap(), 0);

    // Mended: the next count finds it, and the outbox is reclaimed.
    world.sql(&format!(
        "DELETE FROM outbox WHERE event_id = '{}'",
        passed_over.event_id
    ));
    world.sql("DELETE FROM window_counts");
    world.ship().await;
    assert_eq!(world.shipper.reclaim().await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_with_other_content_and_the_same_counts_is_seen_by_a_deep_look_alone() {
    let world = World::with_two_windows().await;
    let key = world.key("events/", 1);
    let mut text = String::new();
    GzDecoder::new(&world.lake.objects()[&key][..])
        .read_to_string(&mut text)
        .unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed
        .write_all(text.replace("human", "robot").as_bytes())
        .unwrap();
    world.lake.overwrite(&key, packed.finish().unwrap().into());
    assert_eq!(world.found(false).await, []);
    assert_eq!(world.found(true).await, [(What::FileAltered, Some(1))]);
}

#[tokio::test]
async fn what_the_lake_lost_is_named() {
    let world = World::with_two_windows().await;
    world.lake.remove(&world.key("events/", 1));
    world.lake.remove(&world.key("_manifest/", 2));
    let found = world.found(false).await;
    assert!(found.contains(&(What::FileMissing, Some(1))), "{found:?}");
    assert!(
        found.contains(&(What::ManifestMissing, Some(2))),
        "{found:?}"
    );
}

#[tokio::test]
async fn windows_that_only_the_lake_has_are_named_or_listed() {
    let world = World::with_two_windows().await;
    let key = world.key("_manifest/", 2);
    let body = world.lake.objects()[&key].clone();
    let mut foreign: Manifest = serde_json::from_slice(&body).unwrap();
    foreign.window = 7;
    let put = |name: &str| {
        let text = serde_json::to_vec(&foreign).unwrap();
        world.lake.overwrite(name, text.into());
    };
    put(&key.replace("-0000000002", "-0000000007"));
    let found = world.found(false).await;
    assert!(found.contains(&(What::NotInLedger, Some(7))), "{found:?}");

    // Of a life that ended it is known.
    world.sql(
        "INSERT INTO epochs (epoch, system_identifier, timeline) VALUES (2, 1, 1);
         INSERT INTO windows SELECT 2, 0, snapshot, boundary, sealed_at, split_bytes, format_version
         FROM windows WHERE number = 0",
    );
    let findings = world.findings(false).await;
    assert_eq!(
        findings.only_in_lake,
        [WindowId {
            epoch: 1,
            number: 7
        }]
    );
    let differ = |what| findings.differences.iter().any(|found| found.what == what);
    assert!(!differ(What::NotInLedger));
}

/// A restored ledger seals before it has looked at the lake, under the number of a window of the life
/// that was lost. That one's rows are in the next epoch's first window.
#[tokio::test]
async fn a_window_that_a_restored_ledger_sealed_and_never_shipped_is_not_held_against_the_lost_one()
{
    let world = World::with_two_windows().await;
    world.sql(
        "TRUNCATE outbox;
         DELETE FROM window_files WHERE number = 2;
         DELETE FROM window_counts WHERE number = 2;
         DELETE FROM shipped_windows WHERE number = 2;
         INSERT INTO epochs (epoch, system_identifier, timeline) VALUES (2, 1, 1);
         INSERT INTO windows SELECT 2, 0, snapshot, boundary, sealed_at, split_bytes, format_version
         FROM windows WHERE number = 0;
         INSERT INTO windows SELECT 1, 3, snapshot, boundary, sealed_at - interval '1 hour', split_bytes, format_version
         FROM windows WHERE number = 2",
    );
    let findings = world.findings(false).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    let lost = WindowId {
        epoch: 1,
        number: 2,
    };
    assert_eq!((findings.only_in_lake, findings.windows), (vec![lost], 3));
}

#[tokio::test]
async fn two_manifests_of_one_window_are_named() {
    let world = World::with_two_windows().await;
    let body = world.lake.objects()[&world.key("_manifest/", 2)].clone();
    let yesterday = Utc::now() - TimeDelta::days(1) + TimeDelta::minutes(1);
    let day = yesterday.format("%F");
    let key = format!("_manifest/dt={day}/0001-0000000002.json");
    world.lake.overwrite(&key, body);
    assert_eq!(world.found(false).await, [(What::ManifestTwice, Some(2))]);
}

#[tokio::test]
async fn what_the_warehouse_lost_or_has_twice_is_named() {
    let world = World::with_two_windows().await;
    world
        .warehouse
        .execute("INSERT INTO clicks SELECT * FROM clicks LIMIT 1");
    assert_eq!(world.found(false).await, [(What::RowsAreNotNotes, None)]);
    assert_eq!(
        world.found(true).await,
        [(What::RowsAreNotNotes, None), (What::RowsTwice, None)]
    );
    world.warehouse.execute("DELETE FROM clicks");
    assert_eq!(world.found(true).await, [(What::RowsAreNotNotes, None)]);

    let world = World::with_two_windows().await;
    world
        .warehouse
        .execute("UPDATE loaded_files SET loaded = loaded - 1 WHERE number = 1");
    let found = world.found(false).await;
    assert!(
        found.contains(&(What::LakeIsNotWarehouse, Some(1))),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_window_on_its_way_is_no_difference_until_it_is_late() {
    let mut world = World::with_two_windows().await;
    world.record(&click());
    world.ship().await;
    let findings = world.findings(false).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!((findings.proven, findings.on_their_way.len()), (2, 1));
    assert_eq!(findings.on_their_way[0].at, "lake");

    // Eleven minutes pass: the clock is PostgreSQL's, so the past is moved instead.
    world.sql("UPDATE windows SET sealed_at = sealed_at - interval '11 minutes'");
    let keys: Vec<String> = world.lake.objects().into_keys().collect();
    for key in keys.iter().filter(|key| key.starts_with("_manifest/")) {
        let mut manifest: Manifest = serde_json::from_slice(&world.lake.objects()[key]).unwrap();
        manifest.sealed_at -= TimeDelta::minutes(11);
        world
            .lake
            .overwrite(key, serde_json::to_vec(&manifest).unwrap().into());
    }
    let found = world.found(false).await;
    assert_eq!(found, [(What::NotLoaded, Some(3))]);
}

#[tokio::test]
async fn what_was_found_is_told_in_words_and_as_json() {
    let world = World::with_two_windows().await;
    world.lake.remove(&world.key("events/", 1));
    let mut findings = world.findings(false).await;
    findings.add_spool(Spooled {
        folder: "spool".to_owned(),
        facts: BTreeMap::from([("click".to_owned(), 2)]),
        ..Spooled::default()
    });
    let text = show::text(&findings);
    assert!(text.contains("file_missing"), "{text}");
    assert!(text.contains("1 differences."), "{text}");
    assert!(text.contains("holds 2 facts that wait"), "{text}");
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(json["differences"][0]["window"], "1-1");
    assert_eq!(json["differences"][0]["what"], "file_missing");
    assert_eq!(json["kinds"]["click"]["loaded"], 4);
}

#[tokio::test]
async fn what_was_not_counted_is_not_proven() {
    let mut world = World::with_two_windows().await;
    // More than are counted on the spot, empty ones, and the shipper has counted none.
    world.sql(
        "INSERT INTO windows
         SELECT epoch, number + n, snapshot, boundary + n * interval '5 minutes', sealed_at,
                split_bytes, format_version
         FROM windows, generate_series(1, 99) AS n WHERE number = 2;
         INSERT INTO shipped_windows (epoch, number, row_count)
         SELECT epoch, number, 0 FROM windows WHERE number > 2;
         DELETE FROM window_counts;
         UPDATE shipped_windows SET counted_at = NULL",
    );
    let findings = world.findings(false).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert_eq!((findings.windows, findings.proven), (101, 100));
    assert_eq!(findings.on_their_way[0].at, "count");

    world.sql("UPDATE windows SET sealed_at = sealed_at - interval '11 minutes'");
    assert_eq!(world.found(false).await, [(What::NotCounted, Some(1))]);
    world.ship().await;
    assert_eq!(world.found(false).await, []);
}

#[tokio::test]
async fn what_an_epoch_left_unshipped_is_closed_and_no_difference() {
    let mut world = World::with_two_windows().await;
    world.sql(
        "INSERT INTO windows
         SELECT epoch, 3, snapshot, boundary, sealed_at - interval '1 hour', split_bytes, format_version
         FROM windows WHERE number = 2",
    );
    assert_eq!(world.found(false).await, [(What::NotShipped, Some(3))]);
    world.sql("UPDATE epochs SET timeline = timeline + 1");
    world.roll().await;
    let findings = world.findings(true).await;
    assert!(findings.differences.is_empty(), "{findings:?}");
    assert!(findings.windows >= 4, "{findings:?}");
}

#[tokio::test]
async fn what_a_spool_set_aside_differs_and_what_waits_there_does_not() {
    let mut findings = Findings::default();
    let waiting = Spooled {
        folder: "spool".to_owned(),
        facts: BTreeMap::from([("click".to_owned(), 2)]),
        ..Spooled::default()
    };
    findings.add_spool(waiting.clone());
    assert!(findings.differences.is_empty());
    findings.add_spool(Spooled {
        refused_facts: 3,
        damaged_files: 1,
        ..waiting
    });
    let found: Vec<_> = findings
        .differences
        .iter()
        .map(|found| found.what)
        .collect();
    assert_eq!(found, [What::SpoolRefused, What::SpoolDamaged]);
    assert_eq!(findings.differences[0].detail, "3 facts in spool");
    findings.add_spool(Spooled {
        folder: "other".to_owned(),
        ..Spooled::default()
    });
    assert!(show::text(&findings).contains("The spool in other is empty."));
}
