//! A window's manifest and files are fetched, verified and staged.

use super::{
    corrections::{self, Corrections},
    fault::Fault,
    quarantine,
    stage::{Wanted, stage},
};
use crate::{
    domain::window::WindowId,
    event::Kind,
    lake::{
        keys,
        manifest::{File, MANIFEST_VERSION, Manifest},
        store::ObjectStore,
    },
    warehouse::{StagedFile, StagedWindow},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// Files fetched and unpacked at the same time: their objects are in memory.
pub(super) const AT_ONCE: usize = 4;

/// A manifest that is what its key says.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: WindowId,
    pub(super) key: String,
    pub(super) manifest: Manifest,
}

/// Reads a manifest.
pub(super) async fn manifest(
    store: &dyn ObjectStore,
    id: WindowId,
    key: String,
) -> Result<Found, Fault> {
    let body = store.get(&key).await?;
    let problem = match serde_json::from_slice::<Manifest>(&body) {
        Ok(manifest) => match problem_of(&manifest, id) {
            None => return Ok(Found { id, key, manifest }),
            Some(problem) => problem,
        },
        Err(error) => error.to_string(),
    };
    Err(Fault::Manifest { key, problem })
}

fn problem_of(manifest: &Manifest, id: WindowId) -> Option<String> {
    if !(1..=MANIFEST_VERSION).contains(&manifest.manifest_version) {
        return Some(format!("its version is {}", manifest.manifest_version));
    }
    if (manifest.epoch, manifest.window) != (id.epoch, id.number) {
        return Some("it is another window's".to_owned());
    }
    if !(1..=manifest.window).contains(&manifest.first_window) {
        return Some(format!(
            "it accounts for windows from {}",
            manifest.first_window
        ));
    }
    let unknown = manifest
        .files
        .iter()
        .find(|file| Kind::from_name(&file.kind).is_none())?;
    Some(format!("{} is of a kind it does not know", unknown.key))
}

/// Stages a window's files in `directory`, and puts its bad lines into the lake.
pub(super) async fn window(
    store: &dyn ObjectStore,
    found: &Found,
    directory: &Path,
) -> Result<StagedWindow, Fault> {
    let name = format!("{:04}-{:010}", found.id.epoch, found.id.number);
    let staging: Vec<_> = found
        .manifest
        .files
        .iter()
        .enumerate()
        .map(|(place, file)| {
            let path = directory.join(format!("{name}-{place}.parquet"));
            staged_file(store, found, file, path).boxed()
        })
        .collect();
    let files: Vec<StagedFile> = futures_util::stream::iter(staging)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    quarantine::put(store, found.id, &files).await?;
    let manifest = &found.manifest;
    Ok(StagedWindow {
        id: found.id,
        boundary: manifest.boundary,
        sealed_at: manifest.sealed_at,
        manifest_key: found.key.clone(),
        first_number: manifest.first_window,
        files,
    })
}

async fn staged_file(
    store: &dyn ObjectStore,
    found: &Found,
    file: &File,
    path: PathBuf,
) -> Result<StagedFile, Fault> {
    let kind = Kind::from_name(&file.kind).ok_or_else(|| Fault::Manifest {
        key: found.key.clone(),
        problem: format!("{} is of a kind it does not know", file.key),
    })?;
    fail::fail_point!("load.fetch.before");
    let object = store.get(&file.key).await?;
    fail::fail_point!("load.fetch.after");
    let staged = stage_on_thread(&object, file, kind, &path, Corrections::new(), None).await?;
    if staged.bad_lines.is_empty() {
        return Ok(staged);
    }
    let corrections = corrections::read(store, found.id, kind.as_str(), file.part).await?;
    if corrections.is_empty() {
        return Ok(staged);
    }
    stage_on_thread(&object, file, kind, &path, corrections, None).await
}

/// Stages only some lines of a window's file, with their corrections: those that are in quarantine.
pub(super) async fn quarantined_lines(
    store: &dyn ObjectStore,
    found: &Found,
    key: &str,
    lines: Vec<Range<u64>>,
    path: &Path,
) -> Result<StagedFile, Fault> {
    let files = &found.manifest.files;
    let file = files.iter().find(|file| file.key == key);
    let Some((file, kind)) = file.and_then(|file| Some((file, Kind::from_name(&file.kind)?)))
    else {
        return Err(Fault::Manifest {
            key: found.key.clone(),
            problem: format!("it does not tell of {key}"),
        });
    };
    let object = store.get(key).await?;
    let corrections = corrections::read(store, found.id, kind.as_str(), file.part).await?;
    stage_on_thread(&object, file, kind, path, corrections, Some(lines)).await
}

async fn stage_on_thread(
    object: &Bytes,
    file: &File,
    kind: Kind,
    path: &Path,
    corrections: Corrections,
    only: Option<Vec<Range<u64>>>,
) -> Result<StagedFile, Fault> {
    let (object, file, path) = (object.clone(), file.clone(), path.to_owned());
    let work = move || {
        let wanted = Wanted {
            corrections: Some(&corrections),
            only: only.as_deref(),
        };
        stage(&object, &file, kind, path, wanted)
    };
    tokio::task::spawn_blocking(work).await?
}

/// The window that a manifest's key names.
pub(super) fn window_of(manifest_key: &str) -> Option<WindowId> {
    let (epoch, number) = keys::manifest_window(manifest_key)?;
    Some(WindowId { epoch, number })
}
