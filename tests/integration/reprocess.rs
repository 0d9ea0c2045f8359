//! `textrail reprocess` as a process of its own: killed at each step, and beside a running loader.
//! PostgreSQL has no part in it.

use crate::support::eventually::eventually;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};
use textrail::event::{Body, Click, Context, Event, Message, TimeSource};
use textrail::lake::keys;
use textrail::lake::manifest::{File, MANIFEST_VERSION, Manifest};
use textrail::warehouse::duck::{DuckSettings, DuckWarehouse};
use textrail::warehouse::{Rows, Select, Warehouse as _};
use uuid::Uuid;

const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
const BUCKET: &str = "textrail";
/// A machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

fn start() -> DateTime<Utc> {
    "2026-11-23T05:00:00Z".parse().unwrap()
}

/// Puts a window of a few messages and clicks into a folder, as the shipper names things.
fn ship(lake: &Path, number: i64) {
    let sealed_at = start() + TimeDelta::minutes(5 * number);
    let mut texts = BTreeMap::<&str, Vec<String>>::new();
    for place in 0..5 {
        let recorded_at = sealed_at - TimeDelta::seconds(60 + place);
        let id = Uuid::now_v7();
        let event = |event_id, context: Context, body| Event {
            event_id,
            occurred_at: recorded_at,
            time_source: TimeSource::Server,
            recorded_at,
            context,
            body,
        };
        let context = Context {
            campaign: Some("autumn".to_owned()),
            ..Context::default()
        };
        let message = Body::Message(Message {
            outcome: "recorded".to_owned(),
            encoding: "gsm7".to_owned(),
            code_units: 20,
            segments: 1,
            ..Message::default()
        });
        let about = Context {
            message_id: Some(id),
            message_recorded_at: Some(recorded_at),
            ..context.clone()
        };
        let click = Body::Click(Click {
            verdict: "human".to_owned(),
            ..Click::default()
        });
        let lines = [
            ("message", event(id, context, message)),
            ("click", event(Uuid::now_v7(), about, click)),
        ];
        for (kind, line) in lines {
            texts.entry(kind).or_default().push(line.encode().unwrap());
        }
    }
    let files = texts.iter();
    let files = files.map(|(kind, lines)| file(lake, kind, number, sealed_at, lines));
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        epoch: 1,
        window: number,
        boundary: sealed_at,
        sealed_at,
        snapshot: String::new(),
        previous_snapshot: String::new(),
        first_window: number,
        files: files.collect(),
    };
    let key = keys::manifest(sealed_at, 1, number);
    put(lake, &key, &serde_json::to_vec(&manifest).unwrap());
}

fn file(lake: &Path, kind: &str, number: i64, sealed_at: DateTime<Utc>, lines: &[String]) -> File {
    let text = lines.join("\n") + "\n";
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    let object = encoder.finish().unwrap();
    let key = keys::log_file(kind, sealed_at, 1, number, 0);
    put(lake, &key, &object);
    File {
        key,
        kind: kind.to_owned(),
        part: 0,
        rows: lines.len() as u64,
        text_bytes: text.len() as u64,
        text_sha256: hex::encode(Sha256::digest(&text)),
        object_bytes: object.len() as u64,
        object_sha256: hex::encode(Sha256::digest(&object)),
        first_recorded_at: sealed_at,
        last_recorded_at: sealed_at,
    }
}

fn put(lake: &Path, key: &str, body: &[u8]) {
    let path = lake.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, body).unwrap();
}

/// A data folder with a lake of three windows.
fn data_folder() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        ship(&data.path().join("lake").join(BUCKET), number);
    }
    data
}

fn reprocess(data: &Path, failpoints: &str) -> Output {
    let mut command = Command::new(TEXTRAIL);
    command.args(["reprocess", "--data"]).arg(data);
    command.env("FAILPOINTS", failpoints).output().unwrap()
}

fn current(data: &Path) -> String {
    let pointer = fs::read_to_string(data.join("warehouse/current")).unwrap();
    pointer.trim().to_owned()
}

/// What the current generation holds.
fn tables(data: &Path) -> Vec<Rows> {
    let directory = data.join("warehouse");
    let warehouse = DuckWarehouse::open(&directory, &DuckSettings::default()).unwrap();
    warehouse.fold(0).unwrap();
    let select = |table: &str| Select {
        sql: format!("SELECT COLUMNS(*)::VARCHAR FROM {table} ORDER BY ALL"),
        parameters: Vec::new(),
        most_rows: 10_000,
    };
    let tables = [
        "messages",
        "clicks",
        "message_stats",
        "loaded_files",
        "progress",
    ];
    warehouse.read(&tables.map(select), PATIENCE).unwrap()
}

#[test]
fn killed_at_any_step_it_goes_on_and_the_switch_is_one_step() {
    let data = data_folder();
    let done = reprocess(data.path(), "");
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{done:?}");
    assert!(
        told.contains("generation-0002 is current: 3 windows, 30 rows"),
        "{told}"
    );
    let expected = tables(data.path());
    assert_eq!(expected[0].len(), 15);

    for step in ["batch", "derive", "prove", "switch"] {
        for side in ["before", "after"] {
            let failpoint = format!("reprocess.{step}.{side}=panic");
            fs::remove_dir_all(data.path().join("warehouse")).unwrap();
            let killed = reprocess(data.path(), &failpoint);
            assert!(
                !killed.status.success(),
                "{failpoint} did not kill: {killed:?}"
            );
            let switched = failpoint == "reprocess.switch.after=panic";
            let name = if switched {
                "generation-0002"
            } else {
                "generation-0001"
            };
            assert_eq!(current(data.path()), name, "{failpoint}");
            if !switched {
                let done = reprocess(data.path(), "");
                assert!(done.status.success(), "{failpoint}: {done:?}");
                let told = String::from_utf8_lossy(&done.stdout).into_owned();
                assert!(
                    told.contains("goes on with generation-0002"),
                    "{failpoint}: {told}"
                );
            }
            assert_eq!(tables(data.path()), expected, "{failpoint}");
        }
    }
}

#[test]
fn what_is_wrong_with_the_lake_is_told_and_nothing_is_switched() {
    let data = data_folder();
    let lake = data.path().join("lake").join(BUCKET);
    let key = |number: i64| {
        let sealed_at = start() + TimeDelta::minutes(5 * number);
        keys::log_file("click", sealed_at, 1, number, 0)
    };
    fs::remove_file(lake.join(key(1))).unwrap();
    fs::write(lake.join(key(3)), "altered").unwrap();
    let refused = reprocess(data.path(), "");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    for wrong in [
        key(1),
        key(3),
        "2 windows of the lake cannot be loaded".to_owned(),
    ] {
        assert!(told.contains(&wrong), "{told}");
    }
    assert_eq!(current(data.path()), "generation-0001");

    let nowhere = tempfile::tempdir().unwrap();
    let refused = reprocess(nowhere.path(), "");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("say --data"),
        "{told}"
    );
}

/// Killed when it is dropped.
struct Loader(Child);

impl Drop for Loader {
    fn drop(&mut self) {
        drop(self.0.kill()); // it may have ended already
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_loader_follows_the_switch() {
    let data = data_folder();
    let keys = Credentials::random();
    let any_port = "127.0.0.1:0".parse().unwrap();
    let lake = data.path().join("lake");
    let store = EmbeddedStore::start(&lake, BUCKET, &keys, any_port)
        .await
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap().to_string();
    drop(listener);
    let command = |name: &str| {
        let mut command = Command::new(TEXTRAIL);
        command
            .arg(name)
            .env("AWS_ENDPOINT_URL", store.endpoint())
            .env("AWS_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_key)
            .env("AWS_REGION", "local")
            .env("TEXTRAIL_LAKE__BUCKET", BUCKET)
            .env("TEXTRAIL_LAKE__PREFIX", "")
            .env("TEXTRAIL_LOADER__LISTEN", &listen)
            .env("TEXTRAIL_LOADER__SWEEP_SECONDS", "1")
            .env(
                "TEXTRAIL_WAREHOUSE__DIRECTORY",
                data.path().join("warehouse"),
            );
        command
    };
    let log = fs::File::create(data.path().join("load.log")).unwrap();
    let _loader = Loader(command("load").stderr(log).spawn().unwrap());
    let url = format!("http://{listen}/v1/reports/messages?start=2026-11-23&end=2026-11-24");
    let report = async |generation: &str, messages: u64| {
        eventually("the report", PATIENCE, async || {
            let answer = reqwest::get(&url).await.ok()?;
            let report: serde_json::Value = answer.json().await.ok()?;
            let row = report["rows"].get(0)?;
            let found = report["generation"] == generation && row["messages"] == messages;
            found.then(|| report["data_through"].clone())
        })
        .await
    };
    let before = report("generation-0001", 15).await;
    let done = tokio::task::block_in_place(|| command("reprocess").output().unwrap());
    assert!(done.status.success(), "{done:?}");
    assert_eq!(report("generation-0002", 15).await, before);
    ship(&lake.join(BUCKET), 4);
    report("generation-0002", 20).await;
}
