//! A queue that rings, and the sweep beside it, which finds what the queue lost.

use super::{AnnounceError, Announcement, Announcer, sqs::Queue, sweep::Sweep};
use async_trait::async_trait;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Both {
    queue: Queue,
    sweep: Sweep,
    sweep_every: Duration,
    swept: Option<Instant>,
    /// Found by a sweep just before the queue failed.
    found: Vec<Announcement>,
}

impl Both {
    /// The first look is a sweep.
    pub fn new(queue: Queue, sweep: Sweep, sweep_every: Duration) -> Self {
        Self {
            queue,
            sweep,
            sweep_every,
            swept: None,
            found: Vec::new(),
        }
    }

    async fn sweep_if_due(&mut self, mark: Option<&str>) -> Result<(), AnnounceError> {
        let begun = Instant::now();
        let due = |last| begun.duration_since(last) >= self.sweep_every;
        if self.swept.is_none_or(due) {
            self.found.extend(self.sweep.next(mark).await?);
            self.swept = Some(begun);
        }
        Ok(())
    }
}

#[async_trait]
impl Announcer for Both {
    async fn next(&mut self, mark: Option<&str>) -> Result<Vec<Announcement>, AnnounceError> {
        self.sweep_if_due(mark).await?;
        if !self.found.is_empty() {
            // The queue's messages about these are answered when they come: found loaded.
            return Ok(std::mem::take(&mut self.found));
        }
        self.queue.next(mark).await
    }

    async fn acknowledge(&mut self, loaded: &[Announcement]) -> Result<(), AnnounceError> {
        self.queue.acknowledge(loaded).await
    }

    fn release(&mut self, stopped: &[Announcement]) {
        self.queue.release(stopped);
    }

    fn waits(&self) -> bool {
        true
    }
}
