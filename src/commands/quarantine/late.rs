//! The quarantine of a warehouse that is not open yet.

use super::LocalDesk;
use crate::http::{
    Quarantine as Desk, QuarantineError, QuarantineList, QuarantineOutcome, QuarantineQuery,
    QuarantineRetry,
};
use anyhow::anyhow;
use async_trait::async_trait;
use std::sync::OnceLock;

/// The quarantine of a process that stands by: there is none until it has the warehouse.
#[derive(Debug, Default)]
pub(in crate::commands) struct LateDesk {
    opened: OnceLock<LocalDesk>,
}

impl LateDesk {
    /// From now on this one answers. The first one stays.
    pub(in crate::commands) fn open(&self, desk: LocalDesk) {
        self.opened.get_or_init(|| desk);
    }

    fn opened(&self) -> Result<&LocalDesk, QuarantineError> {
        self.opened.get().ok_or_else(|| {
            QuarantineError::Unavailable(anyhow!(
                "this loader stands by: another process owns the warehouse"
            ))
        })
    }
}

#[async_trait]
impl Desk for LateDesk {
    async fn list(&self, query: QuarantineQuery) -> Result<QuarantineList, QuarantineError> {
        self.opened()?.list(query).await
    }

    async fn retry(&self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError> {
        self.opened()?.retry(retry).await
    }
}
