//! A ledger, its shipper, a lake whose bucket posts to a queue, and the loader as a process of its
//! own.

use super::eventually::eventually;
use super::ledger::{ALICE, TestLedger};
use super::moto::{BUCKET, KEY, Moto, REGION};
use chrono::{TimeDelta, Utc};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use textrail::domain::window::WindowLength;
use textrail::lake::s3::{S3Settings, S3Store};
use textrail::lake::store::{ObjectStore, list_all};
use textrail::ship::{ShipSettings, Shipper};

pub use super::service::{PATIENCE, Service};

const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
/// With characters that the encodings of keys differ in.
pub const PREFIX: &str = "my lake+";
/// A ledger, its shipper, and a lake whose bucket posts to a queue.
pub struct Chain {
    pub moto: Moto,
    pub ledger: TestLedger,
    pub lake: Arc<dyn ObjectStore>,
    pub shipper: Shipper,
    pub windows: i32,
    pub folder: TempDir,
    pub address: String,
}

impl Chain {
    pub async fn start() -> Self {
        let moto = Moto::start().await;
        let ledger = TestLedger::start();
        let lake: Arc<dyn ObjectStore> = Arc::new(
            S3Store::connect(S3Settings {
                endpoint: Some(moto.endpoint().to_owned()),
                region: Some(REGION.to_owned()),
                credentials: Some((KEY.to_owned(), KEY.to_owned())),
                path_style: Some(true),
                ..S3Settings::new(BUCKET, PREFIX)
            })
            .await,
        );
        let settings = ShipSettings::new(WindowLength::default());
        let shipper = Shipper::new(&ledger.database.url(), Arc::clone(&lake), settings);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self {
            address: listener.local_addr().expect("an address").to_string(),
            moto,
            ledger,
            lake,
            shipper,
            windows: 0,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Records a message, and ships the window that it is in.
    pub async fn window(&mut self) {
        self.ledger.message(ALICE).await;
        self.windows += 1;
        let now = Utc::now() + TimeDelta::minutes(5) * self.windows;
        self.shipper.tick(now).await.expect("the window is shipped");
    }

    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let keys = list_all(self.lake.as_ref(), prefix, None).await;
        keys.expect("a listing")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TEXTRAIL);
        command
            .args(arguments)
            .envs(self.moto.environment())
            .env("TEXTRAIL_LAKE__PREFIX", PREFIX)
            .env("TEXTRAIL_LOADER__QUEUE_URL", &self.moto.queue)
            .env("TEXTRAIL_LOADER__SWEEP_SECONDS", "3600")
            .env("TEXTRAIL_LOADER__LISTEN", &self.address)
            .env("TEXTRAIL_LOADER__KEY", "internal")
            .env(
                "TEXTRAIL_WAREHOUSE__DIRECTORY",
                self.folder.path().join("warehouse"),
            )
            .env_remove("FAILPOINTS")
            .stderr(Stdio::null());
        command
    }

    /// `textrail load --drain`, to its end.
    pub async fn drain(&self, failpoints: &str) -> Output {
        let mut command = self.command(&["load", "--drain"]);
        command.env("FAILPOINTS", failpoints).stderr(Stdio::piped());
        command.env("TEXTRAIL_LOADER__QUEUE_VISIBILITY_SECONDS", "1");
        // Moto answers on its own: only this thread waits.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("no panic").expect("the command runs")
    }

    /// Starts `textrail load`, and waits until its first sweep is over: from then on, it hears of a
    /// window by the queue or not at all.
    pub async fn load(&self, visibility: u32, failpoints: &str) -> Service {
        let mut command = self.command(&["load"]);
        let visibility = visibility.to_string();
        command.env("TEXTRAIL_LOADER__QUEUE_VISIBILITY_SECONDS", visibility);
        command.env("FAILPOINTS", failpoints);
        self.started(command).await
    }

    async fn started(&self, command: Command) -> Service {
        let log = self.folder.path().join("load.log");
        let service = Service::spawn(&command, &self.address, &log);
        self.moto.send(r#"{"Event":"s3:TestEvent"}"#).await;
        let url = format!("http://{}/metrics", self.address);
        eventually("it answers the queue", PATIENCE, async || {
            let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
            text.contains("textrail_queue_acknowledged_total")
                .then_some(())
        })
        .await;
        service
    }

    /// Waits until a metric of the loader has a value.
    pub async fn metric(&self, name: &str, value: f64) {
        let url = format!("http://{}/metrics", self.address);
        eventually(&format!("{name} is {value}"), PATIENCE, async || {
            let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
            let line = text.lines().find(|line| line.starts_with(name));
            let read: f64 = match line {
                Some(line) => line.rsplit(' ').next()?.parse().ok()?,
                None => 0.0, // nothing was counted yet
            };
            (read >= value).then(|| assert!((read - value).abs() < 0.5, "{name} is {read}"))
        })
        .await;
    }

    pub async fn queue_is_empty(&self) {
        eventually("the queue is empty", PATIENCE, async || {
            (self.moto.depth().await == (0, 0)).then_some(())
        })
        .await;
    }
}

pub fn told(output: &Output) -> String {
    let told = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&told).into_owned()
}
