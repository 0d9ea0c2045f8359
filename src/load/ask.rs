//! Calls of the warehouse, which blocks.

use super::fault::LoadError;
use crate::warehouse::{Warehouse, WarehouseError};
use std::sync::Arc;

/// Asks it on a thread that may block.
pub(super) async fn ask<T: Send + 'static>(
    warehouse: &Arc<dyn Warehouse>,
    question: impl FnOnce(&dyn Warehouse) -> Result<T, WarehouseError> + Send + 'static,
) -> Result<T, LoadError> {
    let warehouse = warehouse.clone();
    Ok(tokio::task::spawn_blocking(move || question(&*warehouse)).await??)
}
