//! The same, into DuckDB.

use super::*;
use crate::warehouse::duck::{DuckSettings, DuckWarehouse};

fn open(directory: &std::path::Path) -> Arc<DuckWarehouse> {
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
