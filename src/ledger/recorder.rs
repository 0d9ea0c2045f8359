//! Group commit: callers hand in facts, a few writer threads take whatever waits, write it as one
//! transaction of multi-row statements, and answer all after the commit.
//!
//! There is no timer: alone, a fact waits for one commit; together, facts share one. Each kind of
//! fact has a lane of its own, so that a batch of 10,000 messages delays no click. See [`lane`] for
//! the queue and its threads, [`commit`] for what happens when a transaction fails, and one file a
//! lane for what it writes.

mod clicks;
mod commit;
mod evidence;
mod fingerprint;
mod inbound;
mod lane;
mod opt_outs;
mod outbox_rows;
mod receipts;
mod rendering;
mod seen;
mod sends;
mod submissions;
mod wishes;

use super::connection::ConnectionSettings;
use super::facts::{
    InboundReply, NewClick, NewInbound, NewOptOut, NewReceipt, NewSubmission, ReceiptReply,
    RecordError, SendCall, SendReply, SubmissionReply,
};
use crate::domain::short_code::ShortCodes;
use chrono::{DateTime, SubsecRound, Utc};
use lane::Lane;
use std::sync::Arc;
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
    /// Writer threads a lane.
    pub threads: LaneThreads,
    /// The most rows that wait in a lane; what would be more is refused as
    /// [`RecordError::Unavailable`].
    pub queued_rows: u32,
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

/// How many threads, each with a connection of its own, write a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LaneThreads {
    /// Single messages and small batches.
    pub sends: usize,
    /// Batches of more than [`SMALL_BATCH`] messages.
    pub batches: usize,
    /// Clicks.
    pub clicks: usize,
    /// Receipts.
    pub receipts: usize,
    /// Submissions.
    pub submissions: usize,
    /// Inbound messages.
    pub inbound: usize,
}

impl Default for LaneThreads {
    fn default() -> Self {
        Self {
            sends: 2,
            batches: 1,
            clicks: 2,
            receipts: 2,
            submissions: 1,
            inbound: 1,
        }
    }
}

/// Up to this many messages a call shares its transaction with other calls.
pub const SMALL_BATCH: usize = 100;

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
    personal_data: PersonalData,
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
    pub fn start(settings: &RecorderSettings) -> std::io::Result<(Self, RecorderThreads)> {
        let mut threads = Vec::new();
        let mut start = lane::Starter::new(settings, &mut threads);
        let of = settings.threads;
        let sends = sends::Sends::new(settings);
        let lanes = Lanes {
            sends: start.lane("sends", of.sends, &sends)?,
            batches: start.lane("batches", of.batches, &sends)?,
            clicks: start.lane("clicks", of.clicks, &clicks::Clicks)?,
            receipts: start.lane("receipts", of.receipts, &receipts::Receipts)?,
            submissions: start.lane("submissions", of.submissions, &submissions::Submissions)?,
            inbound: start.lane("inbound", of.inbound, &inbound::Inbounds::new(settings))?,
            // One thread: wishes over the API are rare, and their order is kept.
            opt_outs: start.lane("opt_outs", 1, &opt_outs::OptOuts)?,
            personal_data: settings.personal_data,
        };
        Ok((
            Self {
                lanes: Arc::new(lanes),
            },
            RecorderThreads(threads),
        ))
    }

    /// Records messages, with their links and the stored answer, as one transaction.
    pub async fn send(&self, call: SendCall) -> Result<SendReply, RecordError> {
        let lane = if call.messages.len() > SMALL_BATCH {
            &self.lanes.batches
        } else {
            &self.lanes.sends
        };
        lane.submit(sends::PendingSend::new(call)).await
    }

    /// Records hand-overs; one reply an item, in order.
    pub async fn submissions(
        &self,
        items: Vec<NewSubmission>,
    ) -> Result<Vec<SubmissionReply>, RecordError> {
        self.lanes
            .submissions
            .submit(submissions::Pending::new(items))
            .await
    }

    /// Records receipts; one reply an item, in order.
    pub async fn receipts(&self, items: Vec<NewReceipt>) -> Result<Vec<ReceiptReply>, RecordError> {
        self.lanes
            .receipts
            .submit(receipts::Pending::new(items))
            .await
    }

    /// Records inbound messages, and the wishes in them; one reply an item, in order.
    pub async fn inbound(&self, items: Vec<NewInbound>) -> Result<Vec<InboundReply>, RecordError> {
        self.lanes
            .inbound
            .submit(inbound::Pending::new(items))
            .await
    }

    /// Records a click.
    pub async fn click(&self, click: NewClick) -> Result<(), RecordError> {
        let pending = clicks::Pending::new(click, self.lanes.personal_data)?;
        self.lanes.clicks.submit(pending).await
    }

    /// Records wishes over the API.
    pub async fn opt_outs(&self, items: Vec<NewOptOut>) -> Result<(), RecordError> {
        self.lanes
            .opt_outs
            .submit(opt_outs::Pending::new(items))
            .await
    }
}

/// This server's clock, in the microseconds that PostgreSQL keeps: what is stored, what stands in
/// the line and what is answered are one value.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
