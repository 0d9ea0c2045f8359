//! Which windows of the lake a warehouse lacks.

use crate::{
    announce::AnnounceError,
    domain::window::WindowId,
    lake::{
        keys,
        store::{ObjectStore, list_all},
    },
    load::{
        ask::ask,
        batch::{Order, windows},
        fault::LoadError,
    },
    warehouse::Warehouse,
};
use std::sync::Arc;

/// Windows asked for at once.
const AT_ONCE: usize = 10_000;

/// All windows of the lake, in order of sealing.
pub(super) async fn listing(store: &dyn ObjectStore) -> Result<Order, LoadError> {
    let keys = list_all(store, keys::MANIFESTS, None).await;
    Ok(windows(keys.map_err(AnnounceError::from)?.into_iter()))
}

/// Those of them that the warehouse has not loaded.
pub(super) async fn missing(
    listing: &Order,
    warehouse: &Arc<dyn Warehouse>,
) -> Result<Order, LoadError> {
    let mut missing = Order::new();
    for some in listing.chunks(AT_ONCE) {
        let ids: Vec<WindowId> = some.iter().map(|(id, _)| *id).collect();
        let loaded = ask(warehouse, move |warehouse| warehouse.loaded(&ids)).await?;
        missing.extend(
            some.iter()
                .filter(|(id, _)| !loaded.contains_key(id))
                .cloned(),
        );
    }
    Ok(missing)
}
