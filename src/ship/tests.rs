//! Stories of the shipper, on a real ledger and a lake in memory.

use super::*;
use crate::domain::window::{WindowId, WindowLength};
use crate::event::Kind;
use crate::lake::faulty::{Fault, FaultyStore};
use crate::lake::manifest::Manifest;
use crate::lake::memory::MemoryStore;
use crate::lake::store::{ObjectStore, Page, Put, StoreError};
use crate::ledger::session::Session;
use crate::ledger::test_database::TestDatabase;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::GzDecoder;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

mod epochs;
mod reclaim;
mod resume;
mod rivals;

/// A ledger, a lake, and a clock that the test sets.
struct World {
    database: TestDatabase,
    lake: Arc<MemoryStore>,
    now: DateTime<Utc>,
}

impl World {
    async fn new() -> Self {
        Self {
            database: TestDatabase::create(),
            lake: Arc::default(),
            now: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        }
    }

    fn shipper(&self) -> Shipper {
        self.shipper_to(self.lake.clone())
    }

    fn shipper_to(&self, store: Arc<dyn ObjectStore>) -> Shipper {
        self.shipper_packing(store, Packing::default())
    }

    /// Windows of five minutes, files split at 100 bytes of text.
    fn shipper_packing(&self, store: Arc<dyn ObjectStore>, packing: Packing) -> Shipper {
        let window = WindowLength::new(Duration::from_secs(300)).unwrap();
        let settings = ShipSettings {
            split_bytes: 100,
            packing,
            ..ShipSettings::new(window)
        };
        Shipper::new(&self.database.url(), store, settings)
    }

    /// Drops a shipper and waits until it no longer leads: its connection closes by the way.
    async fn gone(&self, shipper: Shipper) {
        drop(shipper);
        let leader = standby::LEADER;
        self.sql(&format!(
            "SELECT pg_advisory_lock({leader}); SELECT pg_advisory_unlock({leader})"
        ))
        .await;
    }

    /// Sets the clock to the next mark.
    fn next_mark(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::minutes(5);
        self.now
    }

    /// Runs SQL.
    async fn sql(&self, statements: &str) {
        let statements = statements.to_owned();
        Session::new(&self.database.url(), "test")
            .run(move |client| Ok(client.batch_execute(&statements)?))
            .await
            .unwrap();
    }

    /// Runs SQL in a transaction and leaves it open.
    async fn hold(&self, statements: &str) -> Held {
        let (url, statements) = (self.database.url(), statements.to_owned());
        let client = tokio::task::spawn_blocking(move || {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            client
                .batch_execute(&format!("BEGIN; {statements}"))
                .unwrap();
            client
        });
        Held(client.await.unwrap())
    }

    /// The one number that a query gives.
    async fn number(&self, query: &str) -> i64 {
        let query = query.to_owned();
        Session::new(&self.database.url(), "test")
            .run(move |client| Ok(client.query_one(&query, &[])?.try_get(0)?))
            .await
            .unwrap()
    }

    /// Records events of a kind, one transaction, about 20 bytes a line.
    async fn record(&self, kind: Kind, count: usize) {
        let number = kind.number();
        self.sql(&format!(
            r#"INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
               SELECT 1, gen_random_uuid(), {number}, now(), '{{"kind":"{kind}","n":' || n || '}}'
               FROM generate_series(1, {count}) AS n"#
        ))
        .await;
    }

    fn manifests(&self) -> Vec<Manifest> {
        self.lake
            .objects()
            .into_iter()
            .filter(|(key, _)| key.starts_with("_manifest/"))
            .map(|(_, body)| serde_json::from_slice(&body).unwrap())
            .collect()
    }

    fn text(&self, key: &str) -> String {
        let mut text = String::new();
        GzDecoder::new(&self.lake.objects()[key][..])
            .read_to_string(&mut text)
            .unwrap();
        text
    }
}

/// A transaction that is under way.
struct Held(postgres::Client);

impl Held {
    async fn commit(self) {
        self.end("COMMIT").await;
    }

    async fn end(mut self, statement: &'static str) {
        let ending = move || self.0.batch_execute(statement).unwrap();
        tokio::task::spawn_blocking(ending).await.unwrap();
    }
}

#[tokio::test]
async fn a_window_becomes_files_and_a_manifest() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    let mut told = shipper.shipped();
    world.record(Kind::Click, 9).await;
    world.record(Kind::OptOut, 1).await;

    let report = shipper.tick(world.next_mark()).await.unwrap();
    let id = WindowId {
        epoch: 1,
        number: 1,
    };
    assert_eq!(report.sealed, Some(id));
    assert_eq!((report.shipped.len(), report.shipped[0].rows), (1, 10));
    assert_eq!(*told.borrow_and_update(), Some(id));

    let manifest = world.manifests().remove(0);
    assert_eq!((manifest.window, manifest.boundary), (1, world.now));
    assert_eq!(manifest.first_window, manifest.window);
    let files: Vec<_> = manifest
        .files
        .iter()
        .map(|file| (file.kind.as_str(), file.part, file.rows))
        .collect();
    // A line of a click has 23 bytes with its break: five of them fill a file.
    assert_eq!(files, [("click", 0, 5), ("click", 1, 4), ("opt_out", 0, 1)]);
    let text = world.text(&manifest.files[1].key);
    assert!(text.starts_with("{\"kind\":\"click\",\"n\":6}\n") && text.ends_with("9}\n"));

    let noted = "SELECT sum(row_count)::bigint FROM window_files";
    assert_eq!(world.number(noted).await, 10);
    let verified = "SELECT count(*) FROM shipped_windows WHERE verified_at IS NOT NULL";
    assert_eq!(world.number(verified).await, 1);
    assert_eq!(
        shipper.tick(world.now).await.unwrap(),
        TickReport::default()
    );
}

#[tokio::test]
async fn empty_windows_cost_no_object_and_are_listed_by_the_next() {
    let mut world = World::new().await;
    let mut shipper = world.shipper();
    for _ in 0..3 {
        let report = shipper.tick(world.next_mark()).await.unwrap();
        assert_eq!(
            (report.shipped[0].rows, &report.shipped[0].manifest_key),
            (0, &None)
        );
    }
    assert!(world.lake.objects().is_empty());

    for _ in 0..2 {
        world.record(Kind::Inbound, 1).await;
        shipper.tick(world.next_mark()).await.unwrap();
    }
    let accounted: Vec<_> = world
        .manifests()
        .into_iter()
        .map(|manifest| (manifest.first_window, manifest.window))
        .collect();
    assert_eq!(accounted, [(1, 4), (5, 5)]);
}

#[tokio::test]
async fn seals_go_on_while_the_lake_is_away() {
    let mut world = World::new().await;
    let away = FaultyStore::new(world.lake.clone(), 0, Fault::BeforeStoring);
    let mut shipper = world.shipper_to(Arc::new(away));
    for _ in 0..3 {
        world.record(Kind::Click, 1).await;
        let failed = shipper.tick(world.next_mark()).await.unwrap_err();
        assert!(matches!(failed, ShipError::Lake(_)), "{failed:?}");
    }
    assert_eq!(world.number("SELECT max(number) FROM windows").await, 3);
    drop(shipper);

    let mut shipper = world.shipper();
    for number in 1..=3 {
        let window = shipper.ship_next().await.unwrap().unwrap();
        assert_eq!((window.id.number, window.rows), (number, 1));
    }
}

#[tokio::test]
async fn runs_until_it_is_stopped() {
    let world = World::new().await;
    world.record(Kind::Click, 1).await;
    let shipper = world.shipper();
    let mut told = shipper.shipped();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(shipper.run(shutdown.clone()));
    told.changed().await.unwrap();
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(world.manifests().len(), 1);
}
