//! Ends the waiting for parts of texts that do not come.

use super::inbound::{self, Inbounds};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::time::Duration;

/// Records texts of which parts are missing, once their time is up; see
/// [`super::Recorder::part_joiner`].
#[derive(Clone, Debug)]
pub struct PartJoiner {
    inbounds: Inbounds,
    after: Duration,
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
    pub(super) fn new(inbounds: Inbounds, after: Duration) -> Self {
        Self { inbounds, after }
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
        let recorded = inbound::overdue(&self.inbounds, conn, self.after)?;
        let count = "SELECT count(*) AS waiting FROM inbound_parts";
        let Count { waiting } = diesel::sql_query(count).get_result(conn)?;
        Ok(PartsLook {
            recorded,
            waiting,
            more: recorded >= usize::from(inbound::MOST_OVERDUE),
        })
    }
}
