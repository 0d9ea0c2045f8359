//! A lake that fails on purpose.

use super::memory::MemoryStore;
use super::store::{ObjectStore, Page, Put, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// When the failing put fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was stored.
    BeforeStoring,
    /// It was stored, but the answer was lost.
    AfterStoring,
}

/// Fails one put, the `n`th from now (from 0), and every call after it: the process "died".
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) inner: Arc<MemoryStore>,
    remaining: AtomicI64,
    fault: Fault,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<MemoryStore>, fail_at: i64, fault: Fault) -> Self {
        Self {
            inner,
            remaining: AtomicI64::new(fail_at),
            fault,
        }
    }

    fn died(action: &'static str, key: &str) -> StoreError {
        StoreError::Unavailable {
            action,
            key: key.to_owned(),
            source: anyhow::anyhow!("the store failed on purpose"),
        }
    }

    fn is_dead(&self) -> bool {
        self.remaining.load(Ordering::SeqCst) < 0
    }
}

#[async_trait]
impl ObjectStore for FaultyStore {
    async fn put_if_absent(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
    ) -> Result<Put, StoreError> {
        let remaining = self.remaining.fetch_sub(1, Ordering::SeqCst);
        if remaining > 0 {
            return self.inner.put_if_absent(key, body, content_type).await;
        }
        if remaining == 0 && self.fault == Fault::AfterStoring {
            self.inner.put_if_absent(key, body, content_type).await?;
        }
        Err(Self::died("put", key))
    }

    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        if self.is_dead() {
            return Err(Self::died("get", key));
        }
        self.inner.get(key).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError> {
        if self.is_dead() {
            return Err(Self::died("list", prefix));
        }
        self.inner.list(prefix, start_after).await
    }
}
