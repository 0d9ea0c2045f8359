//! One window, as each side has it.

use super::{Sides, id_of};
use crate::domain::window::{ON_ITS_WAY, WindowId};
use crate::event::Kind;
use crate::lake::manifest::Manifest;
use crate::ledger::counts::kept::KnownWindow;
use crate::report::windows::LoadedWindow;
use crate::verify::Counts;
use crate::verify::deep::Contents;
use crate::verify::lake::Standing;
use chrono::{DateTime, Utc};

/// One window at every side.
pub(super) struct Window<'a> {
    pub(super) id: WindowId,
    pub(super) known: Option<&'a KnownWindow>,
    pub(super) standing: &'a [Standing],
    pub(super) loaded: Option<&'a LoadedWindow>,
    pub(super) contents: Option<&'a Contents>,
    /// Whether it had the time to be everywhere.
    pub(super) late: bool,
    /// Whether it was shipped by a life of the ledger that a restore ended, and by none that is known.
    pub(super) of_lost_life: bool,
}

impl<'a> Window<'a> {
    pub(super) fn of(sides: &Sides<'a>, id: WindowId) -> Self {
        let (known, loaded) = (&sides.ledger.windows, &sides.warehouse.windows);
        // Both come in order.
        let known = known.binary_search_by_key(&id, |window| window.id);
        let loaded_at = loaded.binary_search_by_key(&id, id_of);
        let mut window = Self {
            id,
            known: known.ok().map(|at| &sides.ledger.windows[at]),
            loaded: loaded_at.ok().map(|at| &loaded[at]),
            standing: sides.lake.manifests.get(&id).map_or(&[], Vec::as_slice),
            contents: sides.contents.get(&id),
            late: true,
            of_lost_life: false,
        };
        let age = window.sealed_at().map(|at| sides.ledger.heads.now - at);
        window.late = age.is_none_or(|age| age.to_std().is_ok_and(|age| age > ON_ITS_WAY));
        window.of_lost_life = match window.known {
            Some(known) => known.closed && !window.standing.is_empty(),
            None => is_beyond(sides, id),
        };
        window
    }

    pub(super) fn manifest(&self) -> Option<&'a Manifest> {
        self.standing.first()?.manifest.as_ref().ok()
    }

    pub(super) fn sealed_at(&self) -> Option<DateTime<Utc>> {
        let known = self.known.map(|known| known.sealed_at);
        known
            .or_else(|| self.manifest().map(|manifest| manifest.sealed_at))
            .or_else(|| self.loaded.map(|loaded| loaded.sealed_at))
    }

    /// Whether the ledger's side is known: counted, or none of this ledger's.
    pub(super) fn is_counted(&self) -> bool {
        self.known.is_none_or(|known| known.counted || known.closed)
    }

    pub(super) fn counts(&self, kind: Kind) -> Counts {
        let counted = self.known.filter(|known| known.counted && !known.closed);
        let known = counted.and_then(|known| known.kinds.get(&kind));
        // One that was counted has nothing of the kinds that are not noted.
        let nothing = || counted.map(|_| 0).filter(|_| known.is_none());
        let loaded = self.loaded.map(|loaded| {
            let name = kind.as_str();
            let lines = loaded.kinds.iter().find(|lines| lines.kind == name);
            lines.cloned().unwrap_or_default()
        });
        Counts {
            // Of one that was shipped before there were counts, what was noted then.
            events: known
                .and_then(|known| known.events.or(known.shipped))
                .or_else(nothing),
            facts: known.and_then(|known| known.facts).or_else(nothing),
            manifest: self.manifest().map(|manifest| rows(manifest, kind)),
            lines: self
                .contents
                .map(|contents| contents.lines.get(&kind).copied().unwrap_or(0)),
            loaded: loaded.as_ref().map(|lines| lines.loaded),
            duplicates: loaded.as_ref().map(|lines| lines.duplicates),
            quarantined: loaded.as_ref().map(|lines| lines.quarantined),
        }
    }

    /// The last side that has it, if it is not at all of them, or was not counted.
    pub(super) fn station(&self) -> Option<&'static str> {
        let known = self.known.filter(|known| !known.closed)?;
        if self.manifest().is_none() {
            // An empty one costs no object and no load.
            let empty = known.kinds.values().all(|kind| kind.events == Some(0));
            return (!(known.shipped && known.counted && empty)).then_some("ledger");
        }
        if self.loaded.is_none() {
            return Some("lake");
        }
        (!self.is_counted()).then_some("count")
    }
}

/// Whether a window is of an epoch that ended, beyond where this ledger has it: known after a restore,
/// and no mistake.
fn is_beyond(sides: &Sides<'_>, id: WindowId) -> bool {
    let heads = &sides.ledger.heads.windows;
    let ended = heads
        .keys()
        .next_back()
        .is_some_and(|newest| id.epoch < *newest);
    ended && heads.get(&id.epoch).is_none_or(|head| id.number > *head)
}

fn rows(manifest: &Manifest, kind: Kind) -> i64 {
    let files = manifest
        .files
        .iter()
        .filter(|file| file.kind == kind.as_str());
    let rows: u64 = files.map(|file| file.rows).sum();
    i64::try_from(rows).unwrap_or(i64::MAX)
}
