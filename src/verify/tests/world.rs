//! A ledger, a lake and a warehouse, small enough to know what differs.

use crate::domain::window::WindowLength;
use crate::event::{Body, Click, Context, Event, TimeSource};
use crate::lake::memory::MemoryStore;
use crate::ledger::session::Session;
use crate::ledger::test_database::TestDatabase;
use crate::load::{LoadSettings, Loader};
use crate::report::LocalReports;
use crate::ship::{ShipSettings, Shipper};
use crate::verify::look::{Question, look};
use crate::verify::*;
use crate::warehouse::duck::{DuckSettings, DuckWarehouse};
use chrono::{SubsecRound as _, TimeDelta};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

pub(super) struct World {
    pub(super) database: TestDatabase,
    pub(super) lake: Arc<MemoryStore>,
    pub(super) warehouse: Arc<DuckWarehouse>,
    pub(super) shipper: Shipper,
    pub(super) loader: Loader,
    pub(super) now: DateTime<Utc>,
    pub(super) _folder: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let (database, lake) = (TestDatabase::create(), Arc::<MemoryStore>::default());
        let folder = tempfile::tempdir().unwrap();
        let warehouse = DuckWarehouse::open(folder.path(), &DuckSettings::default()).unwrap();
        let warehouse = Arc::new(warehouse);
        let window = WindowLength::new(Duration::from_secs(300)).unwrap();
        let loading = LoadSettings {
            look_back_every: Duration::ZERO,
            staging: folder.path().to_owned(),
            ..LoadSettings::default()
        };
        Self {
            shipper: Shipper::new(&database.url(), lake.clone(), ShipSettings::new(window)),
            loader: Loader::new(lake.clone(), warehouse.clone(), loading),
            database,
            lake,
            warehouse,
            now: Utc::now(),
            _folder: folder,
        }
    }

    /// Two windows, of three clicks and of one.
    pub(super) async fn with_two_windows() -> Self {
        let mut world = Self::new();
        (0..3).for_each(|_| world.record(&click()));
        world.roll().await;
        world.record(&click());
        world.roll().await;
        world
    }

    /// Records a click and its event.
    pub(super) fn record(&self, event: &Event) {
        self.fact(event);
        self.event(event, &event.encode().unwrap());
    }

    pub(super) fn fact(&self, event: &Event) {
        let message_id = event.context.message_id.unwrap();
        self.sql(&format!(
            "INSERT INTO clicks (message_id, id, link_number, verdict, recorded_at)
             VALUES ('{message_id}', '{}', 1, 'human', '{}')",
            event.event_id,
            event.recorded_at.to_rfc3339()
        ));
    }

    pub(super) fn event(&self, event: &Event, line: &str) {
        self.sql(&format!(
            "INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
             VALUES (1, '{}', 5, '{}', '{line}')",
            event.event_id,
            event.recorded_at.to_rfc3339()
        ));
    }

    /// Runs SQL, on a thread of its own: the client blocks, which no async thread may.
    pub(super) fn sql(&self, statements: &str) {
        let database = &self.database;
        let work = move || database.client().batch_execute(statements).unwrap();
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
    }

    pub(super) fn mark(&mut self) -> DateTime<Utc> {
        self.now += TimeDelta::minutes(5);
        self.now
    }

    /// Seals, ships, counts and loads.
    pub(super) async fn roll(&mut self) {
        self.ship().await;
        let report = self.loader.tick().await.unwrap();
        assert!(report.stopped.is_empty(), "{report:?}");
    }

    pub(super) async fn ship(&mut self) {
        let mark = self.mark();
        self.shipper.tick(mark).await.unwrap();
    }

    pub(super) async fn findings(&self, deep: bool) -> Findings {
        let question = Question {
            deep,
            ..Question::default()
        };
        self.ask(&question).await
    }

    pub(super) async fn ask(&self, question: &Question) -> Findings {
        let mut session = Session::new(&self.database.url(), "verify");
        let reports = LocalReports::new(self.warehouse.clone());
        look(&mut session, &*self.lake, &reports, question, |_| {})
            .await
            .unwrap()
    }

    /// What differs, and in which window.
    pub(super) async fn found(&self, deep: bool) -> Vec<(What, Option<i64>)> {
        let differences = self.findings(deep).await.differences;
        let mut found: Vec<_> = differences
            .iter()
            .map(|difference| (difference.what, difference.window.map(|id| id.number)))
            .collect();
        found.dedup();
        found
    }

    /// The key of the manifest, or of the file, of a window.
    pub(super) fn key(&self, prefix: &str, number: i64) -> String {
        let name = format!("-{number:010}");
        let objects = self.lake.objects();
        let mut keys = objects.keys().filter(|key| key.starts_with(prefix));
        keys.find(|key| key.contains(&name)).unwrap().clone()
    }
}

pub(super) fn click() -> Event {
    let recorded_at = Utc::now().trunc_subsecs(6);
    Event {
        event_id: Uuid::now_v7(),
        occurred_at: recorded_at,
        time_source: TimeSource::Server,
        recorded_at,
        context: Context {
            message_id: Some(Uuid::now_v7()),
            message_recorded_at: Some(recorded_at),
            ..Context::default()
        },
        body: Body::Click(Click {
            link_id: 1,
            code: "abcdefghij".to_owned(),
            target_url: "https://example.com/".to_owned(),
            verdict: "human".to_owned(),
            verdict_reasons: Vec::new(),
            ruleset: "1".to_owned(),
            user_agent: None,
            device: None,
            os: None,
            browser: None,
            ip_prefix: None,
            referrer_host: None,
            ip: None,
        }),
    }
}
