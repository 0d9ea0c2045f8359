//! The outbox is emptied behind verified windows, and nowhere else.

use super::*;

/// Slots, by their distance from the current hour's.
fn insert_in(distance: i64, rows: i64) -> String {
    format!(
        "INSERT INTO outbox (slot, epoch, event_id, kind, recorded_at, line)
         SELECT (extract(epoch FROM clock_timestamp())::bigint / 3600 + {distance}) % 8,
             1, gen_random_uuid(), 5, now(), '{{}}' FROM generate_series(1, {rows})"
    )
}

async fn record_in(world: &World, distance: i64) {
    world.sql(&insert_in(distance, 1)).await;
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

#[tokio::test]
async fn a_late_writer_into_an_old_child_is_never_lost() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_in(&world, 4).await;
    let held = world.hold(&insert_in(4, 1)).await;
    shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(shipper.reclaim().await.unwrap(), 0, "someone writes there");
    held.commit().await;
    assert_eq!(
        shipper.reclaim().await.unwrap(),
        0,
        "what was written is in no window"
    );
    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(report.shipped[0].rows, 1);
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
    assert_eq!(waiting(&world).await, 0);
}

#[tokio::test]
async fn a_day_of_traffic_leaves_nothing_behind() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    let bytes = "SELECT sum(pg_relation_size(inhrelid))::bigint FROM pg_inherits
        WHERE inhparent = 'outbox'::regclass";
    let (mut rows, mut largest) = (0, 0);
    // Hour after hour, each into the child that is farthest from the real clock's.
    for hour in 0..24 {
        for _ in 0..3 {
            world.sql(&insert_in(2 + hour % 5, 200)).await;
            let report = shipper.tick(world.next_mark()).await.unwrap();
            rows += report.shipped[0].rows;
        }
        largest = largest.max(world.number(bytes).await);
        shipper.reclaim().await.unwrap();
    }
    assert_eq!(rows, 24 * 600);
    assert_eq!(waiting(&world).await, 0);
    assert_eq!(world.number(bytes).await, 0);
    // An hour's rows at most, with what a page of each is too much.
    assert!(largest < 200_000, "{largest}");
    world.sql("SELECT pg_stat_force_next_flush()").await;
    let dead = "SELECT sum(n_dead_tup)::bigint FROM pg_stat_user_tables
        WHERE relname ~ '^outbox_[0-9]$'";
    assert_eq!(world.number(dead).await, 0);
    let written = "SELECT sum(n_tup_ins)::bigint FROM pg_stat_user_tables
        WHERE relname ~ '^outbox_[0-9]$' AND n_tup_upd = 0 AND n_tup_del = 0";
    assert_eq!(world.number(written).await, 24 * 600);
}

#[tokio::test]
async fn while_the_lake_is_away_nothing_is_given_up() {
    let mut world = World::new().await;
    let away = FaultyStore::new(world.lake.clone(), 0, Fault::BeforeStoring);
    let mut shipper = world.shipper_to(Arc::new(away));
    for _ in 0..3 {
        record_in(&world, 4).await;
        shipper.tick(world.next_mark()).await.unwrap_err();
        assert_eq!(shipper.reclaim().await.unwrap(), 0);
    }
    world.gone(shipper).await;
    assert_eq!(waiting(&world).await, 3);
    let mut shipper = world.shipper();
    let report = shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(
        report.shipped.iter().map(|window| window.rows).sum::<u64>(),
        3
    );
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
}
