//! The loader that stands by: it waits for a warehouse that another process owns.

use super::load;
use crate::cause::with_causes;
use crate::config::Config;
use crate::warehouse::{Warehouse, WarehouseError};
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A warehouse, or the wait for it.
pub(super) enum Opened {
    /// It is ours.
    Now(Arc<dyn Warehouse>),
    /// Another process has it.
    Later,
}

/// Opens the configured warehouse if it is free.
///
/// # Errors
/// It cannot be opened, for another reason than that another process has it.
pub(super) async fn open(config: &Config) -> Result<Opened> {
    match load::warehouse(config).await {
        Ok(warehouse) => Ok(Opened::Now(warehouse)),
        Err(error) if is_owned(&error) => Ok(Opened::Later),
        Err(error) => Err(error),
    }
}

/// Looks again and again until the warehouse is free; `None` when told to stop. An owner that dies, however
/// suddenly, gives it back at once; one that is frozen keeps it until it wakes or dies.
pub(super) async fn wait(config: &Config, stop: &CancellationToken) -> Option<Arc<dyn Warehouse>> {
    let standby = metrics::gauge!("textrail_load_standby");
    standby.set(1.0);
    tracing::info!(
        warehouse = %config.warehouse.directory.display(),
        "another process owns the warehouse: standing by until it is free"
    );
    let pause = Duration::from_secs(config.loader.standby_seconds);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return None,
        }
        match open(config).await {
            Ok(Opened::Now(warehouse)) => {
                standby.set(0.0);
                tracing::info!("the warehouse is free: took over");
                return Some(warehouse);
            }
            Ok(Opened::Later) => {}
            // It was another's until now: what is wrong with it may pass, too.
            Err(error) => tracing::error!(
                error = with_causes(&*error),
                "the warehouse is free and cannot be opened: it will be tried again"
            ),
        }
    }
}

fn is_owned(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(WarehouseError::Owned))
}
