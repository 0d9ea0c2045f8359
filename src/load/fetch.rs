//! One window from the lake: its manifest, then its files, as many at a time as there are permits.

use super::file::{self, Checked, FileError};
use crate::{
    domain::window::WindowId,
    lake::{
        manifest::{self, MANIFEST_VERSION, Manifest},
        store::{ObjectStore, StoreError},
    },
    warehouse::StagedWindow,
};
use futures_util::future::try_join_all;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    sync::{AcquireError, Semaphore},
    task::JoinError,
};

/// Why a window could not be fetched. The others are not concerned.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// An object is missing, or the lake did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest is no manifest.
    #[error("{key} is not a manifest")]
    Manifest {
        /// The manifest.
        key: String,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// The manifest is of a newer version.
    #[error("{key} has version {version}, which is not known here")]
    Version {
        /// The manifest.
        key: String,
        /// Its version.
        version: u32,
    },
    /// A file is not what the manifest says.
    #[error(transparent)]
    File(#[from] FileError),
    /// A blocking thread was lost.
    #[error("a worker thread was lost")]
    Worker(#[from] JoinError),
    /// The loader is being dropped.
    #[error("the loader has stopped")]
    Stopped(#[from] AcquireError),
}

/// Fetches a window and stages its files in `directory`.
pub(super) async fn window(
    store: &Arc<dyn ObjectStore>,
    key: &str,
    directory: &Path,
    permits: &Semaphore,
) -> Result<StagedWindow, FetchError> {
    let manifest = read_manifest(store.as_ref(), key).await?;
    let name = format!("{}-{}", manifest.epoch, manifest.window);
    let fetches = manifest.files.iter().map(|entry| {
        let path = directory.join(format!("{name}-{}-{}.ndjson", entry.kind, entry.part));
        one_file(store.clone(), entry.clone(), path, permits)
    });
    let checked: Vec<Checked> = try_join_all(fetches).await?;
    let unknown: u64 = checked.iter().map(|file| file.unknown_keys).sum();
    metrics::counter!("textrail_unknown_keys_total").increment(unknown);
    Ok(StagedWindow {
        id: WindowId {
            epoch: manifest.epoch,
            number: manifest.window,
        },
        boundary: manifest.boundary,
        sealed_at: manifest.sealed_at,
        manifest_key: key.to_owned(),
        empty_before: manifest.empty_before,
        files: checked.into_iter().map(|file| file.staged).collect(),
    })
}

async fn read_manifest(store: &dyn ObjectStore, key: &str) -> Result<Manifest, FetchError> {
    let body = store.get(key).await?;
    let manifest: Manifest =
        serde_json::from_slice(&body).map_err(|source| FetchError::Manifest {
            key: key.to_owned(),
            source,
        })?;
    match manifest.manifest_version {
        1..=MANIFEST_VERSION => Ok(manifest),
        version => Err(FetchError::Version {
            key: key.to_owned(),
            version,
        }),
    }
}

async fn one_file(
    store: Arc<dyn ObjectStore>,
    entry: manifest::File,
    path: PathBuf,
    permits: &Semaphore,
) -> Result<Checked, FetchError> {
    let _permit = permits.acquire().await?;
    let object = store.get(&entry.key).await?;
    let staged = move || file::stage(&object, &entry, &path);
    Ok(tokio::task::spawn_blocking(staged).await??)
}
