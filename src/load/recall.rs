//! The last windows of a warehouse, for the proof: those that this process did not load itself.

use super::{
    fault::Fault,
    fetch::{self, Found},
};
use crate::{
    domain::window::WindowId,
    lake::store::{ObjectStore, list_all},
    warehouse::Warehouse,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::sync::Arc;

/// Windows, at most: each costs a small read, once.
const MOST: usize = 100;
/// Manifests read at the same time.
const READS: usize = 16;

/// The manifests of the last loaded windows, of the day up to which none is missing.
///
/// # Errors
/// When one of them cannot be read.
pub(super) async fn last(
    store: &Arc<dyn ObjectStore>,
    warehouse: &Arc<dyn Warehouse>,
) -> Result<Vec<Found>, Fault> {
    let asked = warehouse.clone();
    let Some(mark) = tokio::task::spawn_blocking(move || asked.progress()).await?? else {
        return Ok(Vec::new());
    };
    let Some((day, _)) = mark.manifest_key.rsplit_once('/') else {
        return Ok(Vec::new());
    };
    let mut keys = list_all(&**store, &format!("{day}/"), None).await?;
    keys.retain(|key| *key <= mark.manifest_key);
    let last = keys.split_off(keys.len().saturating_sub(MOST));
    let last: Vec<(WindowId, String)> = last
        .into_iter()
        .filter_map(|key| Some((fetch::window_of(&key)?, key)))
        .collect();
    let ids: Vec<WindowId> = last.iter().map(|(id, _)| *id).collect();
    let asked = warehouse.clone();
    let loaded = tokio::task::spawn_blocking(move || asked.loaded(&ids)).await??;
    let reads = last
        .into_iter()
        .filter(|(id, key)| loaded.get(id) == Some(key))
        .map(|(id, key)| fetch::manifest(&**store, id, key));
    stream::iter(reads.collect::<Vec<_>>())
        .buffered(READS)
        .try_collect()
        .await
}
