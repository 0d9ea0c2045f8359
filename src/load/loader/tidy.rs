//! What the warehouse's reports do not need, and later loads and reports are faster for. Most of it waits until no
//! window does.

use super::Loader;
use crate::load::{fault::LoadError, measure};

/// Rows that loads appended from which they are folded although windows wait: reports read all of the buckets'
/// that are not folded, a million in a tenth of a second.
pub(in crate::load) const MOST_CHANGES: u64 = 1_000_000;

impl Loader {
    /// While windows wait. They are loaded whatever becomes of this.
    pub(super) async fn fold_many(&self) {
        let folded = self.fold(MOST_CHANGES.max(self.settings.fold_rows)).await;
        if let Err(error) = folded {
            measure::not_tidied(&error);
        }
    }

    /// Once none does. What was loaded is loaded whatever becomes of this: a failure is logged, and the next tick
    /// tries again.
    pub(super) async fn tidy(&self) {
        let folded = self.fold(self.settings.fold_rows).await;
        // Folding writes to the log, too.
        let done = match folded {
            Ok(()) => self.checkpoint().await,
            failed => failed,
        };
        if let Err(error) = done {
            measure::not_tidied(&error);
        }
    }

    /// Has the warehouse fold what loads appended, from so many rows.
    async fn fold(&self, at_least: u64) -> Result<(), LoadError> {
        if self.ask(move |warehouse| warehouse.fold(at_least)).await? {
            tracing::info!("folded what loads appended");
        }
        Ok(())
    }

    /// Has the warehouse write its log into its file. DuckDB would do it itself, later and within a load, and until
    /// then finds each row that was changed among the changes of all transactions before.
    async fn checkpoint(&self) -> Result<(), LoadError> {
        let at_least = self.settings.checkpoint_bytes;
        if self
            .ask(move |warehouse| warehouse.checkpoint(at_least))
            .await?
        {
            tracing::info!("wrote the warehouse's log into its file");
        }
        Ok(())
    }
}
