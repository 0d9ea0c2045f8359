//! Group commit: callers hand in facts, a few writer threads take whatever waits, write it as one
//! transaction of multi-row statements, and answer all after the commit.
//!
//! There is no timer: alone, a fact waits for one commit; together, facts share one. Each kind of
//! fact has a lane of its own, so that a batch of 10,000 messages delays no click. See [`lane`] for
//! the queue and its threads, [`commit`] for what happens when a transaction fails, and one file a
//! lane for what it writes. Where a spool is given, [`keep`] puts clicks, receipts and inbounds there
//! while PostgreSQL is away, and [`drain`] brings them back.

mod clicks;
mod commit;
mod drain;
mod evidence;
mod fingerprint;
mod give_way;
mod inbound;
mod keep;
mod lane;
mod opt_outs;
mod origin;
mod outbox_rows;
mod parked;
mod part_joiner;
mod receipts;
mod refusals;
mod rendering;
pub mod replay;
mod requests;
mod seen;
mod sends;
mod submissions;
mod verdicts;
mod wishes;

use super::connection::ConnectionSettings;
use super::essential;
use super::facts::{
    GatewayCall, InboundReply, NewClick, NewInbound, NewOptOut, NewReceipt, NewSubmission,
    NewVerdict, NotTaken, ReceiptReply, RecordError, SendCall, SendReply, SubmissionReply,
    VerdictReply,
};
use super::gate::Gate;
use super::links::KnownLinks;
use super::spool::{Spool, SpoolSettings};
use crate::domain::opt_out::OptOutRules;
use crate::domain::short_code::ShortCodes;
use chrono::{DateTime, SubsecRound, Utc};
use lane::Lane;
pub use part_joiner::{PartJoiner, PartsLook};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How the recorder writes.
#[derive(Clone)]
pub struct RecorderSettings {
    /// The ledger.
    pub connection: ConnectionSettings,
    /// Where short URLs lead that no campaign's `short_domain` overrides.
    pub short_base: Url,
    /// The permutation of link numbers.
    pub codes: Arc<ShortCodes>,
    /// What the lake may know of persons.
    pub personal_data: PersonalData,
    /// What subscribers' texts ask for.
    pub opt_out_rules: Arc<OptOutRules>,
    /// Writer threads a lane.
    pub threads: LaneThreads,
    /// The most rows that wait in a lane; what would be more is refused as
    /// [`RecordError::Unavailable`].
    pub queued_rows: u32,
    /// Where links are kept when they are recorded.
    pub known_links: KnownLinks,
    /// Where clicks, receipts and inbounds are kept while PostgreSQL is away; without it they are
    /// refused then.
    pub spool: Option<SpoolSettings>,
}

/// Personal data that the operator chose to have in the lake; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonalData {
    /// `to_number` and `from_number`.
    pub numbers: bool,
    /// `body` of messages and inbounds.
    pub bodies: bool,
    /// `ip` of clicks.
    pub addresses: bool,
}

/// The fewest that a lane does with.
const ONE_THREAD: NonZeroUsize = NonZeroUsize::MIN;

/// How many threads, each with a connection of its own, write a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneThreads {
    /// Single messages and small batches.
    pub sends: NonZeroUsize,
    /// Batches of more than [`SMALL_BATCH`] messages.
    pub batches: NonZeroUsize,
    /// Clicks.
    pub clicks: NonZeroUsize,
    /// Receipts.
    pub receipts: NonZeroUsize,
    /// Submissions.
    pub submissions: NonZeroUsize,
    /// Inbound messages.
    pub inbound: NonZeroUsize,
}

impl Default for LaneThreads {
    fn default() -> Self {
        let two = ONE_THREAD.saturating_add(1);
        Self {
            sends: two,
            batches: two,
            // What comes during a commit is written together by the next: two that take turns halve
            // what each takes, and a commit costs more than its rows.
            clicks: ONE_THREAD,
            receipts: two,
            submissions: ONE_THREAD,
            inbound: ONE_THREAD,
        }
    }
}

/// Up to this many messages a call shares its transaction with other calls.
pub const SMALL_BATCH: usize = 100;

/// How long a caller waits at most. A batch is given up after ten seconds, but a PostgreSQL that
/// hangs may hold up the one before it.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// The writer threads' front. Cloning shares them; when the last clone is gone, they write what is
/// left and end.
#[derive(Clone, Debug)]
pub struct Recorder {
    lanes: Arc<Lanes>,
}

#[derive(Debug)]
struct Lanes {
    sends: Lane<sends::Sends>,
    batches: Lane<sends::Sends>,
    clicks: Lane<clicks::Clicks>,
    receipts: Lane<receipts::Receipts>,
    submissions: Lane<submissions::Submissions>,
    inbound: Lane<inbound::Inbounds>,
    opt_outs: Lane<opt_outs::OptOuts>,
    verdicts: Lane<verdicts::Verdicts>,
    inbounds: inbound::Inbounds,
    opt_out_rules: Arc<OptOutRules>,
    personal_data: PersonalData,
    gate: Option<Arc<Gate>>,
    known_links: KnownLinks,
}

/// The writer threads, to be waited for after the last [`Recorder`] is gone.
#[derive(Debug)]
pub struct RecorderThreads(Vec<std::thread::JoinHandle<()>>);

impl RecorderThreads {
    /// Waits until everything that was handed in is written and answered.
    pub fn join(self) {
        for thread in self.0 {
            if thread.join().is_err() {
                tracing::error!("a recorder thread panicked");
            }
        }
    }
}

impl Recorder {
    /// Starts the threads. They connect when the first fact comes, and again whenever PostgreSQL
    /// comes back.
    ///
    /// # Errors
    /// If the spool cannot be used, or belongs to another process; if no thread can be started.
    pub fn start(settings: &RecorderSettings) -> anyhow::Result<(Self, RecorderThreads)> {
        let mut threads = Vec::new();
        let gate = match &settings.spool {
            Some(spool) => Some(start_spool(settings, spool.clone(), &mut threads)?),
            None => None,
        };
        let mut start = lane::Starter::new(settings, gate.clone(), &mut threads);
        let of = settings.threads;
        let sends = sends::Sends::new(settings);
        let rules = Arc::clone(&settings.opt_out_rules);
        let inbounds = inbound::Inbounds::new(settings.personal_data, rules);
        let clicks = start.lane("clicks", of.clicks, &clicks::Clicks)?;
        let batches = sends.giving_way_to(clicks.content());
        let lanes = Lanes {
            sends: start.lane("sends", of.sends, &sends)?,
            batches: start.lane("batches", of.batches, &batches)?,
            clicks,
            receipts: start.lane("receipts", of.receipts, &receipts::Receipts)?,
            submissions: start.lane("submissions", of.submissions, &submissions::Submissions)?,
            inbound: start.lane("inbound", of.inbound, &inbounds)?,
            // One thread: wishes over the API are rare, and their order is kept.
            opt_outs: start.lane("opt_outs", ONE_THREAD, &opt_outs::OptOuts)?,
            verdicts: start.lane("verdicts", ONE_THREAD, &verdicts::Verdicts)?,
            inbounds,
            opt_out_rules: Arc::clone(&settings.opt_out_rules),
            personal_data: settings.personal_data,
            gate,
            known_links: settings.known_links.clone(),
        };
        Ok((
            Self {
                lanes: Arc::new(lanes),
            },
            RecorderThreads(threads),
        ))
    }

    /// What this server knows of its ledger; none without a spool.
    pub fn gate(&self) -> Option<&Arc<Gate>> {
        self.lanes.gate.as_ref()
    }

    /// The links that need not be asked for: those that this recorder wrote lately, and whatever else is
    /// put there.
    pub fn known_links(&self) -> &KnownLinks {
        &self.lanes.known_links
    }

    /// What ends the waiting for parts of texts that have waited for longer than `after`. It holds none
    /// of the threads.
    pub fn part_joiner(&self, after: Duration) -> PartJoiner {
        PartJoiner::new(
            self.lanes.inbounds.clone(),
            after,
            self.gate().map(Arc::downgrade),
        )
    }

    /// Records messages, with their links and the stored answer, as one transaction.
    ///
    /// # Errors
    /// [`RecordError::NotTaken`] while the ledger is away or replies go first; any other if it was not
    /// recorded, or perhaps not.
    pub async fn send(&self, call: SendCall) -> Result<SendReply, RecordError> {
        self.after_replies()?;
        let (lane, pending) = if call.messages.len() > SMALL_BATCH {
            // To look for URLs in 10,000 texts would hold up the other requests of this thread.
            let pending = tokio::task::spawn_blocking(move || sends::PendingSend::new(call)).await;
            let lost = |error| RecordError::Refused(anyhow::Error::new(error));
            (&self.lanes.batches, pending.map_err(lost)?)
        } else {
            (&self.lanes.sends, sends::PendingSend::new(call))
        };
        in_time(lane.submit(pending)).await
    }

    /// Records hand-overs; one reply an item, in order.
    ///
    /// # Errors
    /// [`RecordError::NotTaken`] while the ledger is away; any other if they were not recorded, or perhaps
    /// not.
    pub async fn submissions(
        &self,
        items: Vec<NewSubmission>,
    ) -> Result<Vec<SubmissionReply>, RecordError> {
        if self.gate().is_some_and(|gate| gate.ledger_is_away()) {
            return Err(RecordError::NotTaken(NotTaken::LedgerAway));
        }
        let pending = submissions::Pending::new(items);
        in_time(self.lanes.submissions.submit(pending)).await
    }

    /// Records receipts, or spools them; one reply an item, in order.
    ///
    /// # Errors
    /// If neither the ledger nor the spool takes them: [`RecordError`] says why.
    pub async fn receipts(&self, items: Vec<NewReceipt>) -> Result<Vec<ReceiptReply>, RecordError> {
        let pending = Arc::new(receipts::Pending::new(items));
        keep::keep(self.spool(), &self.lanes.receipts, pending).await
    }

    /// The same for a gateway's call, which is kept in the same transaction. A call of which nothing
    /// could be read is kept alone.
    ///
    /// # Errors
    /// As [`Recorder::receipts`].
    pub async fn gateway_receipts(
        &self,
        call: GatewayCall<NewReceipt>,
    ) -> Result<Vec<ReceiptReply>, RecordError> {
        let pending = Arc::new(receipts::Pending::of_call(call));
        keep::keep(self.spool(), &self.lanes.receipts, pending).await
    }

    /// Records inbound messages and the wishes in them, or spools them; one reply an item, in order.
    ///
    /// # Errors
    /// If neither the ledger nor the spool takes them: [`RecordError`] says why.
    pub async fn inbound(&self, items: Vec<NewInbound>) -> Result<Vec<InboundReply>, RecordError> {
        let pending = Arc::new(inbound::Pending::new(items, &self.lanes.opt_out_rules));
        keep::keep(self.spool(), &self.lanes.inbound, pending).await
    }

    /// The same for a gateway's call; see [`Recorder::gateway_receipts`].
    ///
    /// # Errors
    /// As [`Recorder::inbound`].
    pub async fn gateway_inbound(
        &self,
        call: GatewayCall<NewInbound>,
    ) -> Result<Vec<InboundReply>, RecordError> {
        let pending = Arc::new(inbound::Pending::of_call(call, &self.lanes.opt_out_rules));
        keep::keep(self.spool(), &self.lanes.inbound, pending).await
    }

    /// Records a click, or spools it.
    ///
    /// # Errors
    /// If neither the ledger nor the spool takes it: [`RecordError`] says why.
    pub async fn click(&self, click: NewClick) -> Result<(), RecordError> {
        let pending = Arc::new(clicks::Pending::new(click, self.lanes.personal_data)?);
        keep::keep(self.spool(), &self.lanes.clicks, pending).await
    }

    /// Records wishes over the API.
    ///
    /// # Errors
    /// [`RecordError::NotTaken`] while the ledger is away or replies go first; any other if they were not
    /// recorded, or perhaps not.
    pub async fn opt_outs(&self, items: Vec<NewOptOut>) -> Result<(), RecordError> {
        self.after_replies()?;
        in_time(self.lanes.opt_outs.submit(opt_outs::Pending::new(items))).await
    }

    /// Records a person's verdict on an inbound message, and what follows from it.
    ///
    /// # Errors
    /// As [`Recorder::opt_outs`].
    pub async fn verdict(&self, verdict: NewVerdict) -> Result<VerdictReply, RecordError> {
        self.after_replies()?;
        in_time(self.lanes.verdicts.submit(verdicts::Pending::new(verdict))).await
    }

    fn spool(&self) -> Option<&Gate> {
        self.gate().map(Arc::as_ref)
    }

    /// Refuses what must come after all that subscribers said, until that is recorded.
    fn after_replies(&self) -> Result<(), RecordError> {
        let taken = self.gate().map_or(Ok(()), |gate| gate.takes_sends());
        taken.map_err(RecordError::NotTaken)
    }
}

/// Takes the spool, and starts its threads.
fn start_spool(
    settings: &RecorderSettings,
    spool: SpoolSettings,
    threads: &mut Vec<std::thread::JoinHandle<()>>,
) -> anyhow::Result<Arc<Gate>> {
    let (spool, writer) = Spool::open(spool)?;
    let (wake, woken) = std::sync::mpsc::sync_channel(1);
    let gate = Arc::new(Gate::new(spool, wake));
    let drainer = drain::Drainer::new(settings, &gate, woken);
    threads.push(writer);
    let drain = essential::thread("spool-drain".to_owned(), move || drainer.run());
    threads.push(drain?);
    Ok(gate)
}

/// Bounds a caller's wait. The thread goes on: what a later call with the same key is told is what
/// came of it.
async fn in_time<T>(
    answer: impl Future<Output = Result<T, RecordError>>,
) -> Result<T, RecordError> {
    tokio::time::timeout(LONGEST_WAIT, answer)
        .await
        .unwrap_or(Err(RecordError::Unavailable))
}

/// This server's clock, in the microseconds that PostgreSQL keeps: what is stored, what stands in
/// the line and what is answered are one value.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
