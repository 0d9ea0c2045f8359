//! An object store as the lake needs it: put-if-absent, get, list.

use async_trait::async_trait;
use bytes::Bytes;

/// What a put came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Created,
    /// An object stood there already; it was left as it is.
    Exists,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No object of that key.
    #[error("the lake holds no object {key}")]
    NotFound {
        /// The key.
        key: String,
    },
    /// Anything else: the network, the service, permissions. Trying again may help.
    #[error("the lake could not {action} {key}")]
    Unavailable {
        /// `put`, `get`, `list`.
        action: &'static str,
        /// The key or prefix.
        key: String,
        /// What the client said.
        #[source]
        source: anyhow::Error,
    },
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Keys in lexical order.
    pub keys: Vec<String>,
    /// Whether more follow: list again, starting after the last key.
    pub more: bool,
}

/// A bucket. Keys are relative to its configured prefix.
#[async_trait]
pub trait ObjectStore: Send + Sync + std::fmt::Debug {
    /// Stores an object unless one of that key exists (`If-None-Match: *`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store did not confirm it; it may be stored all the same.
    async fn put_if_absent(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
    ) -> Result<Put, StoreError>;
    /// Reads an object whole.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none; [`StoreError::Unavailable`] if the store cannot be asked.
    async fn get(&self, key: &str) -> Result<Bytes, StoreError>;
    /// Up to 1,000 keys under `prefix` that sort after `start_after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store cannot be asked.
    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError>;
}

/// Every key under `prefix` that sorts after `start_after`, however many pages it takes.
///
/// # Errors
/// If one of the pages cannot be had.
pub async fn list_all(
    store: &dyn ObjectStore,
    prefix: &str,
    start_after: Option<String>,
) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let mut after = start_after;
    loop {
        let page = store.list(prefix, after.as_deref()).await?;
        found.extend(page.keys);
        if !page.more {
            return Ok(found);
        }
        // A page that promises more holds at least one key: the start moves on.
        after = found.last().cloned();
    }
}
