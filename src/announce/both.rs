//! A queue that rings, and the sweep beside it, which finds what the queue lost.

use super::{AnnounceError, Announcement, Announcer, sqs::Queue, sweep::Sweep};
use crate::lake::keys;
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

/// Whether a window of a later epoch than the mark's is among them.
fn begins_an_epoch(mark: Option<&str>, announced: &[Announcement]) -> bool {
    let epoch = |key: &str| keys::manifest_window(key).map(|(epoch, _)| epoch);
    let known = mark.and_then(epoch);
    let later = |news: &Announcement| known.is_some() && epoch(&news.manifest_key) > known;
    announced.iter().any(later)
}

#[async_trait]
impl Announcer for Both {
    async fn next(&mut self, mark: Option<&str>) -> Result<Vec<Announcement>, AnnounceError> {
        self.sweep_if_due(mark).await?;
        if !self.found.is_empty() {
            // The queue's messages about these are answered when they come: found loaded.
            return Ok(std::mem::take(&mut self.found));
        }
        let mut rung = self.queue.next(mark).await?;
        // The last windows of the epoch before may be those whose messages were lost: loaded without them, the new
        // epoch's first one would pass for all there is until then.
        if begins_an_epoch(mark, &rung) {
            self.sweep.look_back_next();
            match self.sweep.next(mark).await {
                Ok(found) => rung.extend(found),
                Err(error) => {
                    self.queue.release(&rung);
                    return Err(error);
                }
            }
        }
        Ok(rung)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_epoch_than_the_marks_begins_one() {
        let key = |epoch: i32, window: i64| {
            format!("_manifest/dt=2026-11-23/{epoch:04}-{window:010}.json")
        };
        let begins = |mark: Option<String>, rung: String| {
            let rung = [Announcement {
                manifest_key: rung,
                handle: None,
            }];
            begins_an_epoch(mark.as_deref(), &rung)
        };
        assert!(begins(Some(key(1, 9)), key(2, 1)));
        assert!(!begins(Some(key(1, 9)), key(1, 11)));
        assert!(!begins(Some(key(2, 1)), key(1, 10)));
        assert!(!begins(Some(key(2, 1)), "_manifest/none".to_owned()));
        // Nothing is loaded yet: the first look of all is a sweep.
        assert!(!begins(None, key(2, 1)));
    }
}
