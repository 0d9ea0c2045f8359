//! Starts a private server again that has ended: nobody but textrail would.

use super::binaries::Binaries;
use super::owner::Owner;
use super::{PATIENCE, cluster};
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);
/// A server that ended sooner than this did not really start.
const LIVED: Duration = Duration::from_secs(5);
/// Starts in a row that came to nothing, after which a person is asked.
const MOST_FAILURES: u32 = 8;
/// Pauses between them: this, doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A look at a private server from outside, while others hold it.
#[derive(Clone, Debug)]
pub struct PostgresWatch {
    pub(super) binaries: Binaries,
    pub(super) owner: Owner,
    pub(super) directory: PathBuf,
    pub(super) port: u16,
}

impl PostgresWatch {
    /// Starts the server again, on its port, whenever it has ended, until told to stop; a second may
    /// pass until it is noticed. PostgreSQL recovers by itself what a crash left.
    ///
    /// # Errors
    /// If it does not start several times in a row, or ends as soon as it has started.
    pub async fn keep_running(self, stop: CancellationToken) -> Result<()> {
        let mut failures = 0;
        let mut started = None::<Instant>;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.ended() => {}
            }
            if started.is_none_or(|time| time.elapsed() >= LIVED) {
                failures = 0;
            }
            tracing::error!(log = %self.log().display(), "the private PostgreSQL ended: starting it again");
            if let Some(error) = self.launch().await.err() {
                let error = format!("{error:#}");
                tracing::error!(error, failures, "the private PostgreSQL did not start");
            } else {
                tracing::info!(port = self.port, "the private PostgreSQL runs again");
            }
            started = Some(Instant::now());
            failures += 1;
            if failures >= MOST_FAILURES {
                return Err(anyhow!(
                    "the private PostgreSQL ended {failures} times in a row: see {}; start again when the cause is mended",
                    self.log().display()
                ));
            }
            let pause = FIRST_PAUSE * 2_u32.pow(failures - 1);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause.min(LONGEST_PAUSE)) => {}
            }
        }
    }

    /// Waits until the server has ended, for whatever reason.
    async fn ended(&self) {
        loop {
            let watch = self.clone();
            let asked = spawn_blocking(move || watch.is_running()).await;
            match asked.map_err(anyhow::Error::from).flatten() {
                Ok(true) => {}
                Ok(false) => return,
                // No process could be started to ask, say: that tells nothing about the server.
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "cannot tell whether the private PostgreSQL runs");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn launch(&self) -> Result<()> {
        let watch = self.clone();
        let start = move || {
            cluster::launch(
                &watch.binaries,
                &watch.owner,
                &watch.directory,
                watch.port,
                PATIENCE,
            )
        };
        spawn_blocking(start).await?
    }

    /// The server's own log, which says why it ended.
    fn log(&self) -> PathBuf {
        cluster::log(&self.directory)
    }

    fn is_running(&self) -> Result<bool> {
        cluster::is_running(&self.binaries, &self.owner, &self.directory)
    }
}
