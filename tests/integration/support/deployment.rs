//! Services as processes of their own, on one PostgreSQL and one S3, told everything as an operator
//! would: by their environment.

use super::eventually::eventually;
use super::ledger::TestLedger;
use reqwest::StatusCode;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};
use textrail::lake::s3::{S3Settings, S3Store};
use textrail::lake::store::ObjectStore;

pub const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
const BUCKET: &str = "lake";
/// What `serve` presents to the loader.
pub const LOADERS_KEY: &str = "internal";
/// A machine under load may take its time.
pub const PATIENCE: Duration = Duration::from_secs(120);

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
        let log = self.folder.path().join(name);
        let file = std::fs::File::create(&log).expect("a log");
        // A full disk is an error to it, as everywhere; a limit on files is a signal unless ignored.
        let process = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", TEXTRAIL, service])
            .envs(self.environment.iter().cloned())
            .env(listen, &address)
            // Each server has a spool of its own, and its next life the same.
            .env(
                "TEXTRAIL_SPOOL__DIRECTORY",
                self.folder.path().join(format!("{name}.spool")),
            )
            .envs(more.iter().cloned())
            .stderr(file)
            .spawn()
            .expect("the binary runs");
        Service {
            process,
            address,
            log,
        }
    }

    /// Starts a service and waits until it is ready.
    pub async fn start_service(&self, service: &str, name: &str, more: &[Variable]) -> Service {
        let service = self.spawn(service, name, more);
        service.answers(StatusCode::OK).await;
        service
    }
}

/// A running service; killed when it is dropped, should it still run.
pub struct Service {
    process: Child,
    pub address: String,
    log: PathBuf,
}

impl Service {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until `/readyz` answers with this status.
    pub async fn answers(&self, status: StatusCode) {
        let what = format!("{} answers {status}", self.log.display());
        eventually(&what, PATIENCE, async || {
            let answer = reqwest::get(self.url("/readyz")).await.ok()?;
            (answer.status() == status).then_some(())
        })
        .await;
    }

    /// The value of a metric; 0 if it is not told.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = match reqwest::get(self.url("/metrics")).await {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        let told = text.lines().find_map(|line| line.strip_prefix(name));
        told.and_then(|value| value.trim().parse().ok())
            .unwrap_or(0.0)
    }

    pub fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.is_ok_and(|status| status.success()), "no such process");
    }

    /// From now on no file that it writes may be larger: a number of bytes, or `unlimited`.
    pub fn limit_files(&self, bytes: &str) {
        let mut prlimit = Command::new("prlimit");
        let process = self.process.id().to_string();
        prlimit.args(["--pid", &process, &format!("--fsize={bytes}:")]);
        assert!(prlimit.status().is_ok_and(|status| status.success()));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it is dead");
    }

    /// SIGTERM, and the wait for its end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        eventually("it stops", PATIENCE, async || {
            self.process.try_wait().expect("its state")
        })
        .await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.process.kill()); // it may have ended already
        drop(self.process.wait());
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
