use super::*;
use crate::ledger::test_database::TestDatabase;
use crate::ledger::windows::{SealOrder, confirm, next_to_ship, seal, verified_through};
use chrono::TimeDelta;
use postgres::Transaction;
use proptest::prelude::*;

/// A row whose line is its number.
fn insert(client: &mut impl postgres::GenericClient, number: i64) {
    client
        .execute(
            "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
             VALUES (1, gen_random_uuid(), 5, now(), $1::bigint::text)",
            &[&number],
        )
        .unwrap();
}

fn seal_next(client: &mut Client) {
    let boundary = client
        .query_one("SELECT max(boundary) FROM windows", &[])
        .unwrap()
        .get::<_, DateTime<Utc>>(0)
        + TimeDelta::minutes(5);
    let order = SealOrder {
        boundary,
        split_bytes: 1000,
        format_version: 1,
    };
    assert!(seal(client, &order).unwrap().is_some());
}

fn lines(client: &mut Client, window: &SealedWindow) -> Vec<i64> {
    let mut lines = Vec::new();
    read_window(client, window, |row| {
        lines.push(row.line.parse()?);
        Ok(())
    })
    .unwrap();
    lines
}

/// Seals, and returns what the new window holds.
fn next_window(client: &mut Client) -> Vec<i64> {
    seal_next(client);
    let window = next_to_ship(client).unwrap().unwrap();
    let lines = lines(client, &window);
    confirm(client, &window, None, &[]).unwrap();
    let counted = "UPDATE shipped_windows SET counted_at = now() WHERE counted_at IS NULL";
    client.batch_execute(counted).unwrap();
    lines
}

fn begin(client: &mut Client) -> Transaction<'_> {
    client.transaction().unwrap()
}

impl TestDatabase {
    /// A plain connection to it.
    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.url(), postgres::NoTls).unwrap()
    }
}

#[test]
fn rows_committed_out_of_order_are_in_the_window_of_their_commit() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let (mut first, mut second) = (database.client(), database.client());
    let (mut early, mut late) = (begin(&mut first), begin(&mut second));
    insert(&mut early, 1);
    insert(&mut late, 2);
    late.commit().unwrap();
    assert_eq!(next_window(client), [2]);
    insert(&mut early, 3);
    insert(client, 4);
    early.commit().unwrap();
    assert_eq!(next_window(client), [1, 3, 4]);
    assert_eq!(next_window(client), [] as [i64; 0]);
}

#[test]
fn a_held_writer_delays_only_itself() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let mut other = database.client();
    let mut held = begin(&mut other);
    insert(&mut held, 0);
    for number in 1..=20 {
        insert(client, number);
        assert_eq!(next_window(client), [number]);
    }
    held.commit().unwrap();
    assert_eq!(next_window(client), [0]);
}

#[test]
fn rows_under_savepoints_are_of_their_transaction() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let mut other = database.client();
    let mut outer = begin(&mut other);
    insert(&mut outer, 1);
    let mut inner = outer.transaction().unwrap();
    insert(&mut inner, 2);
    inner.commit().unwrap();
    let mut undone = outer.transaction().unwrap();
    insert(&mut undone, 3);
    undone.rollback().unwrap();
    assert_eq!(next_window(client), [] as [i64; 0]);
    outer.commit().unwrap();
    assert_eq!(next_window(client), [1, 2]);
}

#[test]
fn a_window_reads_the_same_whenever_it_is_read() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    let mut other = database.client();
    let mut held = begin(&mut other);
    insert(&mut held, 1);
    insert(client, 2);
    seal_next(client);
    let window = next_to_ship(client).unwrap().unwrap();
    assert_eq!(lines(client, &window), [2]);
    held.commit().unwrap();
    insert(client, 3);
    seal_next(client);
    assert_eq!(lines(client, &window), [2]);
}

#[test]
fn what_failed_on_a_row_is_told() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    insert(client, 1);
    seal_next(client);
    let window = next_to_ship(client).unwrap().unwrap();
    let failed = read_window(client, &window, |_| anyhow::bail!("no room"));
    assert!(matches!(failed, Err(SessionError::Work(_))));
}

/// What may happen in a ledger, in any order.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize),
    End { writer: usize, commit: bool },
    Seal,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize).prop_map(Step::Insert),
        3 => (0..4usize, proptest::bool::weighted(0.8))
            .prop_map(|(writer, commit)| Step::End { writer, commit }),
        2 => Just(Step::Seal),
    ]
}

/// Plays the steps with four writers; returns the committed rows and the rows of all windows.
fn play(database: &TestDatabase, steps: &[Step]) -> (Vec<i64>, Vec<i64>) {
    let mut client = database.client();
    let mut writers: Vec<Client> = (0..4).map(|_| database.client()).collect();
    let mut open: Vec<Vec<i64>> = vec![Vec::new(); 4];
    let (mut committed, mut shipped) = (Vec::new(), Vec::new());
    let mut number = 0;
    for step in steps {
        match *step {
            Step::Insert(writer) => {
                if open[writer].is_empty() {
                    writers[writer].batch_execute("BEGIN").unwrap();
                }
                number += 1;
                insert(&mut writers[writer], number);
                open[writer].push(number);
            }
            Step::End { writer, commit } => {
                let rows = std::mem::take(&mut open[writer]);
                let end = if commit { "COMMIT" } else { "ROLLBACK" };
                writers[writer].batch_execute(end).unwrap();
                if commit {
                    committed.extend(rows);
                }
            }
            Step::Seal => shipped.extend(next_window(&mut client)),
        }
    }
    drop(writers);
    shipped.extend(next_window(&mut client));
    (committed, shipped)
}

#[test]
fn every_committed_row_is_in_exactly_one_window() {
    let database = TestDatabase::create();
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        let (mut committed, mut shipped) = play(&database, &steps);
        committed.sort_unstable();
        shipped.sort_unstable();
        prop_assert_eq!(committed, shipped);
    });
}

/// The plan that the shipper's own session gets for reading a window.
fn plan(client: &mut Client, statement: &str) -> String {
    let query = statement
        .split_once("COPY (")
        .and_then(|(_, rest)| rest.rsplit_once(") TO STDOUT"))
        .map(|(query, _)| query)
        .unwrap();
    let rows = client.query(&format!("EXPLAIN {query}"), &[]).unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

#[test]
fn a_window_is_read_along_the_index_without_a_sort() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    client
        .batch_execute(include_str!("../sql/ship/session.sql"))
        .unwrap();
    let mut other = database.client();
    let mut held = begin(&mut other);
    insert(&mut held, 0);
    client
        .batch_execute(
            "INSERT INTO outbox (slot, epoch, event_id, kind, recorded_at, line)
             SELECT n % 8, 1, gen_random_uuid(), 5, now(), n FROM generate_series(1, 20000) AS n",
        )
        .unwrap();
    assert_eq!(next_window(client).len(), 20_000);
    held.commit().unwrap();
    insert(client, 1);
    seal_next(client);
    let window = next_to_ship(client).unwrap().unwrap();
    let statements = statements(&window);
    // The writer's and the range's; a snapshot names transactions of other databases, too.
    assert!(statements.len() >= 2);
    for statement in statements {
        let plan = plan(client, &statement);
        for bad in ["Sort  (", "Seq Scan", "Bitmap"] {
            assert!(!plan.contains(bad), "{plan}");
        }
        assert_eq!(plan.matches("Index Scan using").count(), 8, "{plan}");
    }
}

#[test]
fn a_row_that_came_before_the_lock_keeps_its_child() {
    let database = TestDatabase::create();
    let client = &mut database.client();
    insert(client, 1);
    assert_eq!(next_window(client), [1]);
    let verified = verified_through(client).unwrap().unwrap();
    let slot = "SELECT min(slot)::integer FROM outbox";
    let slot: i32 = client.query_one(slot, &[]).unwrap().get(0);
    // Committed after the first look, before the lock.
    insert(client, 2);
    assert!(!reclaim::truncate_if_safe(client, slot, &verified).unwrap());
    assert_eq!(next_window(client), [2]);
    let verified = verified_through(client).unwrap().unwrap();
    // Under way at the seal, committed after it.
    let mut other = database.client();
    let mut held = begin(&mut other);
    insert(&mut held, 3);
    assert!(!reclaim::truncate_if_safe(client, slot, &verified).unwrap());
    assert_eq!(next_window(client), [] as [i64; 0]);
    held.commit().unwrap();
    let sealed_before = verified_through(client).unwrap().unwrap();
    assert!(!reclaim::truncate_if_safe(client, slot, &sealed_before).unwrap());
    assert_eq!(next_window(client), [3]);
    let verified = verified_through(client).unwrap().unwrap();
    assert!(reclaim::truncate_if_safe(client, slot, &verified).unwrap());
}
