//! The ledger is no longer what it was. Clusters are really restored in `tests/integration/restores`;
//! here, what a restore leaves behind is made by hand.

use super::*;
use std::collections::BTreeMap;

/// The lines of all files that manifests list, and how often each is there.
fn lines(world: &World) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for manifest in world.manifests() {
        for file in manifest.files {
            for line in world.text(&file.key).lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
    }
    lines
}

/// Records lines of their own, one transaction, in the current epoch as the recorder does.
const RECORD: &str = "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
    SELECT max(epoch), gen_random_uuid(), 5, now(), 'LINE' FROM epochs";

async fn say(world: &World, line: &str) {
    world.sql(&RECORD.replace("LINE", line)).await;
}

/// The dump of another cluster: its identity, its transactions.
async fn move_to_another_cluster(world: &World) {
    world
        .sql(
            "UPDATE epochs SET system_identifier = system_identifier - 1;
             UPDATE outbox SET xid = (xid::text::bigint + 1000000)::text::xid8",
        )
        .await;
}

#[tokio::test]
async fn a_healthy_ledger_stays_in_its_epoch() {
    let mut world = World::new().await;
    for _ in 0..2 {
        let mut shipper = world.shipper();
        for _ in 0..3 {
            say(&world, "a").await;
            assert_eq!(shipper.tick(world.next_mark()).await.unwrap().began, None);
        }
        world.gone(shipper).await;
    }
    assert_eq!(world.number("SELECT count(*) FROM epochs").await, 1);
}

#[tokio::test]
async fn a_dump_restored_into_another_cluster_begins_an_epoch_and_loses_no_row() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    say(&world, "shipped").await;
    shipper.tick(world.next_mark()).await.unwrap();
    say(&world, "unshipped").await;
    world.gone(shipper).await;
    move_to_another_cluster(&world).await;
    // The recorder is quicker than the shipper, and one of its transactions takes its time.
    say(&world, "before the discovery").await;
    let held = world.hold(&RECORD.replace("LINE", "under way")).await;

    let mut shipper = world.shipper();
    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!((report.sealed, report.began), (None, Some(2)));
    assert_eq!((report.shipped[0].id.epoch, report.shipped[0].rows), (2, 3));
    held.commit().await;
    say(&world, "after").await;
    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!((report.began, report.shipped[0].rows), (None, 2));
    let expected = [
        ("after", 1),
        ("before the discovery", 1),
        // What its snapshot meant is not known here: it is shipped again.
        ("shipped", 2),
        ("under way", 1),
        ("unshipped", 1),
    ];
    let expected = expected.map(|(line, times)| (line.to_owned(), times));
    assert_eq!(lines(&world), BTreeMap::from(expected));
    // The old transactions, whose numbers this cluster has yet to reach, keep no child from being
    // emptied.
    world.sql("UPDATE outbox SET slot = (slot + 4) % 8").await;
    assert!(shipper.reclaim().await.unwrap() >= 1);
    assert_eq!(world.number("SELECT count(*) FROM outbox").await, 0);
}

/// Before anybody has looked at the lake, and so before an epoch has begun: the snapshot of what was verified there
/// is ahead of all that is recorded here.
#[tokio::test]
async fn nothing_is_emptied_in_another_cluster_before_its_epoch_has_begun() {
    let identity = "UPDATE epochs SET system_identifier = system_identifier - 1";
    for gives_it_away in [identity, "SELECT"] {
        let mut world = World::new().await;
        let mut shipper = world.shipper();
        say(&world, "verified").await;
        shipper.tick(world.next_mark()).await.unwrap();
        world.gone(shipper).await;
        let far_ahead = "UPDATE windows SET snapshot = '2000000:2000000:' WHERE number = 1";
        world.sql(&format!("{gives_it_away}; {far_ahead}")).await;
        say(&world, "recorded here").await;
        world.sql("UPDATE outbox SET slot = (slot + 4) % 8").await;

        let mut shipper = world.shipper();
        assert_eq!(shipper.reclaim().await.unwrap(), 0);
        let report = shipper.tick(world.next_mark()).await.unwrap();
        assert_eq!((report.began, report.shipped[0].rows), (Some(2), 2));
        assert!(shipper.reclaim().await.unwrap() >= 1);
        assert_eq!(world.number("SELECT count(*) FROM outbox").await, 0);
    }
}

#[tokio::test]
async fn another_timeline_ships_again_only_what_was_not_verified() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    say(&world, "verified").await;
    shipper.tick(world.next_mark()).await.unwrap();
    world.gone(shipper).await;
    say(&world, "not shipped").await;
    world.sql("UPDATE epochs SET timeline = timeline + 1").await;

    let mut shipper = world.shipper();
    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!((report.began, report.shipped[0].rows), (Some(2), 1));
    let once = ["not shipped", "verified"].map(|line| (line.to_owned(), 1));
    assert_eq!(lines(&world), BTreeMap::from(once));
}

#[tokio::test]
async fn a_second_restore_before_the_first_was_shipped_still_loses_nothing() {
    let mut world = World::new().await;
    say(&world, "old").await;
    move_to_another_cluster(&world).await;
    say(&world, "new").await;
    // The lake fails at the first object: the epoch has begun, its window is not shipped.
    let away = FaultyStore::new(world.lake.clone(), 0, Fault::BeforeStoring);
    let mut shipper = world.shipper_to(Arc::new(away));
    shipper.tick(world.next_mark()).await.unwrap_err();
    world.gone(shipper).await;
    assert_eq!(
        world.number("SELECT max(epoch)::bigint FROM epochs").await,
        2
    );
    for again in [
        "UPDATE epochs SET timeline = timeline + 1 WHERE epoch = 2",
        "UPDATE epochs SET system_identifier = 5 WHERE epoch = 3",
    ] {
        world.sql(again).await;
        let away = FaultyStore::new(world.lake.clone(), 0, Fault::BeforeStoring);
        let mut shipper = world.shipper_to(Arc::new(away));
        shipper.tick(world.next_mark()).await.unwrap_err();
        world.gone(shipper).await;
    }
    let report = world.shipper().tick(world.next_mark()).await.unwrap();
    assert_eq!((report.shipped[0].id.epoch, report.shipped[0].rows), (4, 2));
    let once = ["new", "old"].map(|line| (line.to_owned(), 1));
    assert_eq!(lines(&world), BTreeMap::from(once));
}

#[tokio::test]
async fn transaction_ids_behind_the_last_seal_end_the_epoch() {
    let mut world = World::new().await;
    world.shipper().tick(world.next_mark()).await.unwrap();
    world
        .sql("UPDATE windows SET snapshot = '999999999999:999999999999:' WHERE number = 1")
        .await;
    say(&world, "a").await;
    let report = world.shipper().tick(world.next_mark()).await.unwrap();
    assert_eq!((report.began, report.shipped[0].rows), (Some(2), 1));
}

#[tokio::test]
async fn a_fresh_ledger_at_an_old_lake_takes_an_epoch_and_numbers_of_its_own() {
    let mut old = World::new().await;
    let mut shipper = old.shipper();
    for _ in 0..3 {
        say(&old, "old").await;
        shipper.tick(old.next_mark()).await.unwrap();
    }
    let mut fresh = World::new().await;
    fresh.lake = old.lake.clone();
    say(&fresh, "new").await;
    let report = fresh.shipper().tick(fresh.next_mark()).await.unwrap();
    let mark = WindowId {
        epoch: 1,
        number: 1,
    };
    // Sealed before the lake was seen: such a window is never shipped.
    assert_eq!((report.sealed, report.began), (Some(mark), Some(2)));
    assert_eq!(report.shipped.len(), 1);
    assert_eq!((report.shipped[0].id.epoch, report.shipped[0].rows), (2, 1));
    assert_eq!(lines(&fresh)["new"], 1);
    assert_eq!(lines(&fresh)["old"], 3);
    let next = fresh.number("SELECT nextval('link_numbers')").await;
    assert!(next > 1 << 30, "{next}");
    assert_eq!(
        fresh
            .number("SELECT max(first_link_number) FROM epochs")
            .await
            + 1,
        next
    );
}

#[tokio::test]
async fn two_that_discover_it_at_once_begin_one_epoch() {
    for _ in 0..5 {
        let mut world = World::new().await;
        say(&world, "a").await;
        move_to_another_cluster(&world).await;
        let (mut first, mut second) = (world.shipper(), world.shipper());
        let (left, right) = tokio::join!(first.look_at_epoch(), second.look_at_epoch());
        let begun: Vec<i32> = [left.unwrap(), right.unwrap()]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(begun, [2]);
        first.ship_next().await.unwrap().unwrap();
        assert_eq!(second.ship_next().await.unwrap(), None);
        assert_eq!(lines(&world), BTreeMap::from([("a".to_owned(), 1)]));
        let mark = world.next_mark();
        assert_eq!(second.tick(mark).await.unwrap().began, None);
    }
}

#[tokio::test]
async fn a_second_ledger_that_lives_stops_the_shipper() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    say(&world, "ours").await;
    shipper.tick(world.next_mark()).await.unwrap();
    let mut rival = World::new().await;
    rival.lake = world.lake.clone();
    say(&rival, "theirs").await;
    let began = rival.shipper().tick(rival.next_mark()).await.unwrap().began;
    assert_eq!(began, Some(2));

    say(&world, "ours too").await;
    for _ in 0..2 {
        let stopped = shipper.tick(world.next_mark()).await.unwrap_err();
        assert!(matches!(stopped, ShipError::Rival { .. }), "{stopped:?}");
    }
    assert_eq!(lines(&world).len(), 2);
    assert_eq!(world.number("SELECT count(*) FROM epochs").await, 1);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_stops_the_shipper() {
    let mut world = World::new().await;
    say(&world, "a").await;
    let key = "_manifest/dt=2026-11-23/0001-0000000009.json";
    world.lake.overwrite(key, Bytes::from_static(b"{"));
    let stopped = world.shipper().tick(world.next_mark()).await.unwrap_err();
    assert!(
        matches!(&stopped, ShipError::Unreadable { key: named, .. } if named == key),
        "{stopped:?}"
    );
}
