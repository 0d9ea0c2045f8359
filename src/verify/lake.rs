//! The lake's side: the manifests of a span, and which log files there are. A day is listed by its
//! prefix, so that the look costs the same however old the lake is.

use crate::domain::window::WindowId;
use crate::event::Kind;
use crate::lake::keys;
use crate::lake::manifest::Manifest;
use crate::lake::store::{ObjectStore, StoreError, list_all};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};

/// Calls under way at a time.
const AT_ONCE: usize = 16;

/// A manifest as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its key.
    pub key: String,
    /// What it says; why it cannot be read.
    pub manifest: Result<Manifest, String>,
}

/// The lake's side of a span.
#[derive(Clone, Debug, Default)]
pub struct LakeSide {
    /// By window; more than one for a window only if something is wrong.
    pub manifests: BTreeMap<WindowId, Vec<Standing>>,
    /// The keys of all log files of the span's days.
    pub files: BTreeSet<String>,
    /// Those of these days' windows that were sealed outside of the span.
    pub outside: BTreeSet<WindowId>,
}

/// Reads what was sealed from `since` until before `until`.
///
/// # Errors
/// If the lake cannot be asked. A manifest that is gone or cannot be read is no error.
pub async fn read(
    store: &dyn ObjectStore,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<LakeSide, StoreError> {
    let days: Vec<NaiveDate> = since
        .date_naive()
        .iter_days()
        .take_while(|day| *day <= until.date_naive())
        .collect();
    let mut side = LakeSide::default();
    let prefixes = days
        .iter()
        .map(|day| format!("{}/", keys::manifests_of(*day)));
    let mut wanted = Vec::new();
    for key in list(store, prefixes.collect()).await? {
        if let Some((epoch, number)) = keys::manifest_window(&key) {
            wanted.push((WindowId { epoch, number }, key));
        }
    }
    let reads = wanted.into_iter().map(|(id, key)| async move {
        let body = match store.get(&key).await {
            Err(StoreError::NotFound { .. }) => return Ok((id, key, Err("it is gone".to_owned()))),
            body => body?,
        };
        let manifest = serde_json::from_slice::<Manifest>(&body).map_err(|error| error.to_string());
        Ok::<_, StoreError>((id, key, manifest))
    });
    let mut reads = futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
    while let Some((id, key, manifest)) = reads.try_next().await? {
        let inside = manifest.as_ref().map_or(true, |manifest| {
            (since..until).contains(&manifest.sealed_at)
        });
        if inside {
            let standing = Standing { key, manifest };
            side.manifests.entry(id).or_default().push(standing);
        } else {
            side.outside.insert(id);
        }
    }
    let kinds = Kind::ALL.into_iter().flat_map(|kind| {
        days.iter()
            .map(move |day| keys::log_files_of(kind.as_str(), *day))
    });
    side.files = list(store, kinds.collect()).await?.into_iter().collect();
    Ok(side)
}

/// All keys under these prefixes.
async fn list(store: &dyn ObjectStore, prefixes: Vec<String>) -> Result<Vec<String>, StoreError> {
    let lists = prefixes
        .into_iter()
        .map(|prefix| async move { list_all(store, &prefix, None).await });
    let lists: Vec<Vec<String>> = futures_util::stream::iter(lists.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}
