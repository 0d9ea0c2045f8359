//! Loading until nothing is left, for a task that is started by a clock and ends.

use super::{
    fault::LoadError,
    loader::{Loader, TickReport},
    measure,
};
use crate::pauses::between_attempts;
use std::{collections::BTreeMap, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often something that may pass is tried before it is left to the next run: about ten seconds.
const ATTEMPTS: usize = 4;

/// What a drain did.
#[derive(Debug, Default)]
pub struct Drained {
    /// Windows that are loaded now and were not before.
    pub windows: u64,
    /// Rows of all kinds.
    pub rows: u64,
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
    /// Windows that stay out, and why: by manifest, the label of the failure.
    pub stopped: BTreeMap<String, &'static str>,
    /// Whether nothing was left; if not, it was told to stop.
    pub to_the_end: bool,
}

impl Drained {
    fn add(&mut self, report: &TickReport) {
        self.windows += report.windows.len() as u64;
        self.rows += report.rows;
        self.duplicates += report.duplicates;
        self.quarantined += report.quarantined;
    }
}

impl Loader {
    /// Loads until nothing more is announced: no manifest that is new, no message in the queue. What
    /// may pass is tried a few times.
    ///
    /// # Errors
    /// What did not pass, where it stops all windows. What was loaded by then stays loaded.
    pub async fn drain(mut self, shutdown: &CancellationToken) -> Result<Drained, LoadError> {
        self.clean();
        let mut drained = Drained::default();
        let mut pauses = between_attempts().take(ATTEMPTS);
        while !shutdown.is_cancelled() {
            let failed = match self.round(shutdown).await {
                Ok(report) => {
                    drained.add(&report);
                    let passing = report.stopped.iter().any(|stopped| stopped.fault.passes());
                    if !passing && report.announced == 0 {
                        drained.to_the_end = !shutdown.is_cancelled();
                        break;
                    }
                    if !passing {
                        pauses = between_attempts().take(ATTEMPTS);
                        continue;
                    }
                    None
                }
                Err(error) => {
                    measure::failed(&error);
                    Some(error)
                }
            };
            match (pauses.next(), failed) {
                (Some(pause), _) => rest(pause, shutdown).await,
                (None, Some(error)) => return Err(error),
                (None, None) => {
                    drained.to_the_end = true;
                    break;
                }
            }
        }
        drained.stopped = self.stopped();
        Ok(drained)
    }
}

async fn rest(pause: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = shutdown.cancelled() => {}
    }
}
