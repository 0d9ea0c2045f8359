//! The sweep: it lists the manifests after the last one up to which all are known.
//!
//! Every few minutes it looks back a day further, for a window that was put late: its manifest has
//! the date of its seal, so it may stand before others that are loaded. Neither listing grows with
//! the history of the lake.

use super::Announcer;
use crate::lake::{
    keys,
    store::{ObjectStore, StoreError},
};
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the sweep looks back.
const LOOK_BACK_EVERY: Duration = Duration::from_mins(10);
/// How far, from the day of the last known manifest.
const LOOK_BACK: Days = Days::new(1);

/// Lists a lake's manifests.
#[derive(Debug)]
pub struct Sweep {
    store: Arc<dyn ObjectStore>,
    looked_back: Mutex<Option<Instant>>,
}

impl Sweep {
    /// A sweep of this lake. The first one looks back.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            looked_back: Mutex::new(None),
        }
    }

    /// Whether it is time to look back; if so, it counts as done.
    fn looks_back(&self) -> bool {
        let mut last = self
            .looked_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= LOOK_BACK_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

#[async_trait]
impl Announcer for Sweep {
    async fn manifests(&self, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let start = match after {
            Some(key) if self.looks_back() => day_before(key).or_else(|| Some(key.to_owned())),
            after => after.map(str::to_owned),
        };
        list_all(self.store.as_ref(), keys::MANIFESTS, start).await
    }
}

/// Every key under a prefix that sorts after `start`.
pub async fn list_all(
    store: &dyn ObjectStore,
    prefix: &str,
    mut start: Option<String>,
) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::new();
    loop {
        let page = store.list(prefix, start.as_deref()).await?;
        start = page.keys.last().cloned().or(start);
        let empty = page.keys.is_empty();
        all.extend(page.keys);
        if !page.more || empty {
            return Ok(all);
        }
    }
}

/// `_manifest/dt=2026-11-22` for any key of 2026-11-23; none for a key of another form.
fn day_before(key: &str) -> Option<String> {
    let rest = key.strip_prefix(keys::MANIFESTS)?.strip_prefix("dt=")?;
    let day: NaiveDate = rest.get(..10)?.parse().ok()?;
    let before = day.checked_sub_days(LOOK_BACK)?;
    Some(format!("{}dt={before}", keys::MANIFESTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_back_begins_a_day_earlier() {
        assert_eq!(
            day_before("_manifest/dt=2026-03-01/0001-0000000042.json").as_deref(),
            Some("_manifest/dt=2026-02-28")
        );
        assert_eq!(day_before("_manifest/elsewhere"), None);
    }
}
