//! As many windows as one transaction takes.

use super::{
    ask::ask,
    fault::{Fault, LoadError},
    fetch::{self, AT_ONCE, Found},
};
use crate::{
    domain::window::WindowId,
    lake::store::ObjectStore,
    warehouse::{StagedWindow, Warehouse, WarehouseError},
};
use futures_util::{FutureExt as _, StreamExt as _};
use std::{path::Path, sync::Arc};

/// Windows and where their manifests are.
pub(super) type Order = Vec<(WindowId, String)>;

/// Windows that lie ready, in one order.
pub(super) struct Staged {
    pub(super) found: Vec<Found>,
    pub(super) windows: Arc<[StagedWindow]>,
}

/// Manifests of windows that are not loaded, and why.
pub(super) type StoppedWindows = Vec<(String, Fault)>;

/// Manifests of windows that the warehouse refused, and why.
pub(super) type Refused = Vec<(String, WarehouseError)>;

/// Manifests by the windows that their keys name; what is no manifest is passed over.
pub(super) fn windows(keys: impl Iterator<Item = String>) -> Order {
    keys.filter_map(|key| fetch::window_of(&key).map(|id| (id, key)))
        .collect()
}

/// Reads manifests in this order until they come to `rows` rows; at least one, however large.
pub(super) async fn manifests(
    store: &dyn ObjectStore,
    order: &[(WindowId, String)],
    rows: u64,
) -> (Vec<Found>, StoppedWindows) {
    let reads: Vec<_> = order
        .iter()
        .map(|(id, key)| {
            fetch::manifest(store, *id, key.clone())
                .map(move |found| (key, found))
                .boxed()
        })
        .collect();
    let mut reads = futures_util::stream::iter(reads).buffered(AT_ONCE);
    let (mut windows, mut stopped) = (Vec::new(), Vec::new());
    let mut total = 0_u64;
    while let Some((key, found)) = reads.next().await {
        match found {
            Ok(found) => {
                total = total.saturating_add(found.manifest.rows());
                if total > rows && !windows.is_empty() {
                    break;
                }
                windows.push(found);
            }
            Err(fault) => stopped.push((key.clone(), fault)),
        }
    }
    (windows, stopped)
}

/// Stages windows in `directory`, a few files at a time.
pub(super) async fn stage(
    store: &dyn ObjectStore,
    found: Vec<Found>,
    directory: &Path,
) -> (Staged, StoppedWindows) {
    let (mut whole, mut windows, mut stopped) = (Vec::new(), Vec::new(), Vec::new());
    // One window after the other: its files are fetched together already, and their objects are in
    // memory.
    for found in found {
        match fetch::window(store, &found, directory).await {
            Ok(window) => {
                whole.push(found);
                windows.push(window);
            }
            Err(fault) => stopped.push((found.key, fault)),
        }
    }
    let staged = Staged {
        found: whole,
        windows: windows.into(),
    };
    (staged, stopped)
}

/// Has the warehouse read windows that are to be loaded next. What is wrong with them, their load
/// tells.
pub(super) async fn read_ahead(warehouse: &Arc<dyn Warehouse>, windows: &Arc<[StagedWindow]>) {
    if windows.is_empty() {
        return;
    }
    let (warehouse, windows) = (warehouse.clone(), windows.clone());
    let read = tokio::task::spawn_blocking(move || warehouse.read_ahead(&windows)).await;
    let failed = match read {
        Ok(Ok(())) => return,
        Ok(Err(error)) => anyhow::Error::from(error),
        Err(error) => error.into(),
    };
    tracing::debug!(
        error = format!("{failed:#}"),
        "windows could not be read ahead: their load reads them"
    );
}

/// Notes in the warehouse that the windows of these manifests are not loaded, before anything after them is: its
/// progress waits for them.
pub(super) async fn note_stopped(
    warehouse: &Arc<dyn Warehouse>,
    keys: impl IntoIterator<Item = &str> + Send,
) -> Result<(), LoadError> {
    let windows = windows(keys.into_iter().map(str::to_owned));
    if windows.is_empty() {
        return Ok(());
    }
    ask(warehouse, move |warehouse| warehouse.note_stopped(&windows)).await
}

/// Tells windows that the warehouse refused from a warehouse that refuses all: returns those that are
/// stopped, and those that only the warehouse holds up.
pub(super) fn blame(refused: Refused, tried: usize) -> (StoppedWindows, Refused) {
    let none_loaded = refused.len() == tried;
    let (held_up, stopped): (Refused, Refused) = refused
        .into_iter()
        .partition(|(_, error)| none_loaded && !matches!(error, WarehouseError::RowCount { .. }));
    let stopped = stopped
        .into_iter()
        .map(|(key, error)| (key, Fault::Warehouse(error)))
        .collect();
    (stopped, held_up)
}
