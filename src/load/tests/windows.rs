//! Which windows are loaded, when, and with which others.

use super::*;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn windows_are_loaded_once_in_whatever_order_they_appear() {
    let world = World::new();
    let mut loader = world.loader();
    for number in [1, 3, 2, 5, 4] {
        world.ship(number, 2);
        let report = loader.tick().await.unwrap();
        assert_eq!((report.windows, report.rows), (vec![id(number)], 2));
        let again = loader.tick().await.unwrap();
        assert!(again.windows.is_empty() && again.stopped.is_empty());
    }
    // Another loader, which knows nothing, changes nothing.
    assert!(world.loader().tick().await.unwrap().windows.is_empty());
    assert_eq!(world.warehouse.ids(), ids(1..=5));
    assert_eq!(world.warehouse.state().transactions.len(), 5);
    assert_eq!(world.staging.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn catching_up_takes_many_windows_at_once() {
    let world = World::new();
    for number in 1..=100 {
        world.ship(number, 1);
    }
    let report = world.loader().tick().await.unwrap();
    assert_eq!((report.windows, report.rows), (ids(1..=100), 100));
    let transactions = world.warehouse.state().transactions.clone();
    assert_eq!(transactions, [ids(1..=64), ids(65..=100)]);
}

#[tokio::test]
async fn a_transaction_has_no_more_rows_than_it_may_unless_one_window_has() {
    let world = World::new();
    for (number, clicks) in [(1, 2), (2, 2), (3, 9), (4, 1), (5, 1)] {
        world.ship(number, clicks);
    }
    let settings = LoadSettings {
        rows_at_once: 4,
        ..world.settings()
    };
    world.loader_with(settings).tick().await.unwrap();
    let transactions = world.warehouse.state().transactions.clone();
    assert_eq!(transactions, [ids(1..=2), ids(3..=3), ids(4..=5)]);
}

#[tokio::test]
async fn known_windows_between_new_ones_are_passed_over() {
    let world = World::new();
    for number in [1, 3, 4] {
        world.ship(number, 1);
    }
    world.loader().tick().await.unwrap();
    for number in [2, 5, 6] {
        world.ship(number, 1);
    }
    let settings = LoadSettings {
        rows_at_once: 2,
        ..world.settings()
    };
    let report = world.loader_with(settings).tick().await.unwrap();
    assert_eq!(report.windows, ids([2, 5, 6]));
}

#[tokio::test]
async fn the_next_windows_are_staged_while_a_transaction_loads() {
    let world = World::new();
    let settings = LoadSettings {
        windows_at_once: 1,
        ..world.settings()
    };
    for number in 1..=3 {
        world.ship(number, 1);
    }
    // Those that it loads, and the next.
    world.warehouse.state().awaits = Some(double::Awaited::Entries {
        folder: world.staging.path().to_owned(),
        entries: 2,
    });
    let report = world.loader_with(settings).tick().await.unwrap();
    assert_eq!(report.windows, ids(1..=3));
    let left = std::fs::read_dir(world.staging.path()).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn the_next_windows_are_read_while_a_transaction_loads() {
    let world = World::new();
    let settings = LoadSettings {
        windows_at_once: 2,
        ..world.settings()
    };
    for number in 1..=5 {
        world.ship(number, 1);
    }
    world.warehouse.state().awaits = Some(double::Awaited::ReadAhead(ids([3, 4])));
    let report = world.loader_with(settings).tick().await.unwrap();
    // That they could not be read ahead stops none of them.
    assert_eq!(report.windows, ids(1..=5));
    assert!(report.stopped.is_empty());
    let read = world.warehouse.state().read_ahead.clone();
    // The first ones are not: they are loaded at once.
    assert_eq!(read, [ids([3, 4]), ids([5])]);
}

#[tokio::test]
async fn so_they_are_while_another_generation_is_brought_up() {
    let world = World::new();
    let settings = LoadSettings {
        windows_at_once: 1,
        ..world.settings()
    };
    for number in 1..=3 {
        world.ship(number, 1);
    }
    let newer = Arc::new(Double::default());
    newer.state().awaits = Some(double::Awaited::ReadAhead(ids([2])));
    world.warehouse.state().newer = Some(newer.clone());
    world.loader_with(settings).tick().await.unwrap();
    assert_eq!(newer.ids(), ids(1..=3));
    assert_eq!(newer.state().read_ahead, [ids([2]), ids([3])]);
}

#[tokio::test]
async fn a_late_window_before_the_mark_is_found_by_the_look_back() {
    let world = World::new();
    let of_epoch_2 = WindowId {
        epoch: 2,
        number: 1,
    };
    world.ship_lines(of_epoch_2, &[(Kind::Click, vec![line(Kind::Click)])]);
    let mut loader = world.loader();
    let mut careful = world.careful_loader();
    loader.tick().await.unwrap();
    let mark = world.warehouse.progress().unwrap().unwrap();
    assert_eq!(mark.id, of_epoch_2);

    // The last window of the epoch before was put only now.
    world.ship(9, 1);
    assert!(loader.tick().await.unwrap().windows.is_empty());
    assert_eq!(careful.tick().await.unwrap().windows, [id(9)]);
}

#[tokio::test]
async fn what_is_no_manifest_is_passed_over() {
    let world = World::new();
    world.lake.overwrite("_manifest/readme.txt", Bytes::new());
    world.ship(1, 1);
    assert_eq!(world.loader().tick().await.unwrap().windows, [id(1)]);
}

#[tokio::test]
async fn it_runs_from_wake_to_wake_until_it_is_stopped() {
    let world = World::new();
    let (ring, wake) = watch::channel(None);
    let shutdown = CancellationToken::new();
    let settings = LoadSettings {
        sweep_every: Duration::from_secs(3600),
        ..world.settings()
    };
    let running = tokio::spawn(
        world
            .loader_with(settings)
            .run(Some(wake), shutdown.clone()),
    );
    for number in 1..=2 {
        world.ship(number, 1);
        ring.send_replace(Some(id(number)));
        let loaded = async {
            while !world.warehouse.ids().contains(&id(number)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), loaded)
            .await
            .expect("the wake is heard");
    }
    drop(ring);
    shutdown.cancel();
    running.await.unwrap();
}
