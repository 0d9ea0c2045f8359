//! A transaction of many windows failed: which of them is at fault, or is it the warehouse?

use super::{Loader, TickReport};
use crate::load::{
    batch::Staged,
    fault::{Fault, LoadError},
    measure,
};
use crate::warehouse::WarehouseError;

impl Loader {
    /// After a transaction failed: each of its windows by itself, so that the one at fault stops no
    /// other. If all fail, the warehouse is at fault.
    pub(super) async fn load_apart(
        &mut self,
        staged: &Staged,
        error: WarehouseError,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let all = staged.found.len();
        let mut refused = Vec::new();
        if all == 1 {
            self.hold_back([staged.found[0].key.as_str()]).await?;
            refused.push((staged.found[0].key.clone(), error));
        } else {
            measure::takes_apart(all, &error);
            for (place, found) in staged.found.iter().enumerate() {
                match self.load(staged, place..place + 1, report).await {
                    Err(LoadError::Warehouse(error)) => {
                        self.hold_back([found.key.as_str()]).await?;
                        refused.push((found.key.clone(), error));
                    }
                    loaded => loaded?,
                }
            }
        }
        self.blame(refused, all, report).await
    }

    /// Tells windows that the warehouse refused from a warehouse that refuses all.
    async fn blame(
        &mut self,
        refused: Vec<(String, WarehouseError)>,
        tried: usize,
        report: &mut TickReport,
    ) -> Result<(), LoadError> {
        let none_loaded = refused.len() == tried;
        let mut at_fault = None;
        let mut stopped = Vec::new();
        for (key, error) in refused {
            if none_loaded && !matches!(error, WarehouseError::RowCount { .. }) {
                self.waiting.failed(&key);
                at_fault.get_or_insert(error);
            } else {
                stopped.push((key, Fault::Warehouse(error)));
            }
        }
        self.stop(stopped, report).await?;
        at_fault.map_or(Ok(()), |error| Err(error.into()))
    }
}
