//! The sweep: lists the lake for manifests that may be new, so that no window depends on a message
//! that somebody else was to send.
//!
//! A look starts at the mark, so it costs the same after a year as on the first day. Every so often
//! it looks back, from the day before the mark's: a manifest of an older epoch sorts before the mark
//! however late it appears.

use super::{AnnounceError, Announcement, Announcer};
use crate::lake::{
    keys,
    store::{ObjectStore, list_all},
};
use async_trait::async_trait;
use chrono::Days;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// See the module.
#[derive(Debug)]
pub struct Sweep {
    store: Arc<dyn ObjectStore>,
    look_back_every: Duration,
    looked_back: Option<Instant>,
    /// What was announced since the last look back: it is not announced again before the next.
    announced: BTreeSet<String>,
}

impl Sweep {
    /// The first look is one back.
    pub fn new(store: Arc<dyn ObjectStore>, look_back_every: Duration) -> Self {
        Self {
            store,
            look_back_every,
            looked_back: None,
            announced: BTreeSet::new(),
        }
    }

    /// Has the next look be one back.
    pub(super) fn look_back_next(&mut self) {
        self.looked_back = None;
    }
}

#[async_trait]
impl Announcer for Sweep {
    async fn next(&mut self, mark: Option<&str>) -> Result<Vec<Announcement>, AnnounceError> {
        let begun = Instant::now();
        let back = self
            .looked_back
            .is_none_or(|last| begun.duration_since(last) >= self.look_back_every);
        let start = if back {
            mark.map(day_before)
        } else {
            mark.map(str::to_owned)
        };
        let found = list_all(self.store.as_ref(), keys::MANIFESTS, start).await?;
        // Only now: a look that failed was none.
        if back {
            self.looked_back = Some(begun);
            self.announced.clear();
        } else if let Some(mark) = mark {
            self.announced = self.announced.split_off(mark);
        }
        let mut new = Vec::new();
        for manifest_key in found {
            if self.announced.insert(manifest_key.clone()) {
                new.push(Announcement {
                    manifest_key,
                    handle: None,
                });
            }
        }
        Ok(new)
    }

    async fn acknowledge(&mut self, _loaded: &[Announcement]) -> Result<(), AnnounceError> {
        // The mark, which the warehouse keeps, says it all.
        Ok(())
    }
}

/// Where the manifests of the day before a manifest's begin; the manifest itself if it has no day.
fn day_before(mark: &str) -> String {
    keys::manifest_day(mark)
        .and_then(|day| day.checked_sub_days(Days::new(1)))
        .map_or_else(|| mark.to_owned(), keys::manifests_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::memory::MemoryStore;
    use bytes::Bytes;

    const LONG: Duration = Duration::from_secs(3600);

    fn key(day: u32, epoch: i32, window: i64) -> String {
        format!("_manifest/dt=2026-11-{day:02}/{epoch:04}-{window:010}.json")
    }

    async fn keys_of(sweep: &mut Sweep, mark: Option<&str>) -> Vec<String> {
        let found = sweep.next(mark).await.unwrap();
        found.into_iter().map(|found| found.manifest_key).collect()
    }

    fn lake(keys: &[String]) -> Arc<MemoryStore> {
        let lake = Arc::new(MemoryStore::default());
        for key in keys {
            lake.overwrite(key, Bytes::new());
        }
        lake
    }

    #[tokio::test]
    async fn a_look_starts_at_the_mark_and_tells_of_each_manifest_once() {
        let lake = lake(&[key(21, 1, 1), key(22, 1, 2), key(23, 1, 3)]);
        let mut sweep = Sweep::new(lake.clone(), LONG);
        let mark = key(23, 1, 3);
        // The first look goes back: one day, not two.
        assert_eq!(
            keys_of(&mut sweep, Some(&mark)).await,
            [key(22, 1, 2), key(23, 1, 3)]
        );
        lake.overwrite(&key(22, 1, 9), Bytes::new());
        lake.overwrite(&key(23, 1, 4), Bytes::new());
        assert_eq!(keys_of(&mut sweep, Some(&mark)).await, [key(23, 1, 4)]);
        assert!(keys_of(&mut sweep, Some(&mark)).await.is_empty());
        sweep.look_back_next();
        assert_eq!(keys_of(&mut sweep, Some(&mark)).await.len(), 4);
        assert!(keys_of(&mut sweep, Some(&mark)).await.is_empty());
    }

    #[tokio::test]
    async fn a_look_back_finds_what_appeared_before_the_mark_and_repeats_what_stands() {
        let lake = lake(&[key(23, 2, 1)]);
        let mut sweep = Sweep::new(lake.clone(), Duration::ZERO);
        let mark = key(23, 2, 1);
        assert_eq!(keys_of(&mut sweep, None).await, [key(23, 2, 1)]);
        lake.overwrite(&key(23, 1, 7), Bytes::new());
        assert_eq!(
            keys_of(&mut sweep, Some(&mark)).await,
            [key(23, 1, 7), key(23, 2, 1)]
        );
    }

    #[tokio::test]
    async fn every_page_is_read() {
        let all: Vec<_> = (1..=2_345).map(|window| key(23, 1, window)).collect();
        let mut sweep = Sweep::new(lake(&all), LONG);
        assert_eq!(keys_of(&mut sweep, None).await, all);
    }

    #[test]
    fn the_day_before_crosses_months_and_survives_an_odd_mark() {
        let mark = "_manifest/dt=2026-12-01/0001-0000000042.json";
        assert_eq!(day_before(mark), "_manifest/dt=2026-11-30");
        for odd in ["", "_manifest/", "_manifest/dt=x/1.json", "other"] {
            assert_eq!(day_before(odd), odd);
        }
    }
}
