//! The binary itself, as a newcomer runs it: `textrail up`, killed in the middle of a campaign.

use crate::support::eventually::eventually;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
/// A machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A data folder, and the `up` that runs on it.
struct Up {
    data: TempDir,
    listen: String,
    process: Child,
}

impl Up {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        // Started by root, PostgreSQL runs as a user of its own, which has to pass through.
        std::fs::set_permissions(data.path(), PermissionsExt::from_mode(0o711)).expect("a mode");
        let listen = free_address();
        let process = spawn(data.path(), &listen);
        let up = Self {
            data,
            listen,
            process,
        };
        up.ready().await;
        up
    }

    async fn ready(&self) {
        let url = format!("http://{}/readyz", self.listen);
        eventually("the server is ready", PATIENCE, async || {
            reqwest::get(&url)
                .await
                .ok()
                .filter(|answer| answer.status().is_success())
        })
        .await;
    }

    /// `kill -9`, and a new start on what it left behind.
    async fn kill_and_start_again(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it is dead");
        self.process = spawn(self.data.path(), &self.listen);
        self.ready().await;
    }

    fn lake(&self) -> PathBuf {
        self.data.path().join("lake/textrail")
    }

    /// Shortens a log file by a byte, as no one should; returns where it is and what it held.
    fn cut_a_log_file(&self) -> (PathBuf, Vec<u8>) {
        let mut folder = self.lake().join("events/message");
        while folder.is_dir() {
            let mut entries = std::fs::read_dir(&folder).expect("a folder");
            folder = entries.next().expect("a file").expect("an entry").path();
        }
        let whole = std::fs::read(&folder).expect("a log file");
        std::fs::write(&folder, &whole[..whole.len() - 1]).expect("a shorter file");
        (folder, whole)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(TEXTRAIL);
        command.args(arguments).arg("--data").arg(self.data.path());
        command.output().expect("the command runs")
    }

    /// SIGTERM, and the wait for its end.
    async fn stop(&mut self) -> std::process::ExitStatus {
        signal("TERM", &self.process.id().to_string());
        eventually("it stops", PATIENCE, async || {
            self.process.try_wait().expect("its state")
        })
        .await
    }

    /// The process id of its PostgreSQL, if that runs.
    fn postmaster(&self) -> Option<String> {
        let file = self.data.path().join("postgres/cluster/postmaster.pid");
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().next().map(ToOwned::to_owned)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.process.kill()); // it may have stopped already
        drop(self.process.wait());
        if let Some(postmaster) = self.postmaster() {
            signal("QUIT", &postmaster);
        }
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

fn spawn(data: &Path, listen: &str) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(data.join("up.log"))
        .expect("a log");
    Command::new(TEXTRAIL)
        .args(["up", "--window", "1s", "--listen", listen, "--data"])
        .arg(data)
        .stdout(log.try_clone().expect("the log"))
        .stderr(log)
        .spawn()
        .expect("the binary runs")
}

fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args(["-s", name, process]).status();
    assert!(sent.is_ok(), "no `kill` on this machine");
}

/// `textrail demo`, which knows what the report must show.
struct Demo(Child);

impl Demo {
    /// Starts, and goes on until a first window is shipped.
    async fn under_way(up: &Up, messages: &str, rate: &str, seed: &str) -> Self {
        let demo = Command::new(TEXTRAIL)
            .args(["demo", "--messages", messages, "--rate", rate])
            .args(["--seed", seed, "--verify", "--data"])
            .arg(up.data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the demo runs");
        eventually("a first window is shipped", PATIENCE, async || {
            up.lake().join("_manifest").exists().then_some(())
        })
        .await;
        Self(demo)
    }

    /// Its end: the report is what it was told.
    async fn ends_well(mut self) {
        eventually("the demo ends", PATIENCE, async || {
            self.0.try_wait().expect("its state")
        })
        .await;
        let output = self.0.wait_with_output().expect("what it told");
        let text = words(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("the report shows the same numbers"), "{text}");
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Ledger, lake and warehouse agree; what was sealed last may be on its way. An altered file is found.
fn assert_proven(up: &Up, messages: u64) {
    let verified = up.run(&["verify", "--deep", "--json"]);
    assert!(verified.status.success(), "{verified:?}");
    let found: serde_json::Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    assert_eq!(found["differences"], serde_json::json!([]));
    assert_eq!(found["kinds"]["message"]["facts"], messages);
    assert_eq!(found["kinds"]["message"]["lines"], messages);
    let (file, whole) = up.cut_a_log_file();
    let verified = up.run(&["verify", "--deep"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    assert!(words(&verified).contains("file_altered"), "{verified:?}");
    std::fs::write(file, whole).expect("the file as it was");
}

/// The warehouse again, beside the running one, from the same folder.
async fn assert_rebuilt_alike(up: &Up) {
    let report = ["report", "--group-by", "campaign", "--format", "json"];
    let read = || -> serde_json::Value {
        serde_json::from_slice(&up.run(&report).stdout).expect("a report")
    };
    let before = read();
    let again = up.run(&["reprocess"]);
    assert!(again.status.success(), "{again:?}");
    let after = eventually("reports come from the new one", PATIENCE, async || {
        Some(read()).filter(|report| report["generation"] == "generation-0002")
    })
    .await;
    assert_eq!(after["rows"], before["rows"]);
    assert_eq!(after["data_through"], before["data_through"]);
}

#[tokio::test]
async fn killed_in_the_middle_of_a_campaign_it_goes_on_and_the_report_is_exact() {
    let mut up = Up::start().await;
    let demo = Demo::under_way(&up, "400", "100", "7").await;

    up.kill_and_start_again().await;

    demo.ends_well().await;
    assert_proven(&up, 400);
    let second = up.run(&["up", "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    let told = words(&second);
    assert!(told.contains("another `textrail up` runs"), "{told}");
    let clicks = up.run(&["query", "SELECT count(*) > 0 AS clicked FROM click"]);
    assert!(words(&clicks).contains("true"), "{clicks:?}");
    assert_rebuilt_alike(&up).await;

    assert!(up.stop().await.success());
    assert_eq!(up.postmaster(), None, "PostgreSQL stopped, too");
    let unchecked = up.run(&["verify"]);
    assert_eq!(unchecked.status.code(), Some(2), "{unchecked:?}");
    let told = words(&unchecked);
    assert!(told.contains("the ledger cannot be asked"), "{told}");
}

#[tokio::test]
async fn its_postgresql_killed_in_the_middle_of_a_campaign_comes_back_and_the_report_is_exact() {
    let mut up = Up::start().await;
    let demo = Demo::under_way(&up, "200", "50", "11").await;

    let first = up.postmaster().expect("PostgreSQL runs");
    signal("KILL", &first);

    eventually("PostgreSQL runs again", PATIENCE, async || {
        up.postmaster().filter(|postmaster| *postmaster != first)
    })
    .await;
    demo.ends_well().await;
    assert!(up.stop().await.success());
    assert_eq!(up.postmaster(), None, "PostgreSQL stopped, too");
    let spool = textrail::ledger::spool::survey(&up.data.path().join("spool")).expect("a survey");
    assert_eq!(spool.waiting(), 0, "{spool:?}");
}
