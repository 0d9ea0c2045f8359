//! The three sides against each other. No I/O: what was read decides.

use super::deep::Contents;
use super::lake::LakeSide;
use super::{Counts, Difference, Findings, LedgerSide, OnItsWay, WarehouseSide, What};
use crate::domain::window::WindowId;
use crate::event::Kind;
use crate::report::windows::LoadedWindow;
use chrono::{DateTime, Utc};
use presence::presence;
use std::collections::{BTreeMap, BTreeSet};
use whole::whole;
use window::Window;

mod presence;
mod whole;
mod window;

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

/// Holds the sides against each other.
pub fn compare(sides: &Sides<'_>) -> Findings {
    let mut findings = Findings {
        since: sides.span.0,
        until: sides.span.1,
        generation: sides.warehouse.generation.clone(),
        ..Findings::default()
    };
    for id in ids(sides) {
        window_findings(sides, &Window::of(sides, id), &mut findings);
    }
    if sides.only.is_none() {
        whole(sides, &mut findings);
    }
    findings.differences.extend(facts_alone(sides));
    findings.sort();
    findings
}

/// Facts that no event tells of.
fn facts_alone(sides: &Sides<'_>) -> impl Iterator<Item = Difference> {
    let asked = |window| sides.only.is_none_or(|only| only == window);
    let alone = sides.ledger.alone.iter();
    let alone = alone.filter(move |alone| asked(alone.window));
    alone.map(|alone| Difference {
        window: Some(alone.window),
        kind: Some(alone.kind),
        ..Difference::new(
            What::FactWithoutEvent,
            format!(
                "{} of {}",
                alone.fact_id,
                alone.recorded_at.format("%F %T%.6f")
            ),
        )
    })
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

fn window_findings(sides: &Sides<'_>, window: &Window<'_>, findings: &mut Findings) {
    findings.windows += 1;
    let before = findings.differences.len();
    findings.differences.extend(presence(sides, window));
    if window.of_lost_life && window.manifest().is_some() {
        findings.only_in_lake.push(window.id);
    }
    for kind in Kind::ALL {
        let counts = window.counts(kind);
        findings.kinds.entry(kind).or_default().add(&counts);
        let found = kind_differences(&counts).into_iter();
        findings
            .differences
            .extend(found.map(|(what, detail)| Difference {
                window: Some(window.id),
                kind: Some(kind),
                what,
                detail,
                counts,
            }));
    }
    if findings.differences.len() > before {
        return;
    }
    match (window.station(), window.sealed_at()) {
        (Some(at), Some(sealed_at)) => findings.on_their_way.push(OnItsWay {
            window: window.id,
            sealed_at,
            at,
        }),
        _ => findings.proven += 1,
    }
}

/// What differs in one kind of one window. A side that has nothing to say says nothing: that it lacks
/// the window is told by [`presence()`].
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
