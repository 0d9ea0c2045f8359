//! A lane: a bounded queue of one kind of fact, and the threads that write it.

use super::super::connection::ConnectionSettings;
use super::super::essential;
use super::super::facts::RecordError;
use super::super::gate::Gate;
use super::RecorderSettings;
use super::commit::{self, Writer};
use super::give_way::InLane;
use diesel::{PgConnection, QueryResult};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The most rows that one transaction takes from the queue.
const ROWS_A_TRANSACTION: usize = 2_000;

/// No caller whose facts the spool takes waits longer for the ledger.
pub(super) const LONGEST_PATIENCE: Duration = Duration::from_secs(5);

/// What a lane writes. A value is shared by the lane's threads.
pub(super) trait Work: Clone + Send + 'static {
    /// One caller's facts.
    type Item: Send + 'static;
    /// What the caller hears.
    type Reply: Send + 'static;
    /// Whether the spool takes what the ledger does not: then nobody waits for a ledger that is away.
    const SPOOLED: bool = false;
    /// Whether it must come after what subscribers said while the ledger was away.
    const AFTER_REPLIES: bool = false;

    /// About how many rows an item is.
    fn rows(item: &Self::Item) -> usize;

    /// Writes the items as one transaction and returns one reply an item, in order.
    ///
    /// Called again with the same items when the transaction failed, also when nobody knows whether
    /// it was committed: whatever is drawn for an item (ids, times, link numbers) has to be kept in
    /// it, and every insert has to pass over rows that are already there.
    fn write(
        &self,
        conn: &mut PgConnection,
        items: &mut [Self::Item],
    ) -> QueryResult<Vec<Result<Self::Reply, RecordError>>>;
}

/// What stands in the queue: the facts, and where the answer goes.
pub(super) struct Entry<W: Work> {
    pub(super) item: W::Item,
    pub(super) reply: oneshot::Sender<Result<W::Reply, RecordError>>,
    /// The item's share of the queue's room; given back when the entry is dropped, answered or not.
    pub(super) room: OwnedSemaphorePermit,
    since: Instant,
}

impl<W: Work> Entry<W> {
    /// Whether its caller gave up waiting, and handed the facts to the spool. A caller that merely
    /// hung up has its facts recorded all the same.
    fn is_abandoned(&self) -> bool {
        W::SPOOLED && self.reply.is_closed() && self.since.elapsed() >= LONGEST_PATIENCE
    }
}

/// The caller's end of a lane.
pub(super) struct Lane<W: Work> {
    name: &'static str,
    queue: mpsc::UnboundedSender<Entry<W>>,
    /// What bounds the queue: room for so many rows. Items differ by four orders of magnitude, so
    /// counting them would bound nothing.
    room: Arc<Semaphore>,
    most_rows: u32,
    progress: Progress,
}

/// When a lane's threads last took facts from the queue, or came to an end with some.
#[derive(Clone)]
struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn age(&self) -> Duration {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

impl<W: Work> std::fmt::Debug for Lane<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Lane")
            .field("room_for_rows", &self.room.available_permits())
            .finish()
    }
}

impl<W: Work> Lane<W> {
    /// Hands an item in and waits for its commit. A full queue refuses at once: an honest "later" is
    /// better than an answer after the caller has gone.
    pub(super) async fn submit(&self, item: W::Item) -> Result<W::Reply, RecordError> {
        // An item that is larger than the queue takes all of it.
        let rows = u32::try_from(W::rows(&item))
            .unwrap_or(u32::MAX)
            .clamp(1, self.most_rows);
        if self.room.available_permits() == self.most_rows as usize {
            // Idle until now: nobody stands still.
            self.progress.made();
        }
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(rows)
            .map_err(|_| {
                // Counted, not logged: under such a load, a line a call would make it worse.
                metrics::counter!("textrail_recorder_refused_total", "lane" => self.name)
                    .increment(1);
                RecordError::Unavailable
            })?;
        let (reply, answer) = oneshot::channel();
        let since = Instant::now();
        self.queue
            .send(Entry {
                item,
                reply,
                room,
                since,
            })
            .map_err(|_| RecordError::Unavailable)?;
        // A thread that dropped the item without a word has panicked, and the process ends.
        answer.await.unwrap_or(Err(RecordError::Unavailable))
    }

    /// What it has to do, for others to look at.
    pub(super) fn content(&self) -> InLane {
        InLane::new(Arc::clone(&self.room), self.most_rows)
    }

    /// Whether its threads have neither taken nor finished anything for so long: their commits do not
    /// come. Says nothing of a lane whose queue is empty.
    pub(super) fn stands_still(&self, patience: Duration) -> bool {
        self.progress.age() >= patience
    }
}

/// Starts lanes and collects their threads.
pub(super) struct Starter<'a> {
    connection: ConnectionSettings,
    most_rows: u32,
    gate: Option<Arc<Gate>>,
    threads: &'a mut Vec<JoinHandle<()>>,
}

impl<'a> Starter<'a> {
    pub(super) fn new(
        settings: &RecorderSettings,
        gate: Option<Arc<Gate>>,
        threads: &'a mut Vec<JoinHandle<()>>,
    ) -> Self {
        Self {
            connection: settings.connection.clone(),
            most_rows: settings.queued_rows,
            gate,
            threads,
        }
    }

    /// A lane with its threads.
    pub(super) fn lane<W: Work>(
        &mut self,
        name: &'static str,
        threads: NonZeroUsize,
        work: &W,
    ) -> std::io::Result<Lane<W>> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let progress = Progress(Arc::new(Mutex::new(Instant::now())));
        for _ in 0..threads.get() {
            let waiting = Arc::clone(&waiting);
            let progress = progress.clone();
            let mut writer = Writer::new(
                name,
                self.connection.clone(),
                work.clone(),
                self.gate.clone(),
            );
            let thread = essential::thread(format!("record-{name}"), move || {
                while let Some(entries) = take(&waiting) {
                    progress.made();
                    commit::write(&mut writer, entries);
                    progress.made();
                }
            })?;
            self.threads.push(thread);
        }
        Ok(Lane {
            name,
            queue,
            room: Arc::new(Semaphore::new(self.most_rows as usize)),
            most_rows: self.most_rows,
            progress,
        })
    }
}

/// Waits for one entry and takes whatever else waits, up to a transaction's worth; none when every
/// caller is gone. The lock is held while waiting: a lane's other threads have nothing to wait for
/// but the same queue.
fn take<W: Work>(waiting: &Mutex<mpsc::UnboundedReceiver<Entry<W>>>) -> Option<Vec<Entry<W>>> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let mut first = waiting.blocking_recv()?;
    while first.is_abandoned() {
        first = waiting.blocking_recv()?;
    }
    let mut rows = W::rows(&first.item);
    let mut entries = vec![first];
    while rows < ROWS_A_TRANSACTION {
        let Ok(entry) = waiting.try_recv() else { break };
        if entry.is_abandoned() {
            continue;
        }
        rows += W::rows(&entry.item);
        entries.push(entry);
    }
    Some(entries)
}
