//! The loader as operators see it: a disk that is full, a warehouse that another process has, and
//! lines that cannot be loaded.

use crate::support::chain::{Chain, PATIENCE, Service, told};
use crate::support::eventually::eventually;
use crate::support::moto::BUCKET;
use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};
use reqwest::StatusCode;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::process::{Command, Output};
use textrail::event::{Body, Click, Context, Event, TimeSource};
use textrail::lake::keys;
use textrail::lake::manifest::{File, MANIFEST_VERSION, Manifest};
use uuid::Uuid;

fn at() -> DateTime<Utc> {
    "2026-11-23T05:00:00Z".parse().unwrap()
}

fn click() -> String {
    let event = Event {
        event_id: Uuid::now_v7(),
        occurred_at: at(),
        time_source: TimeSource::Server,
        recorded_at: at(),
        context: Context::default(),
        body: Body::Click(Click {
            link_id: 7,
            verdict: "human".to_owned(),
            ..Click::default()
        }),
    };
    event.encode().unwrap()
}

/// Puts a window of one file of clicks, as a writer put it that writes bad lines, too.
async fn put_window(chain: &Chain, lines: &[String]) -> String {
    let text = format!("{}\n", lines.join("\n"));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let object = gzip.finish().unwrap();
    let key = keys::log_file("click", at(), 1, 1, 0);
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        epoch: 1,
        window: 1,
        boundary: at(),
        sealed_at: at(),
        snapshot: String::new(),
        previous_snapshot: String::new(),
        first_window: 1,
        files: vec![File {
            key: key.clone(),
            kind: "click".to_owned(),
            part: 0,
            rows: lines.len() as u64,
            text_bytes: text.len() as u64,
            text_sha256: hex::encode(Sha256::digest(&text)),
            object_bytes: object.len() as u64,
            object_sha256: hex::encode(Sha256::digest(&object)),
            first_recorded_at: at(),
            last_recorded_at: at(),
        }],
    };
    let put = async |key: &str, body: Vec<u8>| {
        let put = chain.lake.put_if_absent(key, body.into(), "").await;
        put.unwrap();
    };
    put(&key, object).await;
    let body = serde_json::to_vec(&manifest).unwrap();
    put(&keys::manifest(at(), 1, 1), body).await;
    key
}

async fn run(mut command: Command) -> Output {
    command.stderr(std::process::Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    output.expect("no panic").expect("the command runs")
}

/// A loader that put the second of two lines into quarantine.
struct BadLine {
    chain: Chain,
    load: Service,
    file: String,
    bad: String,
    /// The line as it should be.
    wanted: String,
}

impl BadLine {
    async fn loaded() -> Self {
        let chain = Chain::start().await;
        let (good, wanted) = (click(), click());
        let bad = wanted.replacen("\"link_id\":7", "\"link_id\":\"7\"", 1);
        let file = put_window(&chain, &[good, bad.clone()]).await;
        let load = chain.load(1, "").await;
        chain.metric("textrail_quarantined_lines_total", 1.0).await;
        Self {
            chain,
            load,
            file,
            bad,
            wanted,
        }
    }

    async fn quarantine(&self, arguments: &[&str]) -> String {
        quarantine_of(&self.chain, arguments).await
    }
}

/// What `textrail quarantine` prints.
async fn quarantine_of(chain: &Chain, arguments: &[&str]) -> String {
    let output = run(chain.command(&[&["quarantine"], arguments].concat())).await;
    assert!(output.status.success(), "{arguments:?}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_listed_shown_and_tried_by_command() {
    let mut story = BadLine::loaded().await;
    let quarantine = async |arguments: &[&str]| story.quarantine(arguments).await;
    let list = quarantine(&["list"]).await;
    assert!(
        list.contains("1 lines in quarantine") && list.contains("whole number"),
        "{list}"
    );
    let other = quarantine(&["list", "--window", "1-2"]).await;
    assert!(other.contains("nothing like that"), "{other}");
    let shown = quarantine(&["show", &story.file, "2"]).await;
    let entry: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(entry["line"], *story.bad);
    assert_eq!(entry["window"], "1-1");
    let tried = quarantine(&["retry"]).await;
    assert!(
        tried.contains("loaded 0 lines; 0 known already; 1 stay"),
        "{tried}"
    );

    // Another key is refused; once the loader is gone, the command opens the warehouse itself.
    let mut stranger = story.chain.command(&["quarantine", "list"]);
    stranger.env("TEXTRAIL_LOADER__KEY", "guess");
    let refused = run(stranger).await;
    assert!(told(&refused).contains("401"), "{}", told(&refused));
    assert!(story.load.stop().await.success());
    let list = quarantine_of(&story.chain, &["list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["lines"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_corrected_and_loaded_by_command() {
    let story = BadLine::loaded().await;
    let quarantine = async |arguments: &[&str]| story.quarantine(arguments).await;
    let shown = quarantine(&["show", &story.file, "2"]).await;
    // A correction that is none is refused, with the reason, before anything is stored.
    let corrected = story.chain.folder.path().join("line.json");
    std::fs::write(&corrected, &shown).unwrap();
    let path = corrected.to_str().unwrap();
    let retry = ["quarantine", "retry", "--with", path];
    let refused = run(story.chain.command(&retry)).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("cannot be loaded either"),
        "{}",
        told(&refused)
    );

    let mut entry: serde_json::Value = serde_json::from_str(&shown).unwrap();
    entry["line"] = story.wanted.clone().into();
    std::fs::write(&corrected, entry.to_string()).unwrap();
    let retried = quarantine(&["retry", "--with", path, "--window", "1-1"]).await;
    assert!(
        retried.contains("loaded 1 lines; 0 known already; 0 stay"),
        "{retried}"
    );
    let list = quarantine(&["list"]).await;
    assert!(list.contains("nothing is in quarantine"), "{list}");
    let again = quarantine(&["retry", "--json"]).await;
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!((&again["loaded"], &again["left"]), (&0.into(), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_nothing_but_time() {
    let mut chain = Chain::start().await;
    let mut load = chain.load(1, "").await;
    load.limit_files("4096");
    chain.moto.notify().await;
    chain.window().await;
    let url = format!("http://{}/metrics", chain.address);
    eventually("a load fails", PATIENCE, async || {
        let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
        text.contains("textrail_load_failures_total").then_some(())
    })
    .await;
    chain.window().await;
    load.limit_files("unlimited");
    chain.metric("textrail_windows_loaded_total", 2.0).await;
    chain.queue_is_empty().await;
    assert!(load.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_loader_stands_by_until_the_first_lets_go_of_the_warehouse() {
    let mut chain = Chain::start().await;
    let mut first = chain.load(1, "").await;
    // A task that a clock starts says at once that another has the warehouse.
    let refused = chain.drain("").await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        told(&refused).contains("another process has the warehouse"),
        "{}",
        told(&refused)
    );

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut command = chain.command(&["load"]);
    let log = chain.folder.path().join("second.log");
    command.env("TEXTRAIL_LOADER__LISTEN", &address);
    let mut second = Service::spawn(&command, &address, &log);
    second.answers(StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(first.stop().await.success());
    chain.address = address;
    chain.window().await;
    let manifest = chain.keys("_manifest/").await.remove(0);
    let body = format!(
        r#"{{"source":"aws.s3","detail-type":"Object Created","detail":{{"bucket":{{"name":"{BUCKET}"}},"object":{{"key":"{}/{manifest}"}}}}}}"#,
        crate::support::chain::PREFIX
    );
    chain.moto.send(&body).await;
    chain.metric("textrail_windows_loaded_total", 1.0).await;
    assert!(second.runs());
    assert!(second.stop().await.success());
}
