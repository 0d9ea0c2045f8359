//! The three sides against each other. No I/O: what was read decides.

use super::deep::Contents;
use super::difference::name;
use super::lake::{LakeSide, Standing};
use super::{Counts, Difference, Findings, LedgerSide, ON_ITS_WAY, OnItsWay, WarehouseSide, What};
use crate::domain::window::WindowId;
use crate::event::Kind;
use crate::lake::manifest::Manifest;
use crate::ledger::counts::kept::KnownWindow;
use crate::report::windows::{LoadedLines, LoadedWindow};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was read.
#[derive(Debug)]
pub struct Sides<'a> {
    /// The ledger's.
    pub ledger: &'a LedgerSide,
    /// The lake's.
    pub lake: &'a LakeSide,
    /// The warehouse's.
    pub warehouse: &'a WarehouseSide,
    /// What the files hold, window by window, where they were read.
    pub contents: &'a BTreeMap<WindowId, Contents>,
    /// The one window to compare; none for all.
    pub only: Option<WindowId>,
    /// The span.
    pub span: (DateTime<Utc>, DateTime<Utc>),
}

/// One window at every side.
struct Window<'a> {
    id: WindowId,
    known: Option<&'a KnownWindow>,
    standing: &'a [Standing],
    loaded: Option<&'a LoadedWindow>,
    contents: Option<&'a Contents>,
}

impl Window<'_> {
    fn manifest(&self) -> Option<&Manifest> {
        self.standing.first()?.manifest.as_ref().ok()
    }

    fn sealed_at(&self) -> Option<DateTime<Utc>> {
        let known = self.known.map(|known| known.sealed_at);
        known
            .or_else(|| self.manifest().map(|manifest| manifest.sealed_at))
            .or_else(|| self.loaded.map(|loaded| loaded.sealed_at))
    }

    fn counts(&self, kind: Kind) -> Counts {
        let known = self.known.and_then(|known| known.kinds.get(&kind));
        let counted = self.known.is_some_and(|known| known.counted);
        // One that was counted has nothing of the kinds that are not noted.
        let nothing = || counted.then_some(0).filter(|_| known.is_none());
        let loaded = self.loaded.map(|loaded| {
            let lines = loaded
                .kinds
                .iter()
                .find(|lines| lines.kind == kind.as_str());
            lines.cloned().unwrap_or_default()
        });
        Counts {
            events: known.and_then(|known| known.events).or_else(nothing),
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
}

fn rows(manifest: &Manifest, kind: Kind) -> i64 {
    let files = manifest
        .files
        .iter()
        .filter(|file| file.kind == kind.as_str());
    let rows: u64 = files.map(|file| file.rows).sum();
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Holds the sides against each other.
pub fn compare(sides: &Sides<'_>) -> Findings {
    let mut findings = Findings {
        since: sides.span.0,
        until: sides.span.1,
        generation: sides.warehouse.generation.clone(),
        ..Findings::default()
    };
    for id in ids(sides) {
        let window = window(sides, id);
        window_findings(sides, &window, &mut findings);
    }
    if sides.only.is_none() {
        whole_findings(sides, &mut findings);
    }
    for alone in &sides.ledger.alone {
        if sides.only.is_none_or(|only| only == alone.window) {
            findings.differences.push(Difference {
                window: Some(alone.window),
                kind: Some(alone.kind),
                what: What::FactWithoutEvent,
                detail: format!(
                    "{} of {}",
                    alone.fact_id,
                    alone.recorded_at.format("%F %T%.6f")
                ),
                counts: Counts::default(),
            });
        }
    }
    findings.differences.sort_by_key(|difference| {
        (
            difference.window.is_none(),
            difference.window,
            difference.kind,
            difference.what,
        )
    });
    findings
}

/// Every window that any side has.
fn ids(sides: &Sides<'_>) -> BTreeSet<WindowId> {
    let known = sides.ledger.windows.iter().map(|window| window.id);
    let loaded = sides.warehouse.windows.iter().map(id_of);
    let mut ids: BTreeSet<WindowId> = known
        .chain(loaded)
        .chain(sides.lake.manifests.keys().copied())
        .collect();
    if let Some(only) = sides.only {
        ids.retain(|id| *id == only);
    }
    ids
}

fn id_of(window: &LoadedWindow) -> WindowId {
    WindowId {
        epoch: window.epoch,
        number: window.number,
    }
}

fn window<'a>(sides: &Sides<'a>, id: WindowId) -> Window<'a> {
    let (known, loaded) = (&sides.ledger.windows, &sides.warehouse.windows);
    let at = |place: Result<usize, usize>| place.ok();
    Window {
        id,
        // Both come in order.
        known: at(known.binary_search_by_key(&id, |window| window.id)).map(|at| &known[at]),
        loaded: at(loaded.binary_search_by_key(&id, id_of)).map(|at| &loaded[at]),
        standing: sides.lake.manifests.get(&id).map_or(&[], Vec::as_slice),
        contents: sides.contents.get(&id),
    }
}

fn window_findings(sides: &Sides<'_>, window: &Window<'_>, findings: &mut Findings) {
    findings.windows += 1;
    let before = findings.differences.len();
    let late = window
        .sealed_at()
        .is_none_or(|sealed_at| sides.ledger.heads.now - sealed_at > ON_ITS_WAY);
    presence(sides, window, late, findings);
    let mut on_its_way = station(window);
    if late || findings.differences.len() > before {
        on_its_way = None;
    }
    for kind in Kind::ALL {
        let counts = window.counts(kind);
        findings.kinds.entry(kind).or_default().add(&counts);
        for (what, detail) in kind_differences(&counts) {
            findings.differences.push(Difference {
                window: Some(window.id),
                kind: Some(kind),
                what,
                detail,
                counts,
            });
        }
    }
    if findings.differences.len() > before {
        return;
    }
    match (on_its_way, window.sealed_at()) {
        (Some(at), Some(sealed_at)) => findings.on_their_way.push(OnItsWay {
            window: window.id,
            sealed_at,
            at,
        }),
        _ => findings.proven += 1,
    }
}

/// The last side that has a window which is not at all of them.
fn station(window: &Window<'_>) -> Option<&'static str> {
    let known = window.known?;
    if window.manifest().is_none() {
        // An empty one costs no object and no load.
        let empty = known.kinds.values().all(|kind| kind.events == Some(0));
        return (!(known.shipped && empty)).then_some("ledger");
    }
    window.loaded.is_none().then_some("lake")
}

/// Whether each side has the window, and the lake its files.
fn presence(sides: &Sides<'_>, window: &Window<'_>, late: bool, findings: &mut Findings) {
    let mut differ = |what, detail: String| {
        findings.differences.push(Difference {
            window: Some(window.id),
            kind: None,
            what,
            detail,
            counts: Counts::default(),
        });
    };
    for standing in window.standing {
        if let Err(problem) = &standing.manifest {
            differ(
                What::ManifestUnreadable,
                format!("{}: {problem}", standing.key),
            );
        }
    }
    if let [_, second, ..] = window.standing {
        differ(What::ManifestTwice, second.key.clone());
    }
    match window.known {
        Some(known) => {
            let key = known.manifest_key.as_ref();
            if let Some(key) = key.filter(|_| window.standing.is_empty()) {
                differ(What::ManifestMissing, key.clone());
            }
            if !known.shipped && late {
                differ(
                    What::NotShipped,
                    format!("sealed {}", known.sealed_at.format("%F %T")),
                );
            }
        }
        None if window.standing.is_empty() => {
            differ(What::LoadedFromNowhere, name(window.id));
        }
        // A ledger before a restore went further than the dump did: known, and no mistake.
        None if is_lost_life(sides, window.id) => {}
        None => differ(What::NotInLedger, window.standing[0].key.clone()),
    }
    let Some(manifest) = window.manifest() else {
        if window.known.is_some() && window.standing.is_empty() && window.loaded.is_some() {
            differ(What::LoadedFromNowhere, name(window.id));
        }
        return;
    };
    if window.loaded.is_none() && late {
        differ(
            What::NotLoaded,
            format!("sealed {}", manifest.sealed_at.format("%F %T")),
        );
    }
    for file in &manifest.files {
        if !sides.lake.files.contains(&file.key) {
            differ(What::FileMissing, file.key.clone());
        }
    }
    let faults = window.contents.iter().flat_map(|contents| &contents.faults);
    findings
        .differences
        .extend(faults.map(|(kind, what, detail)| Difference {
            window: Some(window.id),
            kind: *kind,
            what: *what,
            detail: detail.clone(),
            counts: Counts::default(),
        }));
    if window.known.is_none() && is_lost_life(sides, window.id) {
        findings.only_in_lake.push(window.id);
    }
}

/// Whether a window is of an epoch that ended, beyond where this ledger has it.
fn is_lost_life(sides: &Sides<'_>, id: WindowId) -> bool {
    let heads = &sides.ledger.heads.windows;
    let ended = heads
        .keys()
        .next_back()
        .is_some_and(|newest| id.epoch < *newest);
    ended && heads.get(&id.epoch).is_none_or(|head| id.number > *head)
}

/// What differs in one kind of one window. A side that has nothing to say says nothing: that it lacks
/// the window is told by [`presence`].
fn kind_differences(counts: &Counts) -> Vec<(What, String)> {
    let mut found = Vec::new();
    let mut hold = |what, left: Option<i64>, right: Option<i64>, words: &str| {
        if let (Some(left), Some(right)) = (left, right)
            && left != right
        {
            found.push((what, format!("{left} {words} {right}")));
        }
    };
    hold(
        What::EventWithoutFact,
        counts.events,
        counts.facts,
        "events, facts",
    );
    hold(
        What::LedgerIsNotLake,
        counts.events,
        counts.manifest,
        "events, lines by the manifest",
    );
    hold(
        What::LakeIsNotWarehouse,
        counts.manifest,
        counts.accounted(),
        "lines by the manifest, accounted for in the warehouse",
    );
    found
}

/// What is not one window's.
fn whole_findings(sides: &Sides<'_>, findings: &mut Findings) {
    let mut differ = |kind, what, detail| {
        findings.differences.push(Difference {
            window: None,
            kind,
            what,
            detail,
            counts: Counts::default(),
        });
    };
    let listed: BTreeSet<&str> = manifests(sides)
        .flat_map(|manifest| &manifest.files)
        .map(|file| file.key.as_str())
        .collect();
    for key in &sides.lake.files {
        if !listed.contains(key.as_str()) && is_whole(sides, key) {
            differ(kind_of(key), What::FileUnasked, key.clone());
        }
    }
    for rows in &sides.warehouse.kinds {
        let kind = kind_named(&rows.kind);
        if rows.noted != rows.held {
            let detail = format!("{} rows noted, {} in the table", rows.noted, rows.held);
            differ(kind, What::RowsAreNotNotes, detail);
        }
        if let Some(events) = rows.events.filter(|events| *events != rows.held) {
            let detail = format!("{} rows of {events} events", rows.held);
            differ(kind, What::RowsTwice, detail);
        }
    }
    let several_lives = sides.ledger.heads.windows.len() > 1;
    for kind in Kind::ALL {
        let counted = sides.ledger.before.get(&kind).copied().unwrap_or(0);
        let of_kind = |lines: &&LoadedLines| lines.kind == kind.as_str();
        let loaded = sides.warehouse.before.iter().find(of_kind);
        let loaded = loaded.map_or(0, |lines| {
            lines.loaded + lines.duplicates + lines.quarantined
        });
        if counted != 0 || loaded != 0 {
            findings.before.insert(kind, (counted, loaded));
        }
        // Windows of a lost life are in the warehouse alone.
        if loaded < counted || (loaded > counted && !several_lives) {
            findings.differences.push(Difference {
                window: None,
                kind: Some(kind),
                what: What::BeforeDiffers,
                detail: format!("{counted} lines by the ledger, {loaded} in the warehouse"),
                counts: Counts::default(),
            });
        }
    }
}

fn manifests<'a>(sides: &Sides<'a>) -> impl Iterator<Item = &'a Manifest> + use<'a> {
    let standing = sides.lake.manifests.values().flatten();
    standing.filter_map(|standing| standing.manifest.as_ref().ok())
}

/// Whether the window that a file's key names is done with: a file of one that is being shipped, or
/// that is outside of the span, is listed by a manifest that was not read.
fn is_whole(sides: &Sides<'_>, key: &str) -> bool {
    let Some(id) = window_of(key) else {
        return true;
    };
    if sides.lake.outside.contains(&id) {
        return false;
    }
    let known = sides.ledger.windows.iter().find(|window| window.id == id);
    let head = sides.ledger.heads.windows.get(&id.epoch).copied();
    match known {
        Some(known) => known.shipped,
        None => {
            head.is_some_and(|head| id.number <= head) && sides.lake.manifests.contains_key(&id)
        }
    }
}

/// `…/20261123T050500Z-0001-0000000042-0000.json.gz`.
fn window_of(key: &str) -> Option<WindowId> {
    let mut parts = key.rsplit('/').next()?.split('-').skip(1);
    Some(WindowId {
        epoch: parts.next()?.parse().ok()?,
        number: parts.next()?.parse().ok()?,
    })
}

fn kind_of(key: &str) -> Option<Kind> {
    kind_named(key.split('/').nth(1)?)
}

fn kind_named(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
}
