//! The way from the ledger to the reports: a real S3 wire over a folder, a real DuckDB.

use chrono::{TimeDelta, Utc};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use textrail::domain::window::WindowLength;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};
use textrail::lake::keys;
use textrail::lake::s3::{S3Settings, S3Store};
use textrail::lake::store::{ObjectStore, list_all};
use textrail::ledger::session::Session;
use textrail::load::{LoadSettings, Loader};
use textrail::report::{LocalReports, Reports};
use textrail::ship::{ShipError, ShipSettings, Shipper, TickReport};
use textrail::verify::Findings;
use textrail::verify::look::{Question, look};
use textrail::warehouse::duck::{DuckSettings, DuckWarehouse};
use textrail::warehouse::{Rows, Select, Warehouse};
use tokio::sync::Mutex;

const BUCKET: &str = "lake";

pub struct Pipeline {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    workers: Mutex<Workers>,
    // Dropped last, in this order.
    _server: EmbeddedStore,
    _folder: TempDir,
}

struct Workers {
    shipper: Shipper,
    loader: Loader,
    rolls: i32,
}

impl Pipeline {
    pub async fn start(database_url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = Credentials::random();
        let any_port = "127.0.0.1:0".parse().expect("an address");
        let lake = folder.path().join("objects");
        let server = EmbeddedStore::start(&lake, BUCKET, &credentials, any_port)
            .await
            .expect("the object store starts");
        let store: Arc<dyn ObjectStore> = Arc::new(
            S3Store::connect(S3Settings {
                endpoint: Some(server.endpoint()),
                region: Some("local".to_owned()),
                credentials: Some((credentials.access_key, credentials.secret_key)),
                path_style: Some(true),
                ..S3Settings::new(BUCKET, "")
            })
            .await,
        );
        let directory = folder.path().join("warehouse");
        let warehouse: Arc<dyn Warehouse> = Arc::new(
            DuckWarehouse::open(&directory, &DuckSettings::default()).expect("the warehouse opens"),
        );
        let loading = LoadSettings {
            staging: directory,
            ..LoadSettings::default()
        };
        let workers = Workers {
            shipper: Shipper::new(
                database_url,
                Arc::clone(&store),
                ShipSettings::new(WindowLength::default()),
            ),
            loader: Loader::new(Arc::clone(&store), Arc::clone(&warehouse), loading),
            rolls: 0,
        };
        Self {
            store,
            warehouse,
            workers: Mutex::new(workers),
            _server: server,
            _folder: folder,
        }
    }

    pub fn reports(&self) -> Arc<dyn Reports> {
        Arc::new(LocalReports::new(Arc::clone(&self.warehouse)))
    }

    pub fn store(&self) -> &dyn ObjectStore {
        self.store.as_ref()
    }

    /// What `textrail verify --deep` finds, of a ledger in this lake and warehouse.
    pub async fn verify(&self, database_url: &str) -> Findings {
        let mut session = Session::new(database_url, "verify");
        let question = Question {
            deep: true,
            ..Question::default()
        };
        let reports = self.reports();
        look(&mut session, self.store(), &*reports, &question, |_| {})
            .await
            .expect("all parts answer")
    }

    /// What a statement reads in the warehouse.
    pub fn rows(&self, sql: &str) -> Rows {
        let select = Select {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            most_rows: 100_000,
        };
        let read = self.warehouse.read(&[select], Duration::from_secs(60));
        read.expect("the warehouse can be read").remove(0)
    }

    /// Puts what loads appended where it belongs: into the reports' buckets, and into messages.
    pub fn fold(&self) {
        self.warehouse.fold(0).expect("it can be folded");
    }

    /// Seals, ships and loads what was recorded until now. Each time, another window has passed.
    pub async fn roll(&self) {
        self.ship().await;
        let mut workers = self.workers.lock().await;
        let report = workers.loader.tick().await.expect("the window is loaded");
        assert!(report.stopped.is_empty(), "{report:?}");
    }

    /// From now on the shipper ships another ledger, into the same lake.
    pub async fn move_to(&self, database_url: &str) {
        let settings = ShipSettings::new(WindowLength::default());
        let shipper = Shipper::new(database_url, Arc::clone(&self.store), settings);
        self.workers.lock().await.shipper = shipper;
    }

    /// Seals and ships what was recorded until now.
    pub async fn try_ship(&self) -> Result<TickReport, ShipError> {
        let mut workers = self.workers.lock().await;
        workers.rolls += 1;
        let now = Utc::now() + TimeDelta::minutes(5) * workers.rolls;
        workers.shipper.tick(now).await
    }

    /// The same, when it must succeed.
    pub async fn ship(&self) {
        self.try_ship().await.expect("the window is shipped");
    }

    /// The one column of text that a statement reads from the warehouse.
    pub fn text_column(&self, sql: &str) -> Vec<String> {
        let select = Select {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            most_rows: 100_000,
        };
        let rows = self.warehouse.read(&[select], Duration::from_secs(30));
        let rows = rows.expect("the warehouse answers").remove(0);
        rows.iter()
            .map(|row| row[0].text().expect("a text").to_owned())
            .collect()
    }

    /// Kind and text of every line in the lake.
    pub async fn lake_lines(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for key in list_all(self.store.as_ref(), keys::EVENTS, None)
            .await
            .expect("a listing")
        {
            let kind = key.split('/').nth(1).expect("a kind").to_owned();
            let object = self.store.get(&key).await.expect("an object");
            let mut text = String::new();
            flate2::read::GzDecoder::new(&object[..])
                .read_to_string(&mut text)
                .expect("gzip");
            lines.extend(text.lines().map(|line| (kind.clone(), line.to_owned())));
        }
        lines
    }
}
