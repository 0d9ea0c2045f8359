//! Links by code, kept in memory: a link never changes, so nothing in it grows old. Whether one has
//! expired is decided at each visit.
//!
//! Nearly every link is personal, and most are visited once, so a cache of what was visited would help
//! few. Links get here when they are recorded, and the [`newest`](super::newest) ones when a server
//! starts; older ones, and those that another server recorded, when they are first visited.
//!
//! What is kept of a link are its bytes ([`packed`]), a third of what its strings weigh one by one.

use super::super::facts::LinkTarget;
use super::packed;
use crate::domain::short_code::LENGTHS;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::fmt;
use std::sync::Arc;

/// What a link weighs beside its bytes: the entry with its key, its place in the table, the allocation.
const OVERHEAD: u64 = 88;
/// What a link weighs in all, most likely: how many are expected, by which the cache divides its tables.
const USUAL_WEIGHT: u64 = 250;

/// A code, filled up with zeroes: whoever visits a link that is kept has no number to work out.
type Key = [u8; *LENGTHS.end()];

/// None for what cannot be a code.
fn key(code: &str) -> Option<Key> {
    if code.contains('\0') {
        return None;
    }
    let mut key = Key::default();
    key.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
    Some(key)
}

/// See the module. Cloning shares it.
#[derive(Clone)]
pub struct KnownLinks(Arc<Cache<Key, Arc<[u8]>, Weight>>);

impl Default for KnownLinks {
    fn default() -> Self {
        Self::of_bytes(Self::USUAL_BYTES)
    }
}

impl fmt::Debug for KnownLinks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("KnownLinks")
            .field(&self.len())
            .finish()
    }
}

impl KnownLinks {
    /// About one million links.
    pub const USUAL_BYTES: u64 = 256 * 1024 * 1024;

    /// Keeps so many bytes at most, near enough.
    pub fn of_bytes(bytes: u64) -> Self {
        let links = usize::try_from(bytes / USUAL_WEIGHT).unwrap_or(usize::MAX);
        Self(Arc::new(Cache::with_weighter(links, bytes, Weight)))
    }

    /// The link of a code, if it is kept.
    pub fn get(&self, code: &str) -> Option<LinkTarget> {
        packed::unpack(code, &self.0.get(&key(code)?)?)
    }

    /// Keeps a link that is in the ledger; another may have to go.
    pub fn keep(&self, link: &LinkTarget) {
        if let (Some(key), Some(bytes)) = (key(&link.code), packed::pack(link)) {
            self.0.insert(key, bytes);
        }
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one more would soon cost another its place: the cache's parts do not fill alike.
    pub(super) fn is_full(&self) -> bool {
        self.0.weight() >= self.0.capacity() / 10 * 9
    }
}

/// The weight of a link, in bytes.
#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<[u8]>> for Weight {
    fn weight(&self, _: &Key, link: &Arc<[u8]>) -> u64 {
        OVERHEAD + link.len() as u64
    }
}
