//! A service as a process of its own.

use super::eventually::eventually;
use reqwest::StatusCode;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// A machine under load may take its time.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A running service; killed when it is dropped, should it still run.
pub struct Service {
    process: Child,
    pub address: String,
    log: PathBuf,
}

impl Service {
    /// Starts what the command says, which listens on `address`. What it tells goes to `log`.
    pub fn spawn(command: &Command, address: &str, log: &Path) -> Self {
        // A full disk is an error to it, as everywhere; a limit on files is a signal unless ignored.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.stderr(std::fs::File::create(log).expect("a log"));
        Self {
            process: shell.spawn().expect("the binary runs"),
            address: address.to_owned(),
            log: log.to_owned(),
        }
    }

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
        self.ended().await
    }

    /// The wait for its end, whatever brings it.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("it ends", PATIENCE, async || {
            self.process.try_wait().expect("its state")
        })
        .await
    }

    pub fn runs(&mut self) -> bool {
        self.process.try_wait().expect("its state").is_none()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.process.kill()); // it may have ended already
        drop(self.process.wait());
    }
}
