//! A transaction of many windows failed: which of them is at fault, or is it the warehouse?

use super::{Loader, TickReport};
use crate::load::{
    batch::{self, Refused, Staged},
    fault::LoadError,
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
        let mut refused = Refused::new();
        if all == 1 {
            let key = &staged.found[0].key;
            batch::note_stopped(&self.warehouse, [key.as_str()]).await?;
            refused.push((key.clone(), error));
        } else {
            measure::takes_apart(all, &error);
            for (place, found) in staged.found.iter().enumerate() {
                match self.load(staged, place..place + 1, report).await {
                    Err(LoadError::Warehouse(error)) => {
                        batch::note_stopped(&self.warehouse, [found.key.as_str()]).await?;
                        refused.push((found.key.clone(), error));
                    }
                    loaded => loaded?,
                }
            }
        }
        let (stopped, held_up) = batch::blame(refused, all);
        for (key, _) in &held_up {
            self.waiting.failed(key);
        }
        self.stop(stopped, report).await?;
        match held_up.into_iter().next() {
            None => Ok(()),
            Some((_, error)) => Err(error.into()),
        }
    }
}
