//! Services as processes of their own, on one PostgreSQL and one S3, told everything as an operator
//! would: by their environment.

use super::eventually::eventually;
use super::ledger::TestLedger;
use reqwest::StatusCode;
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};
use textrail::lake::s3::{S3Settings, S3Store};
use textrail::lake::store::ObjectStore;

pub use super::service::{PATIENCE, Service};

pub const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
const BUCKET: &str = "lake";
/// What `serve` presents to the loader.
pub const LOADERS_KEY: &str = "internal";
/// A variable of the environment.
pub type Variable = (&'static str, String);

pub struct Deployment {
    pub ledger: TestLedger,
    environment: Vec<Variable>,
    _store: EmbeddedStore,
    keys: Credentials,
    folder: TempDir,
}

impl Deployment {
    /// PostgreSQL and S3; no service yet.
    pub async fn start() -> Self {
        let ledger = TestLedger::start();
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Credentials::random();
        let any_port = "127.0.0.1:0".parse().expect("an address");
        let objects = folder.path().join("objects");
        let store = EmbeddedStore::start(&objects, BUCKET, &keys, any_port)
            .await
            .expect("the object store starts");
        let environment = vec![
            ("DATABASE_URL", ledger.database.url()),
            ("AWS_ENDPOINT_URL", store.endpoint()),
            ("AWS_ACCESS_KEY_ID", keys.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_key.clone()),
            ("AWS_REGION", "local".to_owned()),
            ("TEXTRAIL_LAKE__BUCKET", BUCKET.to_owned()),
            ("TEXTRAIL_LAKE__PREFIX", String::new()),
            ("TEXTRAIL_LAKE__WINDOW", "1s".to_owned()),
            ("TEXTRAIL_SHIPPER__TAKEOVER_SECONDS", "3".to_owned()),
            ("TEXTRAIL_LOADER__KEY", LOADERS_KEY.to_owned()),
            ("TEXTRAIL_LOADER__SWEEP_SECONDS", "1".to_owned()),
            ("TEXTRAIL_LOADER__STANDBY_SECONDS", "1".to_owned()),
            (
                "TEXTRAIL_WAREHOUSE__DIRECTORY",
                folder.path().join("warehouse").display().to_string(),
            ),
        ];
        Self {
            ledger,
            environment,
            _store: store,
            keys,
            folder,
        }
    }

    /// The address of the S3 server.
    pub fn s3(&self) -> String {
        let variable = |name: &&Variable| name.0 == "AWS_ENDPOINT_URL";
        let found = self.environment.iter().find(variable);
        found.expect("an endpoint").1.clone()
    }

    /// The lake, as a bystander reads it.
    pub async fn lake(&self) -> Arc<dyn ObjectStore> {
        let credentials = (self.keys.access_key.clone(), self.keys.secret_key.clone());
        Arc::new(
            S3Store::connect(S3Settings {
                endpoint: Some(self.s3()),
                region: Some("local".to_owned()),
                credentials: Some(credentials),
                path_style: Some(true),
                ..S3Settings::new(BUCKET, "")
            })
            .await,
        )
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TEXTRAIL);
        command
            .args(arguments)
            .envs(self.environment.iter().cloned());
        command
    }

    /// Runs a command to its end, which must be a good one.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        // The object store answers on this runtime meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("no panic").expect("the command runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// A key that may do everything.
    pub async fn key(&self) -> String {
        let created = self
            .run(&["key", "create", "test", "--role", "admin"])
            .await;
        let text = String::from_utf8(created.stdout).expect("text");
        text.lines().next().expect("a key").to_owned()
    }

    /// Starts a service on an address of its own. What it says goes to a file of that `name`.
    pub fn spawn(&self, service: &str, name: &str, more: &[Variable]) -> Service {
        let address = free_address();
        let listen = match service {
            "serve" => "TEXTRAIL_HTTP__LISTEN",
            "ship" => "TEXTRAIL_SHIPPER__LISTEN",
            _ => "TEXTRAIL_LOADER__LISTEN",
        };
        let mut command = self.command(&[service]);
        command
            .env(listen, &address)
            // Each server has a spool of its own, and its next life the same.
            .env(
                "TEXTRAIL_SPOOL__DIRECTORY",
                self.folder.path().join(format!("{name}.spool")),
            )
            .envs(more.iter().cloned());
        Service::spawn(&command, &address, &self.folder.path().join(name))
    }

    /// Starts a service and waits until it is ready.
    pub async fn start_service(&self, service: &str, name: &str, more: &[Variable]) -> Service {
        let service = self.spawn(service, name, more);
        service.answers(StatusCode::OK).await;
        service
    }
}

/// The messages that a loader's report counts; none while it gives none.
pub async fn messages(loader: &Service) -> Option<i64> {
    let today = chrono::Utc::now().date_naive();
    let day = chrono::TimeDelta::days(1);
    let range = format!("start={}&end={}", today - day, today + day);
    let url = loader.url(&format!("/v1/reports/messages?{range}"));
    let client = reqwest::Client::new();
    let answer = client.get(url).bearer_auth(LOADERS_KEY).send().await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let report: Value = answer.json().await.ok()?;
    report["rows"][0]["messages"].as_i64()
}

/// Waits until it counts so many.
pub async fn shows(loader: &Service, expected: i64) {
    eventually("the report is complete", PATIENCE, async || {
        (messages(loader).await == Some(expected)).then_some(())
    })
    .await;
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
