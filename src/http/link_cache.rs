//! Links by code: from memory, else from the ledger.

use crate::domain::short_code::ShortCodes;
use crate::ledger::Pool;
use crate::ledger::facts::LinkTarget;
use crate::ledger::links::{KnownLinks, LinkReader};
use crate::ledger::pool::LedgerError;
use metrics::counter;
use std::sync::Arc;

/// Numbers from here on were surely never issued: at 10 million links a day, these would take
/// 300 years. So almost every guess at a code is refused without asking the database.
const NEVER_ISSUED: i64 = 1 << 44;

/// What is known, and the ledger behind it.
#[derive(Clone)]
pub(super) struct LinkCache {
    codes: Arc<ShortCodes>,
    reader: LinkReader,
    known: KnownLinks,
}

impl LinkCache {
    /// What is known before a pool.
    pub(super) fn new(known: KnownLinks, codes: Arc<ShortCodes>, pool: Pool) -> Self {
        Self {
            codes,
            reader: LinkReader::new(pool),
            known,
        }
    }

    /// The link of a code. What is not found is not remembered: it may be issued the next moment.
    pub(super) async fn find(&self, code: &str) -> Result<Option<Arc<LinkTarget>>, LedgerError> {
        if let Some(link) = self.known.get(code) {
            return Ok(Some(Arc::new(link)));
        }
        let issued = |number: &i64| (0..NEVER_ISSUED).contains(number);
        let Some(number) = self.codes.decode(code).filter(issued) else {
            return Ok(None);
        };
        counter!("textrail_link_reads_total").increment(1);
        let link = self.reader.find(number).await?;
        if let Some(link) = &link {
            self.known.keep(link);
        }
        // Codes of other lengths stand for the same numbers.
        Ok(link.filter(|link| link.code == code))
    }
}
