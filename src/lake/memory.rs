//! A lake in memory: the twin of [`super::s3`] for tests. Behaves; it is no mock.

use super::store::{ObjectStore, Page, Put, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most keys listed at once, as S3 has it.
const PAGE: usize = 1000;

/// Objects by key.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
}

impl MemoryStore {
    /// Everything in it.
    pub(crate) fn objects(&self) -> BTreeMap<String, Bytes> {
        self.lock().clone()
    }

    /// Replaces an object, as no lake should: for tests of what is then noticed.
    pub(crate) fn overwrite(&self, key: &str, body: Bytes) {
        self.lock().insert(key.to_owned(), body);
    }

    /// Removes an object, as no lake should: for tests of what is then noticed.
    pub(crate) fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put_if_absent(
        &self,
        key: &str,
        body: Bytes,
        _content_type: &str,
    ) -> Result<Put, StoreError> {
        match self.lock().entry(key.to_owned()) {
            Entry::Occupied(_) => Ok(Put::Exists),
            Entry::Vacant(place) => {
                place.insert(body);
                Ok(Put::Created)
            }
        }
    }

    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        self.lock()
            .get(key)
            .cloned()
            .ok_or_else(|| StoreError::NotFound {
                key: key.to_owned(),
            })
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError> {
        let objects = self.lock();
        let start = match start_after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let mut keys: Vec<String> = objects
            .range::<str, _>((start, Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(|key| key.starts_with(prefix))
            .take(PAGE + 1)
            .cloned()
            .collect();
        let more = keys.len() > PAGE;
        keys.truncate(PAGE);
        Ok(Page { keys, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::conformance;
    use std::sync::Arc;

    #[tokio::test]
    async fn behaves_as_a_lake_must() {
        conformance::check(Arc::new(MemoryStore::default())).await;
    }
}
