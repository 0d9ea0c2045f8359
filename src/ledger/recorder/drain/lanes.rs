//! Writes facts that come from the spool, through the statements of their lanes.

use super::super::commit::{self, Writer};
use super::super::keep::{SpooledFact, Told};
use super::super::lane::Work;
use super::super::{clicks, inbound, receipts};
use super::Halt;
use crate::ledger::connection::ConnectionSettings;
use crate::ledger::facts::RecordError;
use crate::ledger::gate::Gate;
use diesel::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a batch may be repeated and bisected. A row that somebody holds locked is given up much
/// sooner: it must not hold up the others.
const PATIENCE: Duration = Duration::from_secs(60);

/// What writes the facts.
pub(super) struct Lanes {
    pub(super) connection: ConnectionSettings,
    pub(super) inbounds: inbound::Inbounds,
}

/// What was not recorded of a segment.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    pub(super) stuck: Vec<&'a [u8]>,
    pub(super) refused: Vec<(&'a [u8], String)>,
}

/// Facts of one kind, each with its record.
type Facts<'a, T> = Vec<(&'a [u8], T)>;

impl Lanes {
    /// Whether PostgreSQL answers, and takes writes.
    pub(super) fn probe(&self) -> Result<(), Halt> {
        #[derive(QueryableByName)]
        struct Answer {
            #[diesel(sql_type = diesel::sql_types::Text)]
            read_only: String,
        }
        let ask = "SELECT current_setting('transaction_read_only') AS read_only";
        let answer = self
            .connection
            .open("textrail-record-spool")
            .ok()
            .and_then(|mut conn| diesel::sql_query(ask).get_result::<Answer>(&mut conn).ok());
        match answer {
            Some(answer) if answer.read_only == "off" => Ok(()),
            _ => Err(Halt::Away),
        }
    }

    /// Records facts, those of one kind in their order.
    pub(super) fn write<'a>(
        &self,
        gate: &Arc<Gate>,
        records: &'a [Vec<u8>],
        outcome: &mut Outcome<'a>,
    ) -> Result<(), Halt> {
        let mut inbounds: Facts<'a, _> = Vec::new();
        let mut receipts: Facts<'a, _> = Vec::new();
        let mut clicks: Facts<'a, _> = Vec::new();
        for record in records {
            let record = record.as_slice();
            match serde_json::from_slice(record) {
                Ok(SpooledFact::Inbound(Told { fact, request })) => {
                    let pending = inbound::Pending {
                        request,
                        inbounds: vec![fact],
                    };
                    inbounds.push((record, Arc::new(pending)));
                }
                Ok(SpooledFact::Receipt(Told { fact, request })) => {
                    let pending = receipts::Pending {
                        request,
                        receipts: vec![fact],
                    };
                    receipts.push((record, Arc::new(pending)));
                }
                // Either lane keeps it.
                Ok(SpooledFact::Request(request)) => {
                    let nothing_read = receipts::Pending {
                        request: Some(request),
                        receipts: Vec::new(),
                    };
                    receipts.push((record, Arc::new(nothing_read)));
                }
                Ok(SpooledFact::Click(fact)) => clicks.push((record, Arc::new(fact))),
                Err(error) => outcome.refused.push((record, error.to_string())),
            }
        }
        self.write_kind(gate, &self.inbounds, inbounds, outcome)?;
        self.write_kind(gate, &receipts::Receipts, receipts, outcome)?;
        self.write_kind(gate, &clicks::Clicks, clicks, outcome)
    }

    fn write_kind<'a, W: Work>(
        &self,
        gate: &Arc<Gate>,
        work: &W,
        facts: Facts<'a, W::Item>,
        outcome: &mut Outcome<'a>,
    ) -> Result<(), Halt> {
        if facts.is_empty() {
            return Ok(());
        }
        let gate = Some(Arc::clone(gate));
        let mut writer = Writer::new("spool", self.connection.clone(), work.clone(), gate);
        let (records, mut items): (Vec<&[u8]>, Vec<W::Item>) = facts.into_iter().unzip();
        let results = commit::write_items(&mut writer, &mut items, Instant::now() + PATIENCE);
        for (record, result) in records.into_iter().zip(results) {
            match result {
                Ok(_) => {}
                Err(RecordError::Away) => return Err(Halt::Away),
                Err(RecordError::Refused(error)) => {
                    outcome.refused.push((record, format!("{error:#}")));
                }
                Err(_) => outcome.stuck.push(record),
            }
        }
        Ok(())
    }
}
