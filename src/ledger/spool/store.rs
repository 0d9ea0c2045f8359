//! The spool as its users hold it: records in, segments out.

use super::super::essential;
use super::folder::{self, Folder, STREAMS};
use super::frame;
use super::writer::{Append, Order, Writer};
use super::{Segment, SpoolError, SpoolSettings, Stream};
use chrono::Utc;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The most bytes that wait for the disk; what would be more is refused, as by a full spool.
const QUEUED_BYTES: u64 = 64 * 1024 * 1024;

/// The spool. Cloning shares it; when the last clone is gone, its thread ends.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct Spool {
    shared: Arc<Shared>,
    queue: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: Folder,
    settings: SpoolSettings,
    /// Bytes on disk, and those on their way there.
    bytes: AtomicU64,
    /// Bytes on their way there, in memory.
    queued: AtomicU64,
    /// Records that are in no ledger yet, by stream; those on their way to the disk included.
    waiting: [AtomicU64; STREAMS],
    closed: Mutex<[VecDeque<Segment>; STREAMS]>,
}

/// The answer to an append that is on its way.
#[derive(Debug)]
pub(in crate::ledger) struct Appending(oneshot::Receiver<Result<(), SpoolError>>);

impl Appending {
    /// Waits until the records are on the disk.
    pub(in crate::ledger) async fn done(self) -> Result<(), SpoolError> {
        let ended = || SpoolError::NotWritten("its thread has ended".to_owned());
        self.0.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The same, for a thread.
    pub(in crate::ledger) fn wait(self) -> Result<(), SpoolError> {
        let ended = || SpoolError::NotWritten("its thread has ended".to_owned());
        self.0.blocking_recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Spool {
    /// Takes the folder, reads what an earlier process left in it, and starts the thread, which ends
    /// after the last clone of the spool is gone.
    pub(in crate::ledger) fn open(
        settings: SpoolSettings,
    ) -> Result<(Self, JoinHandle<()>), SpoolError> {
        let path = settings.directory.clone();
        let fail = |source| SpoolError::Folder(path.clone(), source);
        let shared = Arc::new(Shared {
            folder: Folder::open(&settings.directory)?,
            settings,
            bytes: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            waiting: Default::default(),
            closed: Mutex::default(),
        });
        let next_number = shared.take_in().map_err(fail)?;
        let (queue, orders) = mpsc::unbounded_channel();
        let writer = Writer::new(Arc::clone(&shared), next_number);
        let thread = essential::thread("spool".to_owned(), move || writer.run(orders));
        let thread = thread.map_err(fail)?;
        Ok((Self { shared, queue }, thread))
    }

    /// Hands records in, without waiting for the disk. From here on they count as waiting.
    pub(in crate::ledger) fn append(
        &self,
        stream: Stream,
        texts: &[Vec<u8>],
    ) -> Result<Appending, SpoolError> {
        let frames = frames(texts)?;
        self.shared.reserve(frames.len() as u64)?;
        Ok(self.hand_in(stream, frames, texts.len() as u64))
    }

    /// The same for records that are on the disk already, in a segment that is about to go: also
    /// into a full spool, else it could never be emptied.
    pub(in crate::ledger) fn append_again(
        &self,
        stream: Stream,
        texts: &[Vec<u8>],
    ) -> Result<Appending, SpoolError> {
        let frames = frames(texts)?;
        self.shared.take_room(frames.len() as u64);
        Ok(self.hand_in(stream, frames, texts.len() as u64))
    }

    /// Room was taken for them.
    fn hand_in(&self, stream: Stream, frames: Vec<u8>, records: u64) -> Appending {
        self.shared.waiting[stream.index()].fetch_add(records, Ordering::SeqCst);
        let (reply, answer) = oneshot::channel();
        // Without a thread the order is dropped, and with it the reply: the caller hears of it.
        drop(self.queue.send(Order::Append(Append {
            stream,
            frames,
            records,
            reply,
        })));
        Appending(answer)
    }

    /// Records of a stream that are in no ledger yet.
    pub(in crate::ledger) fn waiting(&self, stream: Stream) -> u64 {
        self.shared.waiting[stream.index()].load(Ordering::SeqCst)
    }

    /// Bytes on the disk.
    pub(in crate::ledger) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// For how long the oldest segment has been there.
    pub(in crate::ledger) fn age(&self) -> io::Result<Duration> {
        folder::age(&self.shared.settings.directory)
    }

    /// Damaged segments and refused facts that a person should look at.
    pub(in crate::ledger) fn set_aside(&self) -> io::Result<(u64, u64)> {
        folder::set_aside(&self.shared.settings.directory)
    }

    /// The oldest segment of a stream that has records, closed for writing; none if none waits.
    pub(in crate::ledger) fn oldest(&self, stream: Stream) -> Option<Segment> {
        let find = || self.shared.closed()[stream.index()].front().cloned();
        if let Some(segment) = find() {
            return Some(segment);
        }
        let (closed, done) = oneshot::channel();
        self.queue.send(Order::Close(stream, closed)).ok()?;
        done.blocking_recv().ok()?;
        find()
    }

    /// The records of a segment.
    pub(in crate::ledger) fn read(&self, segment: &Segment) -> io::Result<Vec<Vec<u8>>> {
        folder::read(&segment.path, segment.bytes)
    }

    /// Removes a segment whose every fact is in the ledger, or kept elsewhere.
    pub(in crate::ledger) fn remove(&self, segment: &Segment) -> io::Result<()> {
        self.shared.folder.remove(&segment.path)?;
        let index = segment.stream.index();
        self.shared.closed()[index].retain(|other| other.number != segment.number);
        self.shared.bytes.fetch_sub(segment.bytes, Ordering::SeqCst);
        self.shared.waiting[index].fetch_sub(segment.records, Ordering::SeqCst);
        Ok(())
    }

    /// Keeps facts that the ledger refused, with the reason.
    pub(in crate::ledger) fn refuse(
        &self,
        stream: Stream,
        facts: &[(&[u8], String)],
    ) -> io::Result<()> {
        let mut lines = Vec::new();
        for (fact, reason) in facts {
            // A text that is no JSON is kept as a JSON string.
            let text = String::from_utf8_lossy(fact).into_owned();
            let fact = RawValue::from_string(text.clone())
                .or_else(|_| serde_json::value::to_raw_value(&text))?;
            let line =
                serde_json::json!({"refused_at": Utc::now(), "reason": reason, "fact": fact});
            serde_json::to_writer(&mut lines, &line)?;
            lines.push(b'\n');
        }
        self.shared.folder.refuse(stream, &lines)
    }
}

fn frames(texts: &[Vec<u8>]) -> Result<Vec<u8>, SpoolError> {
    let mut frames = Vec::with_capacity(texts.iter().map(|text| text.len() + 16).sum());
    for text in texts {
        frame::append(&mut frames, text)
            .map_err(|error| SpoolError::NotWritten(error.to_string()))?;
    }
    Ok(frames)
}

impl Shared {
    pub(super) fn closed(&self) -> MutexGuard<'_, [VecDeque<Segment>; STREAMS]> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what lies in the folder; returns the next segment's number.
    fn take_in(&self) -> io::Result<u64> {
        let last = folder::last_number(&self.settings.directory)?;
        for mut segment in folder::segments(&self.settings.directory)? {
            segment.records = folder::read(&segment.path, 0)?.len() as u64;
            segment.bytes = fs::metadata(&segment.path)?.len();
            if segment.records == 0 {
                self.folder.remove(&segment.path)?;
                continue;
            }
            self.bytes.fetch_add(segment.bytes, Ordering::SeqCst);
            let index = segment.stream.index();
            self.waiting[index].fetch_add(segment.records, Ordering::SeqCst);
            tracing::info!(
                stream = segment.stream.as_str(),
                records = segment.records,
                "an earlier process left facts in the spool"
            );
            self.closed()[index].push_back(segment);
        }
        Ok(last + 1)
    }

    /// Takes room for bytes, if there is any: on the disk, and in memory until they are there.
    fn reserve(&self, bytes: u64) -> Result<(), SpoolError> {
        let most = self.settings.max_bytes;
        let on_disk = |taken: u64| taken.checked_add(bytes).filter(|sum| *sum <= most);
        // One that is larger than the queue goes alone.
        let in_memory =
            |taken: u64| (taken == 0 || taken + bytes <= QUEUED_BYTES).then_some(taken + bytes);
        let update = |counter: &AtomicU64, take: &dyn Fn(u64) -> Option<u64>| {
            let taken = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
            taken.map(|_| ()).map_err(|_| {
                metrics::counter!("textrail_spool_full_total").increment(1);
                SpoolError::Full
            })
        };
        update(&self.queued, &in_memory)?;
        update(&self.bytes, &on_disk).inspect_err(|_| self.written(bytes))
    }

    /// Takes room, whether there is any or not.
    fn take_room(&self, bytes: u64) {
        self.queued.fetch_add(bytes, Ordering::SeqCst);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Gives the room in memory back.
    pub(super) fn written(&self, bytes: u64) {
        self.queued.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Gives back what an append took that came to nothing.
    pub(super) fn give_back(&self, append: &Append) {
        self.bytes
            .fetch_sub(append.frames.len() as u64, Ordering::SeqCst);
        self.waiting[append.stream.index()].fetch_sub(append.records, Ordering::SeqCst);
    }
}
