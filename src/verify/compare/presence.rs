//! Whether each side has a window, and the lake its files.

use super::Sides;
use super::window::Window;
use crate::lake::manifest::Manifest;
use crate::verify::{Difference, What};
use chrono::{DateTime, Utc};

/// What is missing, late, twice or from nowhere.
pub(super) fn presence(sides: &Sides<'_>, window: &Window<'_>) -> Vec<Difference> {
    let mut found = manifests(window);
    found.extend(in_ledger(window));
    if let Some(manifest) = window.manifest() {
        found.extend(in_warehouse(window, manifest));
        found.extend(files(sides, window, manifest));
    } else if window.known.is_some() && window.standing.is_empty() && window.loaded.is_some() {
        found.push(differ(
            window,
            What::LoadedFromNowhere,
            window.id.to_string(),
        ));
    }
    found
}

fn differ(window: &Window<'_>, what: What, detail: String) -> Difference {
    Difference {
        window: Some(window.id),
        ..Difference::new(what, detail)
    }
}

fn sealed(at: DateTime<Utc>) -> String {
    format!("sealed {}", at.format("%F %T"))
}

/// The manifests that stand for it.
fn manifests(window: &Window<'_>) -> Vec<Difference> {
    let unreadable = window.standing.iter().filter_map(|standing| {
        let problem = standing.manifest.as_ref().err()?;
        let detail = format!("{}: {problem}", standing.key);
        Some(differ(window, What::ManifestUnreadable, detail))
    });
    let second = window.standing.get(1);
    let twice = second.map(|second| differ(window, What::ManifestTwice, second.key.clone()));
    unreadable.chain(twice).collect()
}

/// What the ledger says, against the manifests.
fn in_ledger(window: &Window<'_>) -> Vec<Difference> {
    let Some(known) = window.known else {
        let what = match window.standing.first() {
            None => Some((What::LoadedFromNowhere, window.id.to_string())),
            Some(_) if window.of_lost_life => None,
            Some(standing) => Some((What::NotInLedger, standing.key.clone())),
        };
        return what
            .map(|(what, detail)| differ(window, what, detail))
            .into_iter()
            .collect();
    };
    let mut found = Vec::new();
    let lost = known
        .manifest_key
        .as_ref()
        .filter(|_| window.standing.is_empty());
    if let Some(key) = lost {
        found.push(differ(window, What::ManifestMissing, key.clone()));
    }
    if window.late && !known.closed {
        if !known.shipped {
            found.push(differ(window, What::NotShipped, sealed(known.sealed_at)));
        } else if !known.counted {
            found.push(differ(window, What::NotCounted, sealed(known.sealed_at)));
        }
    }
    found
}

fn in_warehouse(window: &Window<'_>, manifest: &Manifest) -> Option<Difference> {
    let lacking = window.loaded.is_none() && window.late;
    lacking.then(|| differ(window, What::NotLoaded, sealed(manifest.sealed_at)))
}

/// The files of the manifest: whether they are there, and what is in them where they were read.
fn files(sides: &Sides<'_>, window: &Window<'_>, manifest: &Manifest) -> Vec<Difference> {
    let lost = manifest
        .files
        .iter()
        .filter(|file| !sides.lake.files.contains(&file.key))
        .map(|file| differ(window, What::FileMissing, file.key.clone()));
    let faults = window.contents.iter().flat_map(|contents| &contents.faults);
    let faults = faults.map(|(kind, what, detail)| Difference {
        kind: *kind,
        ..differ(window, *what, detail.clone())
    });
    lost.chain(faults).collect()
}
