//! The loader's half of the proof, all the time: the warehouse holds what the manifests say. The
//! shipper proves the other half; between them stand the same manifests.
//!
//! A window is held against its manifest once, after the transaction that took it; one that differs is
//! looked at again until it is mended. That the tables hold the rows that were noted is counted each
//! time: it costs no scan. After a restart this last count is what is left of a difference.

use super::fetch::Found;
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{KindCount, Progress, WindowCount},
};
use chrono::Utc;
use metrics::gauge;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A window that is not loaded this long after it was announced is a reason for an alarm.
const LONGEST_PROOF: Duration = Duration::from_mins(10);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Lines by the manifests of windows that are not proven.
    expected: BTreeMap<WindowId, BTreeMap<Kind, u64>>,
    /// When each manifest that waits was first seen.
    waiting: BTreeMap<String, Instant>,
}

impl Proof {
    /// These windows were loaded just now.
    pub(super) fn expect(&mut self, found: &[Found]) {
        for found in found {
            let kinds = self.expected.entry(found.id).or_default();
            kinds.clear();
            for file in &found.manifest.files {
                let kind = Kind::ALL
                    .into_iter()
                    .find(|kind| kind.as_str() == file.kind);
                if let Some(kind) = kind {
                    *kinds.entry(kind).or_default() += file.rows;
                }
            }
        }
    }

    /// The windows that are not proven.
    pub(super) fn unproven(&self) -> Vec<WindowId> {
        self.expected.keys().copied().collect()
    }

    /// Holds the notes of these windows against their manifests, the tables against the notes, and
    /// tells how far the proof is. `waiting` are the manifests that are not loaded.
    pub(super) fn hold(
        &mut self,
        counts: &BTreeMap<(WindowId, Kind), WindowCount>,
        kinds: &[KindCount],
        progress: Option<&Progress>,
        waiting: impl Iterator<Item = String>,
    ) {
        self.expected
            .retain(|id, expected| !is_proven(*id, expected, counts));
        let now = Instant::now();
        self.waiting = waiting
            .map(|key| {
                let since = self.waiting.get(&key).copied().unwrap_or(now);
                (key, since)
            })
            .collect();
        let rows = kinds
            .iter()
            .filter(|count| count.noted != count.held)
            .count();
        for id in self.expected.keys() {
            tracing::error!(
                epoch = id.epoch,
                window = id.number,
                "the warehouse does not hold what the manifest says: see `textrail verify`"
            );
        }
        if rows > 0 {
            tracing::error!(
                "the warehouse's tables do not hold what was noted: see `textrail verify`"
            );
        }
        self.tell(rows, progress, now);
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge holds floats")]
    fn tell(&self, rows: usize, progress: Option<&Progress>, now: Instant) {
        let between = [
            ("lake_warehouse", self.expected.len()),
            ("notes_rows", rows),
        ];
        for (between, differences) in between {
            gauge!("textrail_verify_differences", "between" => between).set(differences as f64);
        }
        let differ = between.iter().any(|(_, differences)| *differences > 0);
        if let Some(progress) = progress.filter(|_| !differ) {
            let age = (Utc::now() - progress.boundary).as_seconds_f64();
            gauge!("textrail_verify_proven_window", "half" => "lake_warehouse")
                .set(progress.id.number as f64);
            gauge!("textrail_verify_proven_age_seconds", "half" => "lake_warehouse").set(age);
        }
        let late = |since: &Instant| now.duration_since(*since) > LONGEST_PROOF;
        let alarm = differ || self.waiting.values().any(late);
        gauge!("textrail_verify_alarm", "half" => "lake_warehouse").set(f64::from(u8::from(alarm)));
    }
}

/// Whether the warehouse accounts for each line of a window, kind by kind.
fn is_proven(
    id: WindowId,
    expected: &BTreeMap<Kind, u64>,
    counts: &BTreeMap<(WindowId, Kind), WindowCount>,
) -> bool {
    Kind::ALL.into_iter().all(|kind| {
        let lines = expected.get(&kind).copied().unwrap_or(0);
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
        let mut proof = Proof::default();
        proof
            .expected
            .insert(ID, BTreeMap::from([(Kind::Click, 4)]));
        proof.hold(&counts(1), &[], None, std::iter::empty());
        assert_eq!(proof.unproven(), [ID]);
        proof.hold(&counts(2), &[], None, std::iter::empty());
        assert!(proof.unproven().is_empty());
    }
}
