//! What the warehouse's reports do not need, and later loads and reports are faster for. Most of it waits until no
//! window does. What was loaded is loaded whatever becomes of it: a failure is logged, and the next time tries again.

use super::{ask::ask, fault::LoadError, measure, settings::LoadSettings};
use crate::warehouse::Warehouse;
use std::sync::Arc;

/// Rows that loads appended from which they are folded although windows wait: reports read all of the buckets'
/// that are not folded, a million in a tenth of a second.
const MOST_CHANGES: u64 = 1_000_000;

/// While windows wait, when `fold_rows` are what is folded once none does.
pub(super) async fn fold_many(warehouse: &Arc<dyn Warehouse>, fold_rows: u64) {
    if let Err(error) = fold(warehouse, MOST_CHANGES.max(fold_rows)).await {
        measure::not_tidied(&error);
    }
}

/// Once none does.
pub(super) async fn tidy(warehouse: &Arc<dyn Warehouse>, settings: &LoadSettings) {
    let folded = fold(warehouse, settings.fold_rows).await;
    // Folding writes to the log, too.
    let done = match folded {
        Ok(()) => checkpoint(warehouse, settings.checkpoint_bytes).await,
        failed => failed,
    };
    if let Err(error) = done {
        measure::not_tidied(&error);
    }
}

/// Has the warehouse fold what loads appended, from so many rows.
async fn fold(warehouse: &Arc<dyn Warehouse>, at_least: u64) -> Result<(), LoadError> {
    if ask(warehouse, move |warehouse| warehouse.fold(at_least)).await? {
        tracing::info!("folded what loads appended");
    }
    Ok(())
}

/// Has the warehouse write its log into its file, from so many bytes. DuckDB would do it itself, later and within a
/// load, and until then finds each row that was changed among the changes of all transactions before.
async fn checkpoint(warehouse: &Arc<dyn Warehouse>, at_least: u64) -> Result<(), LoadError> {
    if ask(warehouse, move |warehouse| warehouse.checkpoint(at_least)).await? {
        tracing::info!("wrote the warehouse's log into its file");
    }
    Ok(())
}
