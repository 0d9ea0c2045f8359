use super::*;
use crate::ledger::test_database::TestDatabase;
use chrono::TimeDelta;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

pub(crate) fn order(minute: i64) -> SealOrder {
    SealOrder {
        boundary: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(minute),
        split_bytes: 1000,
        format_version: 1,
    }
}

fn file(kind: Kind, rows: i64) -> ShippedFile {
    ShippedFile {
        kind,
        part: 0,
        key: format!("events/{kind}"),
        rows,
        text_bytes: 10,
        text_sha256: vec![1; 32],
        object_bytes: 5,
        object_sha256: vec![2; 32],
        first_recorded_at: DateTime::UNIX_EPOCH,
        last_recorded_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn a_boundary_is_sealed_once_and_only_forward() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let first = seal(client, &order(10)).unwrap().unwrap();
    assert_eq!(
        first,
        WindowId {
            epoch: 1,
            number: 1
        }
    );
    assert_eq!(seal(client, &order(10)).unwrap(), None);
    assert_eq!(seal(client, &order(9)).unwrap(), None);
    assert_eq!(seal(client, &order(15)).unwrap().unwrap().number, 2);
}

/// A machine starts with its clock two hours ahead, and then it is set.
#[test]
fn a_clock_that_was_set_back_holds_up_no_seal() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let now = (Utc::now() - DateTime::<Utc>::UNIX_EPOCH).num_minutes();
    let mut number = |minute| Some(seal(client, &order(minute)).unwrap()?.number);
    assert_eq!(number(now + 120), Some(1));
    assert_eq!(number(now + 120), None);
    assert_eq!(number(now - 5), Some(2));
    assert_eq!(number(now - 5), None);
    assert_eq!(number(now), Some(3));
}

#[test]
fn many_sealers_at_one_boundary_make_one_seal() {
    let database = TestDatabase::create();
    let sealers = 6;
    for minute in 1..=10 {
        let barrier = Barrier::new(sealers);
        let sealed = std::thread::scope(|scope| {
            let running: Vec<_> = (0..sealers)
                .map(|_| {
                    scope.spawn(|| {
                        let mut client = database.client();
                        barrier.wait();
                        seal(&mut client, &order(minute)).unwrap()
                    })
                })
                .collect();
            running
                .into_iter()
                .filter_map(|sealer| sealer.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(
            sealed,
            [WindowId {
                epoch: 1,
                number: minute
            }]
        );
    }
}

/// The snapshot that is stored is the statement's own, so a sealer that waited for another inside of
/// its statement would store one from before the other's, and rows between the two would be shipped
/// twice.
#[test]
fn of_sealers_that_race_over_many_boundaries_each_stores_a_later_snapshot() {
    let database = TestDatabase::create();
    let next = AtomicI64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut client = database.client();
                for _ in 0..40 {
                    let minute = next.fetch_add(1, Ordering::Relaxed);
                    seal(&mut client, &order(minute)).unwrap();
                }
            });
        }
    });
    let rows = database
        .client()
        .query(
            "SELECT number, pg_snapshot_xmax(snapshot)::text::bigint FROM windows ORDER BY number",
            &[],
        )
        .unwrap();
    let seals: Vec<(i64, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(seals.len() > 2, "{seals:?}");
    for pair in seals.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1, "no number is left out");
        assert!(pair[1].1 >= pair[0].1, "{pair:?}");
    }
}

/// The same on purpose: one that waits for a seal under way must not store its own, earlier snapshot
/// behind it.
#[test]
fn a_seal_that_had_to_wait_stores_no_snapshot_from_before_the_other() {
    let database = TestDatabase::create();
    let mut first = database.client();
    first.batch_execute("BEGIN").unwrap();
    seal(&mut first, &order(1)).unwrap().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| seal(&mut database.client(), &order(3)).unwrap());
        let waits = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut watcher = database.client();
        let deadline = Instant::now() + Duration::from_secs(60);
        while watcher.query_one(waits, &[]).unwrap().get::<_, i64>(0) == 0 {
            assert!(Instant::now() < deadline, "no seal waits for the other");
            std::thread::yield_now();
        }
        // Commits after the waiting one's snapshot, before the next seal's.
        watcher
            .execute("SELECT pg_current_xact_id()::text", &[])
            .unwrap();
        seal(&mut first, &order(2)).unwrap().unwrap();
        first.batch_execute("COMMIT").unwrap();
        waiting.join().unwrap();
    });
    let back = "SELECT count(*) FROM windows AS later JOIN windows AS earlier
            ON earlier.epoch = later.epoch AND earlier.number = later.number - 1
        WHERE pg_snapshot_xmax(later.snapshot) < pg_snapshot_xmax(earlier.snapshot)";
    let back: i64 = first.query_one(back, &[]).unwrap().get(0);
    assert_eq!(back, 0);
}

#[test]
fn windows_are_shipped_and_verified_in_order() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    assert_eq!(next_to_ship(client).unwrap(), None);
    for minute in 1..=3 {
        seal(client, &order(minute)).unwrap().unwrap();
    }
    assert_eq!(backlog(client).unwrap().unshipped_windows, 3);

    let first = next_to_ship(client).unwrap().unwrap();
    assert_eq!((first.id.number, first.split_bytes), (1, 1000));
    assert_eq!(first.previous.to_string(), "1:1:");
    assert!(!is_shipped(client, first.id).unwrap());
    assert!(confirm(client, &first, None, &[]).unwrap());
    assert!(is_shipped(client, first.id).unwrap());
    assert_eq!(next_to_verify(client).unwrap(), None);

    let second = next_to_ship(client).unwrap().unwrap();
    assert_eq!(second.previous, first.snapshot);
    assert_eq!(first_accounted(client, second.id).unwrap(), 1);
    let files = [file(Kind::Click, 2), file(Kind::Inbound, 3)];
    assert!(confirm(client, &second, Some("manifest"), &files).unwrap());
    assert_eq!(
        next_to_verify(client).unwrap(),
        Some(Unverified {
            id: second.id,
            manifest_key: "manifest".to_owned(),
            rows: 5,
        })
    );
    note_verified(client, second.id).unwrap();
    assert_eq!(next_to_verify(client).unwrap(), None);

    let third = next_to_ship(client).unwrap().unwrap();
    assert_eq!(first_accounted(client, third.id).unwrap(), third.id.number);
    assert_eq!(backlog(client).unwrap().unshipped_windows, 1);
}

#[test]
fn a_second_confirmation_changes_nothing() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    seal(client, &order(1)).unwrap().unwrap();
    let window = next_to_ship(client).unwrap().unwrap();
    assert!(confirm(client, &window, Some("m"), &[file(Kind::Click, 2)]).unwrap());
    // One that woke up late, and found its rows reclaimed, takes the window for empty.
    assert!(!confirm(client, &window, None, &[]).unwrap());
    let row = client
        .query_one(
            "SELECT row_count, manifest_key, (SELECT count(*) FROM window_files) FROM shipped_windows",
            &[],
        )
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 2);
    assert_eq!(row.get::<_, String>(1), "m");
    assert_eq!(row.get::<_, i64>(2), 1);
}

#[test]
fn the_time_of_sealing_never_goes_back() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    client
        .execute(
            "UPDATE windows SET sealed_at = now() + interval '1 day'",
            &[],
        )
        .unwrap();
    seal(client, &order(1)).unwrap().unwrap();
    let row = client
        .query_one("SELECT count(DISTINCT sealed_at) FROM windows", &[])
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[test]
fn the_backlog_counts_what_no_seal_has_seen() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let insert = "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
        VALUES (1, gen_random_uuid(), 5, now() - interval '1 minute', '{}')";
    let mut held = database.client();
    let mut held = held.transaction().unwrap();
    held.execute(insert, &[]).unwrap();
    client.execute(insert, &[]).unwrap();
    assert_eq!(backlog(client).unwrap().unsealed_rows, 1);

    seal(client, &order(1)).unwrap().unwrap();
    let none = backlog(client).unwrap();
    assert_eq!((none.unsealed_rows, none.oldest_seconds), (0, 0.0));

    client.execute(insert, &[]).unwrap();
    held.commit().unwrap();
    let both = backlog(client).unwrap();
    assert_eq!(both.unsealed_rows, 2);
    assert!(both.oldest_seconds >= 60.0);
}
