//! Says loudly that sends are refused, since a subscriber's message cannot be recorded.
//!
//! A STOP that was answered must hold, so sends wait for as long as that takes: whoever holds the row
//! has to be found and ended by a person, and this tells them where to look.

use crate::ledger::connection::ConnectionSettings;
use crate::ledger::gate::Gate;
use crate::ledger::spool::Stream;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use std::time::{Duration, Instant};

/// After so long, and as often, the log says it. PostgreSQL ends a session of ours that was cut off in
/// mid-transaction after a minute; what lasts longer is held by somebody else.
const PATIENCE: Duration = Duration::from_secs(75);

/// Since when sends have been refused for a message that is stuck.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    since: Option<Instant>,
    said: Option<Instant>,
}

#[derive(QueryableByName)]
struct Oldest {
    #[diesel(sql_type = Nullable<Text>)]
    sessions: Option<String>,
}

impl Alarm {
    /// Shows how things stand, and says so if they have stood so for long.
    pub(super) fn look(&mut self, gate: &Gate, ledger: &ConnectionSettings) {
        let stuck = gate.spool.waiting(Stream::StuckInbound);
        self.since = (stuck > 0).then(|| self.since.unwrap_or_else(Instant::now));
        let closed = self.since.map(|since| since.elapsed()).unwrap_or_default();
        metrics::gauge!("textrail_sends_stuck_seconds").set(closed.as_secs_f64());
        let said_lately = self.said.is_some_and(|said| said.elapsed() < PATIENCE);
        if closed < PATIENCE || said_lately || gate.ledger_is_away() {
            return;
        }
        self.said = Some(Instant::now());
        tracing::error!(
            stuck,
            closed_seconds = closed.as_secs(),
            oldest_transactions = oldest_transactions(ledger).unwrap_or_default(),
            "sends are refused: subscribers' messages cannot be recorded, since somebody holds a row \
             locked that they need. End that transaction"
        );
    }
}

/// Who may hold it.
fn oldest_transactions(ledger: &ConnectionSettings) -> Option<String> {
    let mut conn = ledger.open("textrail-record-spool").ok()?;
    let sql = include_str!("../sql/oldest_transactions.sql");
    let oldest: Oldest = diesel::sql_query(sql).get_result(&mut conn).ok()?;
    oldest.sessions
}
