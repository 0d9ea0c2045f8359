//! The whole chain with a real SQS: the shipper puts a window into S3, S3 posts to the queue, and the
//! loader, a process of its own, loads it and answers the message. Then every way in which a queue
//! misbehaves.

use crate::support::eventually::eventually;
use crate::support::ledger::{ALICE, TestLedger};
use crate::support::moto::{BUCKET, KEY, Moto, REGION};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use textrail::domain::window::WindowLength;
use textrail::lake::s3::{S3Settings, S3Store};
use textrail::lake::store::{ObjectStore, list_all};
use textrail::ship::{ShipSettings, Shipper};

const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
/// With characters that the encodings of keys differ in.
const PREFIX: &str = "my lake+";
/// A machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(90);

/// A ledger, its shipper, and a lake whose bucket posts to a queue.
struct Chain {
    moto: Moto,
    ledger: TestLedger,
    lake: Arc<dyn ObjectStore>,
    shipper: Shipper,
    windows: i32,
    folder: TempDir,
    address: String,
}

impl Chain {
    async fn start() -> Self {
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
    async fn window(&mut self) {
        self.ledger.message(ALICE).await;
        self.windows += 1;
        let now = Utc::now() + TimeDelta::minutes(5) * self.windows;
        self.shipper.tick(now).await.expect("the window is shipped");
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        let keys = list_all(self.lake.as_ref(), prefix, None).await;
        keys.expect("a listing")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TEXTRAIL);
        command
            .args(arguments)
            .envs(self.moto.environment())
            .env("TEXTRAIL_LAKE__PREFIX", PREFIX)
            .env("TEXTRAIL_LOADER__QUEUE_URL", &self.moto.queue)
            .env("TEXTRAIL_LOADER__SWEEP_SECONDS", "3600")
            .env("TEXTRAIL_LOADER__LISTEN", &self.address)
            .env(
                "TEXTRAIL_WAREHOUSE__DIRECTORY",
                self.folder.path().join("warehouse"),
            )
            .env_remove("FAILPOINTS")
            .stderr(Stdio::null());
        command
    }

    /// `textrail load --drain`, to its end.
    async fn drain(&self, failpoints: &str) -> Output {
        let mut command = self.command(&["load", "--drain"]);
        command.env("FAILPOINTS", failpoints).stderr(Stdio::piped());
        command.env("TEXTRAIL_LOADER__QUEUE_VISIBILITY_SECONDS", "1");
        // Moto answers on its own: only this thread waits.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("no panic").expect("the command runs")
    }

    /// Starts `textrail load`, and waits until its first sweep is over: from then on, it hears of a
    /// window by the queue or not at all.
    async fn load(&self, visibility: u32, failpoints: &str) -> Service {
        let mut command = self.command(&["load"]);
        let visibility = visibility.to_string();
        command.env("TEXTRAIL_LOADER__QUEUE_VISIBILITY_SECONDS", visibility);
        command.env("FAILPOINTS", failpoints);
        let service = Service(command.spawn().expect("it starts"));
        self.moto.send(r#"{"Event":"s3:TestEvent"}"#).await;
        self.metric("textrail_queue_acknowledged_total", 1.0).await;
        service
    }

    /// Waits until a metric of the loader has a value.
    async fn metric(&self, name: &str, value: f64) {
        let url = format!("http://{}/metrics", self.address);
        eventually(&format!("{name} is {value}"), PATIENCE, async || {
            let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
            let line = text.lines().find(|line| line.starts_with(name))?;
            let read: f64 = line.rsplit(' ').next()?.parse().ok()?;
            (read >= value).then(|| assert!((read - value).abs() < 0.5, "{line}"))
        })
        .await;
    }

    async fn queue_is_empty(&self) {
        eventually("the queue is empty", PATIENCE, async || {
            (self.moto.depth().await == (0, 0)).then_some(())
        })
        .await;
    }
}

/// Killed when it is dropped, should it still run.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.kill()); // it may have ended already
        drop(self.0.wait());
    }
}

/// What S3 posts of a key, as AWS writes it: slashes as they are, spaces as `+`.
fn as_aws(bucket: &str, key: &str) -> String {
    let key = key
        .replace('%', "%25")
        .replace('+', "%2B")
        .replace('=', "%3D")
        .replace(' ', "+");
    json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]})
    .to_string()
}

fn told(output: &Output) -> String {
    let told = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&told).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_loaded_because_the_queue_rang_and_its_message_is_answered() {
    let mut chain = Chain::start().await;
    let mut load = chain.load(1, "").await;
    // Nobody posts yet: the first window is told of by hand, as AWS would.
    chain.window().await;
    let manifest = format!("{PREFIX}/{}", chain.keys("_manifest/").await[0]);
    chain.moto.send(&as_aws(BUCKET, &manifest)).await;
    chain.metric("textrail_windows_loaded_total", 1.0).await;

    // From now on S3 posts by itself, of every object, with another encoding.
    chain.moto.notify().await;
    chain.window().await;
    chain.metric("textrail_windows_loaded_total", 2.0).await;
    chain.queue_is_empty().await;

    // Told again, twice at once and with its neighbour: nothing is loaded again.
    for _ in 0..2 {
        chain.moto.send(&as_aws(BUCKET, &manifest)).await;
    }
    chain.queue_is_empty().await;
    chain.metric("textrail_windows_loaded_total", 2.0).await;
    chain
        .metric("textrail_queue_messages_total{sort=\"test\"}", 2.0)
        .await;

    // What is not of this lake is set aside where anyone can read it, once.
    chain.moto.send(&as_aws("another", &manifest)).await;
    chain
        .moto
        .send(&as_aws(
            BUCKET,
            "other/_manifest/dt=2026-11-23/0001-0000000001.json",
        ))
        .await;
    chain.moto.send("hello").await;
    chain.queue_is_empty().await;
    chain
        .metric("textrail_queue_messages_total{sort=\"foreign\"}", 2.0)
        .await;
    chain
        .metric("textrail_queue_messages_total{sort=\"malformed\"}", 1.0)
        .await;
    let aside = chain.keys("_quarantine/queue/").await;
    assert_eq!(aside.len(), 3, "{aside:?}");
    let mut bodies = Vec::new();
    for key in aside {
        let object = chain.lake.get(&key).await.unwrap();
        let aside: serde_json::Value = serde_json::from_slice(&object).unwrap();
        assert!(aside["reason"].as_str().unwrap().len() > 10);
        bodies.push(aside["body"].as_str().unwrap().to_owned());
    }
    assert!(bodies.contains(&"hello".to_owned()));

    let id = load.0.id().to_string();
    Command::new("kill")
        .args(["-s", "TERM", &id])
        .status()
        .unwrap();
    let ended = eventually("it stops", PATIENCE, async || load.0.try_wait().unwrap()).await;
    assert!(
        ended.success(),
        "a look that waits does not keep it from stopping"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_understands_is_left_to_the_queues_dead_letters() {
    let mut chain = Chain::start().await;
    let dead = chain.moto.make_queue("dead", None).await;
    chain.moto.queue = chain
        .moto
        .make_queue("with-dead-letters", Some(&dead))
        .await;
    let _load = chain.load(1, "").await;
    chain.moto.send("hello").await;
    eventually("it is a dead letter", PATIENCE, async || {
        let received = chain.moto.sqs.receive_message().queue_url(&dead);
        let messages = received.send().await.unwrap().messages.unwrap_or_default();
        let body = messages.first()?.body.clone()?;
        (body == "hello").then_some(())
    })
    .await;
    assert!(chain.keys("_quarantine/").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_hidden_while_its_window_is_loaded_however_long_that_takes() {
    let mut chain = Chain::start().await;
    // Three times as long as a message is hidden.
    let mut load = chain.load(2, "load.commit.before=1*sleep(6000)").await;
    chain.moto.notify().await;
    chain.queue_is_empty().await;
    chain.window().await;
    let mut hidden = false;
    let url = format!("http://{}/metrics", chain.address);
    eventually("the window is loaded", PATIENCE, async || {
        let (visible, received) = chain.moto.depth().await;
        hidden |= received > 0;
        assert!(
            !hidden || visible == 0,
            "the message came back while it was in hand"
        );
        let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
        text.contains("textrail_windows_loaded_total 1")
            .then_some(())
    })
    .await;
    chain.queue_is_empty().await;
    assert!(load.0.try_wait().unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_the_commit_a_drain_is_finished_by_the_next() {
    let mut chain = Chain::start().await;
    chain.moto.notify().await;
    chain.window().await;
    for (place, loads) in [
        ("load.commit.before", 1),
        ("load.commit.after", 0),
        ("load.acknowledge.before", 0),
        ("load.acknowledge.after", 0),
    ] {
        let killed = chain.drain(&format!("{place}=panic")).await;
        assert!(!killed.status.success(), "{place}: {}", told(&killed));
        // Its message comes again when it was hidden for long enough.
        eventually("nobody has the message", PATIENCE, async || {
            (chain.moto.depth().await.1 == 0).then_some(())
        })
        .await;
        let after = chain.drain("").await;
        assert!(after.status.success(), "{place}: {}", told(&after));
        let says = format!("loaded {loads} windows");
        assert!(told(&after).contains(&says), "{place}: {}", told(&after));
        assert_eq!(chain.moto.depth().await, (0, 0), "{place}");
        chain.window().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_well_when_nothing_is_left_and_says_what_stays_out() {
    let mut chain = Chain::start().await;
    chain.window().await;
    // Nobody posted of it: the sweep finds it.
    let all = chain.drain("").await;
    assert!(all.status.success(), "{}", told(&all));
    assert!(told(&all).contains("loaded 1 windows"), "{}", told(&all));

    // A file that is gone: its window stays out, the next does not.
    chain.moto.notify().await;
    chain.window().await;
    let files = chain.keys("events/").await;
    let lost = format!("{PREFIX}/{}", files.last().unwrap());
    let object = chain.moto.s3.get_object().bucket(BUCKET).key(&lost).send();
    let body = object
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap()
        .into_bytes();
    let delete = chain.moto.s3.delete_object().bucket(BUCKET).key(&lost);
    delete.send().await.unwrap();
    chain.window().await;
    let some = chain.drain("").await;
    assert_eq!(some.status.code(), Some(1), "{}", told(&some));
    assert!(told(&some).contains("loaded 1 windows"), "{}", told(&some));
    assert!(
        told(&some).contains("stopped (missing): _manifest/"),
        "{}",
        told(&some)
    );

    let put = chain.moto.s3.put_object().bucket(BUCKET).key(&lost);
    put.body(body.into()).send().await.unwrap();
    let rest = chain.drain("").await;
    assert!(rest.status.success(), "{}", told(&rest));
    assert!(told(&rest).contains("loaded 1 windows"), "{}", told(&rest));

    // A queue that is not there is no empty queue.
    chain.moto.queue.push_str("-gone");
    let gone = chain.drain("").await;
    assert_eq!(gone.status.code(), Some(1));
    assert!(told(&gone).contains("NonExistentQueue"), "{}", told(&gone));
}
