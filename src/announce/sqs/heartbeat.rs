//! Keeps messages hidden while their windows are being loaded, however long that takes.

use super::client::QueueClient;
use crate::cause::with_causes;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// The handles in hand, and the task that keeps them hidden. It ends with this: a process that died
/// or stands still lets go of its messages by itself.
#[derive(Debug)]
pub(super) struct Heartbeat {
    held: Held,
    task: JoinHandle<()>,
}

type Held = Arc<Mutex<BTreeSet<String>>>;

impl Heartbeat {
    /// Beats three times within `visibility`, so that two may be lost.
    pub(super) fn start(client: QueueClient, visibility: Duration) -> Self {
        let held = Held::default();
        let task = tokio::spawn(beat(client, visibility, held.clone()));
        Self { held, task }
    }

    pub(super) fn hold(&self, handle: &str) {
        lock(&self.held).insert(handle.to_owned());
    }

    pub(super) fn let_go(&self, handle: &str) {
        lock(&self.held).remove(handle);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn beat(client: QueueClient, visibility: Duration, held: Held) {
    let mut beats = tokio::time::interval(visibility / 3);
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let handles: Vec<_> = lock(&held).iter().cloned().collect();
        if handles.is_empty() {
            continue;
        }
        match client.hide(&handles, visibility).await {
            // Twelve hours is the most that a message stays hidden; then another loader may have it.
            Ok(lost) => lost.iter().for_each(|handle| {
                lock(&held).remove(handle);
            }),
            Err(error) => tracing::warn!(
                error = with_causes(&error),
                "messages may come again while their windows are loaded"
            ),
        }
    }
}

fn lock(held: &Held) -> MutexGuard<'_, BTreeSet<String>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
