//! Links by number: from memory, else from the ledger.

use crate::ledger::Pool;
use crate::ledger::facts::LinkTarget;
use crate::ledger::links::{KnownLinks, LinkReader};
use crate::ledger::pool::LedgerError;
use std::sync::Arc;

/// Numbers from here on were surely never issued: at 10 million links a day, these would take
/// 300 years. So almost every guess at a code is refused without asking the database.
const NEVER_ISSUED: i64 = 1 << 44;

/// What is known, and the ledger behind it.
#[derive(Clone)]
pub(super) struct LinkCache {
    reader: LinkReader,
    known: KnownLinks,
}

impl LinkCache {
    /// What is known before a pool.
    pub(super) fn new(known: KnownLinks, pool: Pool) -> Self {
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
        if let Some(link) = self.known.get(number) {
            return Ok(Some(Arc::new(link)));
        }
        let link = self.reader.find(number).await?;
        if let Some(link) = &link {
            self.known.keep(link);
        }
        Ok(link)
    }
}
