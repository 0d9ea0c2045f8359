//! Links by number, kept in memory: a link never changes, so nothing in it grows old. Whether one
//! has expired is decided at each visit.

use crate::ledger::Pool;
use crate::ledger::facts::LinkTarget;
use crate::ledger::links::LinkReader;
use crate::ledger::pool::LedgerError;
use moka::sync::Cache;
use std::sync::Arc;

/// The most bytes kept, near enough: some 400,000 links.
const BYTES: u64 = 256 * 1024 * 1024;
/// What a link weighs beside its texts: the struct, the entry, the allocations.
const OVERHEAD: usize = 400;

/// Numbers from here on were surely never issued: at 10 million links a day, these would take
/// 300 years. So almost every guess at a code is refused without asking the database.
const NEVER_ISSUED: i64 = 1 << 44;

/// The cache, and the ledger behind it.
#[derive(Clone)]
pub(super) struct LinkCache {
    reader: LinkReader,
    known: Cache<i64, Arc<LinkTarget>>,
}

impl LinkCache {
    /// An empty cache before a pool.
    pub(super) fn new(pool: Pool) -> Self {
        let known = Cache::builder()
            .max_capacity(BYTES)
            .weigher(|_, link: &Arc<LinkTarget>| weight(link))
            .build();
        Self {
            reader: LinkReader::new(pool),
            known,
        }
    }

    /// The link of a number. What is not found is not remembered: it may be issued the next moment.
    pub(super) async fn find(&self, number: i64) -> Result<Option<Arc<LinkTarget>>, LedgerError> {
        if !(0..NEVER_ISSUED).contains(&number) {
            return Ok(None);
        }
        if let Some(link) = self.known.get(&number) {
            return Ok(Some(link));
        }
        let link = self.reader.find(number).await?;
        if let Some(link) = &link {
            self.known.insert(number, link.clone());
        }
        Ok(link)
    }
}

fn weight(link: &LinkTarget) -> u32 {
    let context = &link.context;
    let texts = [
        &context.campaign,
        &context.campaign_type,
        &context.sender,
        &link.fallback_url,
    ];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    let bytes = OVERHEAD + link.code.len() + link.target_url.len() + texts;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
