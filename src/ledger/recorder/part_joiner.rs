//! Ends the waiting for parts of texts that do not come.

use super::inbound::{self, Inbounds};
use crate::ledger::gate::Gate;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::sync::Weak;
use std::time::Duration;

/// Records texts of which parts are missing, once their time is up; see
/// [`super::Recorder::part_joiner`].
#[derive(Clone, Debug)]
pub struct PartJoiner {
    inbounds: Inbounds,
    after: Duration,
    /// Not held: the spool's thread ends when nobody hands facts in any more.
    gate: Option<Weak<Gate>>,
}

/// What one look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartsLook {
    /// Texts that were recorded with parts missing.
    pub recorded: usize,
    /// Parts that wait still.
    pub waiting: i64,
    /// Whether there may be more to record at once.
    pub more: bool,
}

impl PartJoiner {
    pub(super) fn new(inbounds: Inbounds, after: Duration, gate: Option<Weak<Gate>>) -> Self {
        Self {
            inbounds,
            after,
            gate,
        }
    }

    /// How long a part waits for the others.
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Records what is overdue, a text a transaction. Servers may do so at the same time.
    ///
    /// # Errors
    /// What PostgreSQL says; texts that it took are recorded all the same.
    pub fn look(&self, conn: &mut PgConnection) -> QueryResult<PartsLook> {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            waiting: i64,
        }
        // A part that is missing may lie in the spool.
        let gate = self.gate.as_ref().and_then(Weak::upgrade);
        let drained = gate.is_none_or(|gate| gate.takes_sends().is_ok());
        let recorded = match drained {
            true => inbound::overdue(&self.inbounds, conn, self.after)?,
            false => 0,
        };
        let count = "SELECT count(*) AS waiting FROM inbound_parts";
        let Count { waiting } = diesel::sql_query(count).get_result(conn)?;
        Ok(PartsLook {
            recorded,
            waiting,
            more: recorded >= usize::from(inbound::MOST_OVERDUE),
        })
    }
}
