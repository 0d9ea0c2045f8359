//! What was announced and is not loaded yet.

use super::fetch::window_of;
use crate::{announce::Announcement, domain::window::WindowId};
use std::collections::BTreeMap;

/// See the module. By manifest key: the order of sealing.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    id: WindowId,
    /// Failures that were expected to pass.
    failures: u32,
    announcements: Vec<Announcement>,
}

impl Waiting {
    /// Takes announcements in; a key that is no manifest's is told of and passed over.
    pub(super) fn add(&mut self, announcements: Vec<Announcement>) {
        for announcement in announcements {
            let key = announcement.manifest_key.clone();
            let Some(id) = window_of(&key) else {
                tracing::warn!(key, "passed over an object that is no manifest");
                continue;
            };
            let entry = self.0.entry(key).or_insert_with(|| Entry {
                id,
                failures: 0,
                announcements: Vec::new(),
            });
            // A window may be announced again while it waits; each handle needs its answer.
            if !entry.announcements.contains(&announcement) {
                entry.announcements.push(announcement);
            }
        }
    }

    /// All that wait, in the order in which to try them: those that failed come last, so that none
    /// stands in the way of another.
    pub(super) fn in_order(&self) -> Vec<(WindowId, String)> {
        let mut order: Vec<_> = self.0.iter().collect();
        order.sort_by_key(|(_, entry)| entry.failures);
        order
            .into_iter()
            .map(|(key, entry)| (entry.id, key.clone()))
            .collect()
    }

    /// It failed and is to be tried again.
    pub(super) fn failed(&mut self, key: &str) {
        if let Some(entry) = self.0.get_mut(key) {
            entry.failures = entry.failures.saturating_add(1);
        }
    }

    /// It no longer waits; returns how it was announced.
    pub(super) fn remove(&mut self, key: &str) -> Vec<Announcement> {
        self.0
            .remove(key)
            .map(|entry| entry.announcements)
            .unwrap_or_default()
    }
}
