//! Notices that a private server has ended: nobody but textrail would start it again.

use super::binaries::Binaries;
use super::cluster;
use super::owner::Owner;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);

/// A look at a private server from outside, while others hold it.
#[derive(Clone, Debug)]
pub struct PostgresWatch {
    pub(super) binaries: Binaries,
    pub(super) owner: Owner,
    pub(super) directory: PathBuf,
}

impl PostgresWatch {
    /// Waits until the server has ended, for whatever reason; seconds may pass until it is noticed.
    pub async fn ended(&self) {
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

    /// The server's own log, which says why it ended.
    pub fn log(&self) -> PathBuf {
        cluster::log(&self.directory)
    }

    fn is_running(&self) -> anyhow::Result<bool> {
        cluster::is_running(&self.binaries, &self.owner, &self.directory)
    }
}
