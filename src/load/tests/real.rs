//! The same, into DuckDB.

use super::*;
use crate::warehouse::{
    WindowCount,
    duck::{DuckSettings, DuckWarehouse},
};

fn open(directory: &Path) -> Arc<DuckWarehouse> {
    Arc::new(DuckWarehouse::open(directory, &DuckSettings::default()).unwrap())
}

#[tokio::test]
async fn duckdb_takes_what_is_staged_once() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let warehouse = open(directory.path());
    let inbound = (Kind::Inbound, vec![line(Kind::Inbound), "{}".to_owned()]);
    let clicks = vec![line(Kind::Click), line(Kind::Click)];
    world.ship_lines(id(1), &[(Kind::Click, clicks.clone()), inbound]);
    // The second window repeats an event of the first: it counts once.
    world.ship_lines(id(2), &[(Kind::Click, vec![clicks[0].clone()])]);

    let load = || Loader::new(world.lake.clone(), warehouse.clone(), world.settings());
    let report = load().tick().await.unwrap();
    assert_eq!(report.windows, ids([1, 2]));
    assert_eq!(
        (report.rows, report.duplicates, report.quarantined),
        (3, 1, 1)
    );
    assert!(load().tick().await.unwrap().windows.is_empty());
    assert_eq!(warehouse.counts().unwrap().quarantined_lines, 1);
    let progress = warehouse.progress().unwrap().unwrap();
    assert_eq!(progress.id, id(2));
}

#[tokio::test]
async fn duckdb_keeps_a_window_ahead_until_the_one_before_comes() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let warehouse = open(directory.path());
    let mut loader = Loader::new(world.lake.clone(), warehouse.clone(), world.settings());
    for number in [1, 3] {
        world.ship(number, 1);
    }
    loader.tick().await.unwrap();
    assert_eq!(warehouse.counts().unwrap().windows_ahead, 1);
    assert_eq!(warehouse.progress().unwrap().unwrap().id, id(1));
    world.ship(2, 1);
    loader.tick().await.unwrap();
    assert_eq!(warehouse.counts().unwrap().windows_ahead, 0);
    assert_eq!(warehouse.progress().unwrap().unwrap().id, id(3));
}

#[tokio::test]
async fn what_was_noted_is_what_the_tables_hold() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let warehouse = open(directory.path());
    let clicks = vec![line(Kind::Click), line(Kind::Click), "{}".to_owned()];
    let manifest = world.ship_lines(id(1), &[(Kind::Click, clicks.clone())]);
    world.ship_lines(id(2), &[(Kind::Click, clicks[..1].to_vec())]);
    world.ship_lines(id(4), &[(Kind::Inbound, vec![line(Kind::Inbound)])]);
    let mut loader = Loader::new(world.lake.clone(), warehouse.clone(), world.settings());
    loader.tick().await.unwrap();

    let asked = ids([1, 2, 3]);
    let counts = warehouse.window_counts(&asked).unwrap();
    let count = |id| counts[&(id, Kind::Click)];
    let first = WindowCount {
        lines: 3,
        loaded: 2,
        duplicates: 0,
        quarantined: 1,
    };
    assert_eq!((counts.len(), count(id(1))), (2, first));
    assert_eq!((count(id(2)).loaded, count(id(2)).duplicates), (0, 1));
    let files = warehouse.loaded_files(&asked[..1]).unwrap();
    let sums: Vec<_> = files.iter().map(|file| &file.text_sha256).collect();
    assert_eq!(sums, [&manifest.files[0].text_sha256]);
    assert!(warehouse.window_counts(&[]).unwrap().is_empty());

    let held = |kind: Kind| {
        let counts = warehouse.kind_counts().unwrap();
        (counts[kind as usize].noted, counts[kind as usize].held)
    };
    assert_eq!(held(Kind::Click), (2, 2));
    assert_eq!(held(Kind::Inbound), (1, 1));
    assert_eq!(held(Kind::Message), (0, 0));
    // A row that no load accounts for shows.
    warehouse.execute("INSERT INTO clicks SELECT * FROM clicks LIMIT 1");
    assert_eq!(held(Kind::Click), (2, 3));
}

/// Where an epoch ends, no number says that a window of it is missing.
#[tokio::test]
async fn an_epoch_is_not_passed_over_while_a_window_of_it_is_stopped() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let warehouse = open(directory.path());
    let tick = async || {
        let mut loader = Loader::new(world.lake.clone(), warehouse.clone(), world.settings());
        loader.tick().await.unwrap()
    };
    let mark = || warehouse.progress().unwrap().unwrap().id;
    let of_epoch_2 = |number| WindowId { epoch: 2, number };
    world.ship(1, 1);
    let file = world.ship(2, 1).files.remove(0).key;
    let whole = world.lake.objects()[&file].clone();
    world.lake.overwrite(&file, Bytes::from_static(b"altered"));
    world.ship_lines(of_epoch_2(1), &[(Kind::Click, vec![line(Kind::Click)])]);
    let report = tick().await;
    assert_eq!(report.windows, [id(1), of_epoch_2(1)]);
    assert_eq!(mark(), id(1));
    // Another loader tries it again, and another epoch changes nothing.
    world.ship_lines(of_epoch_2(2), &[(Kind::Click, vec![line(Kind::Click)])]);
    assert_eq!(reasons(&tick().await), ["checksum"]);
    assert_eq!(mark(), id(1));
    world.lake.overwrite(&file, whole);
    assert_eq!(tick().await.windows, [id(2)]);
    assert_eq!(mark(), of_epoch_2(2));
    assert!(warehouse.stopped().unwrap().is_empty());
}

#[tokio::test]
async fn a_window_that_was_stopped_long_before_the_mark_is_tried_again() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let warehouse = open(directory.path());
    let load = || Loader::new(world.lake.clone(), warehouse.clone(), world.settings());
    world.ship_lines(
        WindowId {
            epoch: 2,
            number: 1,
        },
        &[(Kind::Click, vec![line(Kind::Click)])],
    );
    load().tick().await.unwrap();
    // Of a day that no look back reaches.
    let lines = vec![(Kind::Click, vec![line(Kind::Click)])];
    let mut old = manifest(&world.lake, id(9), &lines);
    old.sealed_at -= TimeDelta::days(9);
    world.put_manifest(&old);
    assert!(load().tick().await.unwrap().windows.is_empty());
    warehouse.note_stopped(&[(id(9), key_of(&old))]).unwrap();
    assert_eq!(load().tick().await.unwrap().windows, [id(9)]);
}
