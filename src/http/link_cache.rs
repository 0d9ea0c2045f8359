//! Links by number, kept in memory: a link never changes, so nothing in it grows old. Whether one
//! has expired is decided at each visit.
//!
//! What is kept of a link are its bytes ([`packed`]), a third of what its strings weigh one by one:
//! a visit to a link that is not here asks PostgreSQL twice, and costs about as much as its click.

mod packed;

use crate::ledger::Pool;
use crate::ledger::facts::LinkTarget;
use crate::ledger::links::LinkReader;
use crate::ledger::pool::LedgerError;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// The most bytes kept, near enough: some million links.
const BYTES: u64 = 256 * 1024 * 1024;
/// So many links are expected: how the cache divides its tables.
const LINKS: usize = 1_000_000;
/// What a link weighs beside its bytes: the entry, its place in the table, the allocation.
const OVERHEAD: u64 = 80;

/// Numbers from here on were surely never issued: at 10 million links a day, these would take
/// 300 years. So almost every guess at a code is refused without asking the database.
const NEVER_ISSUED: i64 = 1 << 44;

/// The cache, and the ledger behind it.
#[derive(Clone)]
pub(super) struct LinkCache {
    reader: LinkReader,
    known: Arc<Cache<i64, Arc<[u8]>, Weight>>,
}

impl LinkCache {
    /// An empty cache before a pool.
    pub(super) fn new(pool: Pool) -> Self {
        Self {
            reader: LinkReader::new(pool),
            known: Arc::new(Cache::with_weighter(LINKS, BYTES, Weight)),
        }
    }

    /// The link of a number. What is not found is not remembered: it may be issued the next moment.
    pub(super) async fn find(&self, number: i64) -> Result<Option<Arc<LinkTarget>>, LedgerError> {
        if !(0..NEVER_ISSUED).contains(&number) {
            return Ok(None);
        }
        let known = self.known.get(&number);
        if let Some(link) = known.and_then(|bytes| packed::unpack(number, &bytes)) {
            return Ok(Some(Arc::new(link)));
        }
        let link = self.reader.find(number).await?;
        if let Some(bytes) = link.as_deref().and_then(packed::pack) {
            self.known.insert(number, bytes);
        }
        Ok(link)
    }
}

/// The weight of a link, in bytes.
#[derive(Clone)]
struct Weight;

impl Weighter<i64, Arc<[u8]>> for Weight {
    fn weight(&self, _: &i64, link: &Arc<[u8]>) -> u64 {
        OVERHEAD + link.len() as u64
    }
}
