//! A loader holds what it loaded against the manifests.

use super::Loader;
use crate::load::{
    fault::LoadError,
    measure,
    proof::{Held, Left},
    recall,
};
use std::time::Instant;

impl Loader {
    /// Holds what was loaded against its manifests; whether all that is to be held could be.
    pub(super) async fn prove(&mut self, now: Instant) -> Result<bool, LoadError> {
        let remembered = self.recall().await;
        let unproven = self.proof.unproven();
        let held = self
            .ask(move |warehouse| {
                Ok(Held {
                    counts: warehouse.window_counts(&unproven)?,
                    kinds: warehouse.kind_counts()?,
                    progress: warehouse.progress()?,
                })
            })
            .await?;
        self.proof.hold(&held, now);
        Ok(remembered)
    }

    /// Calls the last windows back to mind, after a start and after a switch; whether that is done.
    async fn recall(&mut self) -> bool {
        let generation = self.warehouse.generation();
        if self.proof.remembers(&generation) {
            return true;
        }
        match recall::last(&self.store, &self.warehouse).await {
            Ok(last) => {
                self.proof.remember(generation, &last);
                true
            }
            Err(fault) => {
                measure::not_remembered(&fault);
                false
            }
        }
    }

    /// What is not loaded, for the proof. `looked`: whether that could be seen.
    pub(super) fn left(&self, looked: bool) -> Left {
        let waiting = self.waiting.in_order().into_iter().map(|(_, key)| key);
        let lasting = self.stopped.values().filter(|halt| !halt.passes);
        Left {
            waiting: waiting.chain(self.stopped.keys().cloned()).collect(),
            stopped: lasting.count(),
            looked,
        }
    }
}
