//! The running loader follows a switch.
//!
//! The generation that a reprocess made current may lack the last windows that the one before has. So
//! it is brought up first, beside the one that answers; only then does it answer, and reports never
//! go back in time.

use super::{
    missing::{listing, missing},
    pour::{Pour, PourSettings},
};
use crate::{
    cause::with_causes,
    lake::store::ObjectStore,
    load::{ask::ask, fault::LoadError, measure, retry::Quarantine, settings::LoadSettings},
    warehouse::Warehouse,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Takes up the generation that became current, if another did.
///
/// # Errors
/// When it cannot be opened, or be brought up: the one before goes on, and the next look tries again.
pub(in crate::load) async fn follow(
    store: &Arc<dyn ObjectStore>,
    warehouse: &Arc<dyn Warehouse>,
    settings: &LoadSettings,
    stop: &CancellationToken,
) -> Result<(), LoadError> {
    let Some(newer) = ask(warehouse, |current| current.newer()).await? else {
        return Ok(());
    };
    let pour = Pour {
        store,
        warehouse: &newer,
        settings: &PourSettings::from(settings),
        stop,
    };
    let lacking = missing(&listing(&**store).await?, &newer).await?;
    tracing::info!(
        generation = newer.generation(),
        windows = lacking.len(),
        "another generation became current: it is brought up, then answers"
    );
    let stopped = pour.all(lacking, &mut |_| {}).await?;
    // A fault that lasts holds the old generation up as well; one that passes is worth waiting for.
    let waits = stopped.iter().any(|(_, fault)| fault.passes());
    for (manifest_key, fault) in &stopped {
        measure::stopped(manifest_key, fault);
    }
    if waits || stop.is_cancelled() {
        return Ok(());
    }
    // Before, so that reports do not go back; and after, for a correction that came in between.
    correct(store, &newer, settings).await;
    drop(newer);
    ask(warehouse, |current| current.adopt_newer()).await?;
    correct(store, warehouse, settings).await;
    Ok(())
}

/// Takes the corrections that the generation before took alone. What fails is told of, and stays in
/// quarantine, where an operator sees it: it holds up no report.
async fn correct(
    store: &Arc<dyn ObjectStore>,
    warehouse: &Arc<dyn Warehouse>,
    settings: &LoadSettings,
) {
    let desk = Quarantine::new(store.clone(), warehouse.clone(), settings.staging.clone());
    if let Err(error) = desk.retry_corrected().await {
        tracing::error!(
            error = with_causes(&error),
            "corrected lines stay in quarantine: `textrail quarantine retry` loads them"
        );
    }
}
