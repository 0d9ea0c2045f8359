//! The loader's half of the proof, all the time: the warehouse holds what the manifests say. The
//! shipper proves the other half; between them stand the same manifests.
//!
//! A window is held against its manifest once, after the transaction that took it; one that differs is
//! looked at again until it is mended. That the tables hold the rows that were noted is counted each
//! time: it costs no scan. Windows that another process loaded, or that a reprocess poured, come back
//! to mind when a loader starts and when another generation answers: see [`super::recall`].

use super::fetch::Found;
use crate::{
    domain::window::{ON_ITS_WAY, WindowId},
    event::Kind,
    warehouse::{KindCount, Progress, WindowCount},
};
use metrics::gauge;
use std::{collections::BTreeMap, time::Instant};

/// The label of this half.
const HALF: &str = "lake_warehouse";

/// What the warehouse says of itself.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Its notes of the windows that are not proven.
    pub(super) counts: BTreeMap<(WindowId, Kind), WindowCount>,
    /// Its tables.
    pub(super) kinds: Vec<KindCount>,
    /// How far it is.
    pub(super) progress: Option<Progress>,
}

/// What a round left.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Manifests that are not loaded, whether they wait or are stopped.
    pub(super) waiting: Vec<String>,
    /// How many of them are stopped, and not for a while.
    pub(super) stopped: usize,
    /// Whether it could look at all that there is to look at.
    pub(super) looked: bool,
}

/// A window that is not proven.
#[derive(Debug)]
struct Unproven {
    /// Lines by its manifest.
    lines: BTreeMap<Kind, u64>,
    /// The first look that did not prove it.
    since: Option<Instant>,
    /// Whether it was found to differ.
    differs: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Proof {
    unproven: BTreeMap<WindowId, Unproven>,
    /// Since when each manifest that is not loaded is known.
    waiting: BTreeMap<String, Instant>,
    /// Kinds whose tables do not hold what was noted.
    rows: usize,
    rows_since: Option<Instant>,
    /// Since when not all can be looked at.
    blind_since: Option<Instant>,
    /// The last window up to which none is missing.
    through: Option<WindowId>,
    /// The generation whose last windows were called back to mind.
    remembered: Option<String>,
}

impl Proof {
    /// These windows are loaded.
    pub(super) fn expect(&mut self, found: &[Found]) {
        for found in found {
            let mut lines = BTreeMap::new();
            for file in &found.manifest.files {
                if let Some(kind) = Kind::from_name(&file.kind) {
                    *lines.entry(kind).or_default() += file.rows;
                }
            }
            let unproven = self.unproven.entry(found.id).or_insert(Unproven {
                lines: BTreeMap::new(),
                since: None,
                differs: false,
            });
            unproven.lines = lines;
        }
    }

    /// The windows that are not proven.
    pub(super) fn unproven(&self) -> Vec<WindowId> {
        self.unproven.keys().copied().collect()
    }

    /// Whether the last windows of a generation were called back to mind.
    pub(super) fn remembers(&self, generation: &str) -> bool {
        self.remembered.as_deref() == Some(generation)
    }

    /// These are the last windows of a generation.
    pub(super) fn remember(&mut self, generation: String, last: &[Found]) {
        self.expect(last);
        self.remembered = Some(generation);
    }

    /// Holds the notes against the manifests, and the tables against the notes.
    pub(super) fn hold(&mut self, held: &Held, now: Instant) {
        self.unproven
            .retain(|id, unproven| !is_proven(*id, &unproven.lines, &held.counts));
        for (id, unproven) in &mut self.unproven {
            unproven.since.get_or_insert(now);
            if !unproven.differs {
                tracing::error!(
                    epoch = id.epoch,
                    window = id.number,
                    "the warehouse does not hold what the manifest says: see `textrail verify`"
                );
            }
            unproven.differs = true;
        }
        let differ = |count: &&KindCount| count.noted != count.held;
        self.rows = held.kinds.iter().filter(differ).count();
        if self.rows == 0 {
            self.rows_since = None;
        } else if self
            .rows_since
            .replace(self.rows_since.unwrap_or(now))
            .is_none()
        {
            tracing::error!(
                "the warehouse's tables do not hold what was noted: see `textrail verify`"
            );
        }
        self.through = held.progress.as_ref().map(|progress| progress.id);
    }

    /// Tells how far the proof is, after every round, whatever became of it.
    pub(super) fn tell(&mut self, left: &Left, now: Instant) {
        let since = |key: &String| self.waiting.get(key).copied().unwrap_or(now);
        let waiting = left.waiting.iter().map(|key| (key.clone(), since(key)));
        self.waiting = waiting.collect();
        self.blind_since = match left.looked {
            true => None,
            false => self.blind_since.or(Some(now)),
        };
        let windows = self
            .unproven
            .values()
            .filter(|window| window.differs)
            .count();
        measure([("lake_warehouse", windows), ("notes_rows", self.rows)]);
        if let Some(id) = self.through.filter(|_| windows + self.rows == 0) {
            measure_through(id);
        }
        let age = self
            .oldest()
            .map(|since| now.saturating_duration_since(since));
        let age = age.unwrap_or_default();
        gauge!("textrail_verify_oldest_unproven_age_seconds", "half" => HALF)
            .set(age.as_secs_f64());
        let alarm = windows + self.rows + left.stopped > 0 || age > ON_ITS_WAY;
        gauge!("textrail_verify_alarm", "half" => HALF).set(f64::from(u8::from(alarm)));
    }

    /// Since when the oldest thing is known that is not proven.
    fn oldest(&self) -> Option<Instant> {
        let windows = self.unproven.values().filter_map(|unproven| unproven.since);
        windows
            .chain(self.waiting.values().copied())
            .chain(self.rows_since)
            .chain(self.blind_since)
            .min()
    }
}

fn measure(between: [(&'static str, usize); 2]) {
    for (between, differences) in between {
        gauge!("textrail_verify_differences", "between" => between).set(differences as f64);
    }
}

fn measure_through(id: WindowId) {
    gauge!("textrail_verify_proven_window", "half" => HALF).set(id.number as f64);
}

/// Whether the warehouse accounts for each line of a window, kind by kind.
fn is_proven(
    id: WindowId,
    lines: &BTreeMap<Kind, u64>,
    counts: &BTreeMap<(WindowId, Kind), WindowCount>,
) -> bool {
    Kind::ALL.into_iter().all(|kind| {
        let lines = lines.get(&kind).copied().unwrap_or(0);
        let count = counts.get(&(id, kind)).copied().unwrap_or_default();
        lines == count.loaded + count.duplicates + count.quarantined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: WindowId = WindowId {
        epoch: 1,
        number: 7,
    };

    fn counts(loaded: u64) -> BTreeMap<(WindowId, Kind), WindowCount> {
        let count = WindowCount {
            lines: 4,
            loaded,
            duplicates: 1,
            quarantined: 1,
        };
        BTreeMap::from([((ID, Kind::Click), count)])
    }

    #[test]
    fn a_window_is_proven_when_rows_duplicates_and_quarantined_lines_add_up() {
        let expected = BTreeMap::from([(Kind::Click, 4)]);
        assert!(is_proven(ID, &expected, &counts(2)));
        assert!(!is_proven(ID, &expected, &counts(1)), "a row is lost");
        assert!(
            !is_proven(ID, &expected, &counts(3)),
            "a row is there twice"
        );
        let more = BTreeMap::from([(Kind::Click, 4), (Kind::Inbound, 1)]);
        assert!(!is_proven(ID, &more, &counts(2)), "a kind is missing");
        assert!(
            !is_proven(ID, &BTreeMap::new(), &counts(2)),
            "a kind too many"
        );
    }

    #[test]
    fn what_differs_is_kept_until_it_is_mended() {
        let (mut proof, now) = (Proof::default(), Instant::now());
        let unproven = Unproven {
            lines: BTreeMap::from([(Kind::Click, 4)]),
            since: None,
            differs: false,
        };
        proof.unproven.insert(ID, unproven);
        let held = |loaded| Held {
            counts: counts(loaded),
            ..Held::default()
        };
        proof.hold(&held(1), now);
        assert_eq!(proof.unproven(), [ID]);
        assert_eq!(proof.oldest(), Some(now));
        proof.hold(&held(2), now);
        assert!(proof.unproven().is_empty());
        assert_eq!(proof.oldest(), None);
    }
}
