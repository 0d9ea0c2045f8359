//! The outbox is emptied behind verified windows, and nowhere else.

use super::*;
use crate::ledger::counts;

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

/// A row of the hour of its slot, some hours ago: two to six, or a transaction may still write there.
async fn record_hours_ago(world: &World, hours: i64) {
    world
        .sql(&format!(
            "INSERT INTO outbox (slot, epoch, event_id, kind, recorded_at, line)
             SELECT (extract(epoch FROM now())::bigint / 3600 - {hours}) % 8,
                 1, gen_random_uuid(), 5, now() - interval '{hours} hours', '{{}}'"
        ))
        .await;
}

async fn counted(world: &World) -> i64 {
    let sql = "SELECT count(*) FROM shipped_windows WHERE counted_at IS NOT NULL";
    world.number(sql).await
}

/// What a shipper of the version before leaves of a window, which counts nothing.
const SHIPPED_BY_THE_VERSION_BEFORE: &str = "DELETE FROM window_counts WHERE number = 1;
    UPDATE shipped_windows SET counted_at = NULL WHERE number = 1";

#[tokio::test]
async fn a_window_that_the_version_before_emptied_uncounted_holds_nothing_up() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_hours_ago(&world, 5).await;
    record_hours_ago(&world, 4).await;
    shipper.tick(world.next_mark()).await.unwrap();
    world.sql(SHIPPED_BY_THE_VERSION_BEFORE).await;
    assert_eq!(shipper.reclaim().await.unwrap(), 0, "nothing is counted");
    // It had its rows in two children, of which one is emptied.
    let slot = world.number("SELECT min(slot)::bigint FROM outbox").await;
    world.sql(&format!("TRUNCATE outbox_{slot}")).await;
    record_hours_ago(&world, 3).await;
    shipper.tick(world.next_mark()).await.unwrap();
    let told = "SELECT count(*) FROM shipped_windows
        WHERE number = 1 AND uncounted = 'reclaimed' AND counted_at = verified_at";
    assert_eq!(world.number(told).await, 1);
    let missed = "SELECT count(*) FROM facts_without_event";
    assert_eq!(world.number(missed).await, 0);
    assert_eq!(shipper.reclaim().await.unwrap(), 2);
}

#[tokio::test]
async fn a_window_that_lost_events_is_no_such_window() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    record_hours_ago(&world, 4).await;
    record_hours_ago(&world, 4).await;
    shipper.tick(world.next_mark()).await.unwrap();
    world.sql(SHIPPED_BY_THE_VERSION_BEFORE).await;
    let one = "DELETE FROM outbox WHERE id = (SELECT min(id) FROM outbox)";
    world.sql(one).await;
    shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(counted(&world).await, 1, "the empty one alone");
    assert_eq!(shipper.reclaim().await.unwrap(), 0);

    // Until an operator has looked.
    let id = WindowId {
        epoch: 1,
        number: 1,
    };
    let accept = async || {
        let mut session = Session::new(&world.database.url(), "test");
        let accepted = session.run(move |client| counts::accept(client, id)).await;
        accepted.unwrap()
    };
    assert!(accept().await);
    assert!(!accept().await, "it holds nothing any more");
    assert_eq!(shipper.reclaim().await.unwrap(), 1);
    let kept = "SELECT events FROM window_counts WHERE number = 1 AND kind = 5";
    assert_eq!(world.number(kept).await, 1, "the difference stays");
}

#[tokio::test]
async fn a_window_that_cannot_be_counted_stops_no_other() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    let refuse = "ALTER TABLE window_counts ADD CONSTRAINT no CHECK (number <> 2)";
    world.sql(refuse).await;
    for hours in [5, 4, 3] {
        record_hours_ago(&world, hours).await;
        shipper.tick(world.next_mark()).await.unwrap();
    }
    assert_eq!(counted(&world).await, 2);
    assert_eq!(shipper.reclaim().await.unwrap(), 1, "what is before it");
    world
        .sql("ALTER TABLE window_counts DROP CONSTRAINT no")
        .await;
    let mut later = world.shipper();
    world.gone(shipper).await;
    later.tick(world.next_mark()).await.unwrap();
    assert_eq!(counted(&world).await, 4);
    assert_eq!(later.reclaim().await.unwrap(), 2);
}

#[tokio::test]
async fn many_windows_that_differ_do_not_keep_another_from_its_turn() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    for _ in 0..12 {
        record_hours_ago(&world, 4).await;
        shipper.tick(world.next_mark()).await.unwrap();
    }
    world
        .sql(
            "DELETE FROM window_counts; UPDATE shipped_windows SET counted_at = NULL;
             UPDATE window_files SET row_count = 2",
        )
        .await;
    shipper.tick(world.next_mark()).await.unwrap();
    assert_eq!(counted(&world).await, 1, "the empty one alone");
    world
        .sql("UPDATE window_files SET row_count = 1 WHERE number = 12")
        .await;
    for _ in 0..2 {
        shipper.tick(world.now).await.unwrap();
    }
    assert_eq!(counted(&world).await, 2);
}
