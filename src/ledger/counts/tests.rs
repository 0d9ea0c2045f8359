use super::*;
use crate::ledger::test_database::TestDatabase;
use crate::ledger::windows::{SealOrder, seal};
use chrono::TimeDelta;
use std::thread;
use std::time::{Duration, Instant};

/// The longest that another session is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A click, and its event if `event`.
fn click(client: &mut impl GenericClient, event: bool) {
    let sql = "WITH fact AS (
            INSERT INTO clicks (message_id, id, link_number, verdict, recorded_at)
            VALUES (gen_random_uuid(), gen_random_uuid(), 1, 'human', clock_timestamp())
            RETURNING message_id, id, recorded_at
        )
        INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
        SELECT 1, id, 5, recorded_at,
               format('{\"kind\":\"click\",\"message_id\":\"%s\",\"user_agent\":\"\\\"message_id\\\":\\\"x\"}', message_id)
        FROM fact WHERE $1";
    client.execute(sql, &[&event]).unwrap();
}

fn seal_at(client: &mut Client, minute: i64) -> ToCount {
    let order = SealOrder {
        boundary: DateTime::UNIX_EPOCH + TimeDelta::minutes(minute),
        split_bytes: 1000,
        format_version: 1,
    };
    let id = seal(client, &order).unwrap().unwrap();
    window(client, id)
}

fn window(client: &mut Client, id: WindowId) -> ToCount {
    let row = client
        .query_one(
            include_str!("../sql/count/window_to_count.sql"),
            &[&id.epoch, &id.number],
        )
        .unwrap();
    to_count(&row).unwrap()
}

fn clicks(counts: &[KindCount]) -> (i64, i64) {
    let count = counts.iter().find(|count| count.kind == Kind::Click);
    count.map(|count| (count.events, count.facts)).unwrap()
}

#[test]
fn a_window_is_what_one_snapshot_sees_and_the_other_did_not() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let mut other = database.client();
    let mut held = other.transaction().unwrap();
    click(&mut held, true);
    click(client, true);
    let first = seal_at(client, 1);
    held.commit().unwrap();
    click(client, true);
    click(client, true);
    let second = seal_at(client, 2);
    click(client, true);
    assert_eq!(clicks(&read(client, &first).unwrap()), (1, 1));
    assert_eq!(clicks(&read(client, &second).unwrap()), (3, 3));
    assert_eq!(read(client, &second).unwrap().len(), 7, "every kind");
}

#[test]
fn another_clusters_transactions_are_in_none_of_the_windows_before() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    click(client, true);
    let id = seal_at(client, 1).id;
    // A dump was restored; what is recorded there has transaction ids that were given before.
    client
        .batch_execute(
            "INSERT INTO epochs (epoch, system_identifier, timeline, reason, foreign_through)
             SELECT 2, 1, 1, 'system_identifier', max(id) FROM outbox",
        )
        .unwrap();
    click(client, true);
    client
        .batch_execute("UPDATE outbox SET xid = (SELECT min(xid) FROM outbox)")
        .unwrap();
    let first = window(client, id);
    assert_eq!(clicks(&read(client, &first).unwrap()), (1, 1));
}

#[test]
fn events_and_facts_are_held_against_each_other_both_ways() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    click(client, true);
    client
        .batch_execute(
            "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
             VALUES (1, gen_random_uuid(), 5, now(), '{\"kind\":\"click\"}'),
                    (1, gen_random_uuid(), 7, now(), 'no JSON'),
                    (1, gen_random_uuid(), 4, now(), '5')",
        )
        .unwrap();
    click(client, false);
    let window = seal_at(client, 1);
    let counted = count(client, &window).unwrap();
    assert_eq!(clicks(&counted.kinds), (2, 1));
    assert_eq!((counted.events(), counted.without_fact()), (4, 3));
    assert_eq!(counted.alone, 1);
    assert!(!counted.equal, "it was never shipped");
    let proof = proof(client).unwrap();
    assert_eq!(proof.events_without_fact, 3);
    assert_eq!(proof.facts_without_event, 1);

    // The event comes after all: the difference is settled.
    assert_eq!(settle_alone(client).unwrap(), 1);
    client
        .batch_execute(
            "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
             SELECT 1, fact_id, kind, recorded_at, '{}' FROM facts_without_event",
        )
        .unwrap();
    assert_eq!(settle_alone(client).unwrap(), 0);
}

#[test]
fn a_reclaimed_event_is_not_missed() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    click(client, true);
    client
        .batch_execute(
            "INSERT INTO outbox_reclaims SELECT slot, recorded_at FROM outbox;
             TRUNCATE outbox",
        )
        .unwrap();
    click(client, true);
    let window = seal_at(client, 1);
    assert_eq!(count(client, &window).unwrap().alone, 0);
}

/// Another shipper empties the outbox between two statements of a look for facts without an event.
#[test]
fn what_is_reclaimed_during_the_look_is_not_missed() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    click(client, true);
    let window = seal_at(client, 1);
    let mut other = database.client();
    let mut reclaim = other.transaction().unwrap();
    reclaim
        .batch_execute(
            "INSERT INTO outbox_reclaims SELECT slot, recorded_at FROM outbox;
             TRUNCATE outbox",
        )
        .unwrap();
    thread::scope(|scope| {
        let mut counting = database.client();
        let look = scope.spawn(move || note_alone(&mut counting, window.id, None).unwrap());
        wait_for_one_that_waits(client);
        reclaim.commit().unwrap();
        assert_eq!(look.join().unwrap(), 0);
    });
}

/// Until a session of this database waits for a lock; fails if none does in [`PATIENCE`].
fn wait_for_one_that_waits(client: &mut Client) {
    let waiting = "SELECT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
        )";
    let deadline = Instant::now() + PATIENCE;
    while !client.query_one(waiting, &[]).unwrap().get::<_, bool>(0) {
        assert!(Instant::now() < deadline, "no session waits for a lock");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The reference load: 31,000 rows a window.
#[test]
fn a_window_of_the_reference_load_is_counted_in_seconds() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    client
        .batch_execute(
            "WITH fact AS (
                 INSERT INTO clicks (message_id, id, link_number, verdict, recorded_at)
                 SELECT uuidv7_floor(now()), gen_random_uuid(), n, 'human', clock_timestamp()
                 FROM generate_series(1, 31000) AS n
                 RETURNING message_id, id, recorded_at
             )
             INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
             SELECT 1, id, 5, recorded_at, format('{\"message_id\":\"%s\",\"x\":\"%s\"}', message_id, repeat('y', 500))
             FROM fact",
        )
        .unwrap();
    let window = seal_at(client, 1);
    let begun = Instant::now();
    let counted = count(client, &window).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(clicks(&counted.kinds), (31_000, 31_000));
    assert_eq!(counted.alone, 0);
    println!("counted 31,000 rows in {seconds:.2} s");
    // Ten minutes are what a proof may take; far less is what it takes.
    assert!(seconds < 30.0, "{seconds}");
}
