//! The outbox is emptied behind verified windows, and nowhere else.

use super::*;

const RECORD: &str = "INSERT INTO outbox (slot, epoch, event_id, kind, recorded_at, line)
    SELECT (extract(epoch FROM clock_timestamp())::bigint / 3600 + DISTANCE) % 8,
        1, gen_random_uuid(), 5, now(), '{}'";

/// Slots, by their distance from the current hour's.
async fn record_in(world: &World, distance: i64) {
    world
        .sql(&RECORD.replace("DISTANCE", &distance.to_string()))
        .await;
}

async fn waiting(world: &World) -> i64 {
    world.number("SELECT count(*) FROM outbox").await
}

#[tokio::test]
async fn verified_children_are_emptied_but_for_those_near_the_hour() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    for distance in 0..8 {
        record_in(&world, distance).await;
    }
    assert_eq!(
        shipper.reclaim().await.unwrap(),
        0,
        "nothing is shipped yet"
    );
    shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 5);
    assert_eq!(waiting(&world).await, 3);
    assert_eq!(
        shipper.reclaim().await.unwrap(),
        0,
        "what is empty is left alone"
    );
}

#[tokio::test]
async fn a_row_outside_of_verified_windows_keeps_its_child() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_in(&world, 3).await;
    record_in(&world, 4).await;
    shipper.tick(world.next_mark()).await.unwrap();
    record_in(&world, 3).await;
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
    assert_eq!(waiting(&world).await, 2);

    // Shipped, but not verified.
    shipper.tick(world.next_mark()).await.unwrap();
    let forget = "UPDATE shipped_windows SET verified_at = NULL WHERE number = 2";
    world.sql(forget).await;
    assert_eq!(shipper.reclaim().await.unwrap(), 0);
    shipper.tick(world.now).await.unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
}

#[tokio::test]
async fn a_child_in_use_is_left_for_later() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_in(&world, 4).await;
    shipper.tick(world.next_mark()).await.unwrap();

    let url = world.database.url();
    let (began, reader_began) = tokio::sync::oneshot::channel();
    let (end, may_end) = std::sync::mpsc::channel::<()>();
    let reader = tokio::task::spawn_blocking(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let mut reading = client.transaction().unwrap();
        reading.query("SELECT FROM outbox", &[]).unwrap();
        began.send(()).unwrap();
        may_end.recv().unwrap();
    });
    reader_began.await.unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 0);
    end.send(()).unwrap();
    reader.await.unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
    assert_eq!(waiting(&world).await, 0);
}

/// A writer that began when the child was the hour's, and commits between the look and the lock.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_row_that_comes_between_the_look_and_the_lock_is_not_lost() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_in(&world, 4).await;
    shipper.tick(world.next_mark()).await.unwrap();

    let held = world.hold(&RECORD.replace("DISTANCE", "4")).await;
    let writer = std::sync::Mutex::new(Some(held.0));
    let commit = move || {
        if let Some(mut writer) = writer.lock().unwrap().take() {
            writer.batch_execute("COMMIT").unwrap();
        }
    };
    fail::cfg_callback("ship.lock.before", commit).unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 0);
    fail::remove("ship.lock.before");
    assert_eq!(waiting(&world).await, 2);

    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(report.shipped[0].rows, 1);
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
}
