//! Gateways' kept calls, read again: recorded through the statements of the lanes, and beside them.

use super::commit::{self, Writer};
use super::lane::Work;
use super::{PersonalData, inbound, receipts};
use crate::domain::opt_out::OptOutRules;
use crate::ledger::connection::ConnectionSettings;
use crate::ledger::facts::{InboundReply, NewInbound, NewReceipt, ReceiptReply, RecordError};
use crate::ledger::requests::{self, KeptRequest, Page};
use diesel::ConnectionResult;
use diesel::prelude::*;
use diesel::result::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a batch may be repeated and bisected.
const PATIENCE: Duration = Duration::from_secs(60);
/// About how many items share a transaction.
const BATCH: usize = 1_000;

/// What was read again of a call: each item with its place, from 0.
pub type Reread<'a, T> = (&'a KeptRequest, Vec<(usize, T)>);

/// Records what is read again. It has connections of its own, and may run beside servers.
pub struct Replay {
    /// For reading, and for what is taken back.
    conn: PgConnection,
    receipts: Writer<receipts::Receipts>,
    inbounds: Writer<inbound::Inbounds>,
    /// What writes subscribers' messages.
    inbound: inbound::Inbounds,
    rules: Arc<OptOutRules>,
    dry_run: bool,
}

impl Replay {
    /// With `dry_run`, each batch is written and taken back.
    ///
    /// # Errors
    /// If the ledger cannot be reached.
    pub fn open(
        connection: &ConnectionSettings,
        personal_data: PersonalData,
        rules: Arc<OptOutRules>,
        dry_run: bool,
    ) -> ConnectionResult<Self> {
        let inbound = inbound::Inbounds::new(personal_data, Arc::clone(&rules));
        Ok(Self {
            conn: connection.open("textrail-replay")?,
            receipts: Writer::new("replay", connection.clone(), receipts::Receipts, None),
            inbounds: Writer::new("replay", connection.clone(), inbound.clone(), None),
            inbound,
            rules,
            dry_run,
        })
    }

    /// Reads kept calls.
    ///
    /// # Errors
    /// If the ledger cannot be asked.
    pub fn page(&mut self, page: Page<'_>) -> QueryResult<Vec<KeptRequest>> {
        requests::page(&mut self.conn, page)
    }

    /// Records receipts; one result a call, in order.
    ///
    /// # Errors
    /// If the ledger is away. What was recorded stays so, and reading the same calls again goes on.
    pub fn receipts(
        &mut self,
        calls: Vec<Reread<'_, NewReceipt>>,
    ) -> Result<Vec<Result<Vec<ReceiptReply>, RecordError>>, RecordError> {
        let items = calls
            .into_iter()
            .map(|(request, facts)| Arc::new(receipts::Pending::of_replay(request, facts)))
            .collect();
        if self.dry_run {
            return taken_back(&mut self.conn, &receipts::Receipts, items);
        }
        written(&mut self.receipts, items)
    }

    /// Records subscribers' messages; one result a call, in order.
    ///
    /// # Errors
    /// As [`Replay::receipts`].
    pub fn inbound(
        &mut self,
        calls: Vec<Reread<'_, NewInbound>>,
    ) -> Result<Vec<Result<Vec<InboundReply>, RecordError>>, RecordError> {
        let items = calls
            .into_iter()
            .map(|(request, facts)| {
                Arc::new(inbound::Pending::of_replay(request, facts, &self.rules))
            })
            .collect();
        if self.dry_run {
            return taken_back(&mut self.conn, &self.inbound, items);
        }
        written(&mut self.inbounds, items)
    }
}

/// Results of calls, in order.
type Results<W> = Result<Vec<Result<<W as Work>::Reply, RecordError>>, RecordError>;

/// Writes calls, some of them a transaction.
fn written<W: Work>(writer: &mut Writer<W>, items: Vec<W::Item>) -> Results<W> {
    let mut results = Vec::with_capacity(items.len());
    for mut batch in batches::<W>(items) {
        fail::fail_point!("replay.batch.before");
        for result in commit::write_items(writer, &mut batch, Instant::now() + PATIENCE) {
            match result {
                Err(error @ (RecordError::Away | RecordError::Unavailable)) => return Err(error),
                result => results.push(result),
            }
        }
        fail::fail_point!("replay.batch.after");
    }
    Ok(results)
}

/// Writes calls in a transaction that is rolled back: what would come of each batch by itself.
fn taken_back<W: Work>(conn: &mut PgConnection, work: &W, items: Vec<W::Item>) -> Results<W> {
    let mut results = Vec::with_capacity(items.len());
    for mut batch in batches::<W>(items) {
        let mut told = None;
        let ended: QueryResult<()> = conn.transaction(|conn| {
            told = Some(work.write(conn, &mut batch)?);
            Err(Error::RollbackTransaction)
        });
        match (told, ended) {
            (Some(told), _) => results.extend(told),
            (None, Err(error)) => return Err(RecordError::Refused(error.into())),
            (None, Ok(())) => {}
        }
    }
    Ok(results)
}

/// Parts calls so that none of the parts is large, unless one call is.
fn batches<W: Work>(items: Vec<W::Item>) -> Vec<Vec<W::Item>> {
    let mut batches: Vec<Vec<W::Item>> = Vec::new();
    let mut rows = BATCH;
    for item in items {
        let more = W::rows(&item);
        if rows + more > BATCH {
            batches.push(Vec::new());
            rows = 0;
        }
        rows += more;
        if let Some(batch) = batches.last_mut() {
            batch.push(item);
        }
    }
    batches
}
