//! The one thread that appends to segments. Whatever waits shares one write and one fsync; an answer
//! comes only after the fsync.

use super::folder::STREAMS;
use super::store::Shared;
use super::{Segment, SpoolError, Stream};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A segment that is longer than this is closed. It is drained as a whole, and again as a whole after
/// a kill.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;
/// The most bytes that one write takes from the queue, near enough.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Order {
    Append(Append),
    /// Close the segment that is being written, so that it can be drained.
    Close(Stream, oneshot::Sender<()>),
}

/// Records to write, framed.
#[derive(Debug)]
pub(super) struct Append {
    pub(super) stream: Stream,
    pub(super) frames: Vec<u8>,
    pub(super) records: u64,
    pub(super) reply: oneshot::Sender<Result<(), SpoolError>>,
}

/// The thread's own.
pub(super) struct Writer {
    shared: Arc<Shared>,
    active: [Option<Active>; STREAMS],
    next_number: u64,
}

/// A segment that is being written.
struct Active {
    file: File,
    path: PathBuf,
    number: u64,
    /// Bytes and records that are surely on the disk.
    bytes: u64,
    records: u64,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, next_number: u64) -> Self {
        Self {
            shared,
            active: [const { None }; STREAMS],
            next_number,
        }
    }

    /// Works until every spool is gone.
    pub(super) fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(first) = orders.blocking_recv() {
            let mut group: [Vec<Append>; STREAMS] = Default::default();
            let mut bytes = 0;
            let mut next = Some(first);
            let mut closing = None;
            while let Some(order) = next.take() {
                match order {
                    Order::Append(append) => {
                        bytes += append.frames.len();
                        group[append.stream.index()].push(append);
                    }
                    Order::Close(stream, reply) => closing = Some((stream, reply)),
                }
                if bytes < GROUP_BYTES && closing.is_none() {
                    next = orders.try_recv().ok();
                }
            }
            for (stream, appends) in Stream::ALL.into_iter().zip(group) {
                self.write(stream, appends);
            }
            if let Some((stream, reply)) = closing {
                self.close(stream);
                let _ = reply.send(()); // whoever asked may have gone
            }
        }
    }

    /// Writes records of one stream, and answers all who wait for them.
    fn write(&mut self, stream: Stream, appends: Vec<Append>) {
        if appends.is_empty() {
            return;
        }
        let written = self.append(stream, &appends);
        if let Err(error) = &written {
            tracing::error!(stream = stream.as_str(), %error, "the spool cannot be written");
            self.abandon(stream);
        }
        for append in appends {
            self.shared.written(append.frames.len() as u64);
            let answer = match &written {
                Ok(()) => Ok(()),
                Err(error) => {
                    self.shared.give_back(&append);
                    Err(SpoolError::NotWritten(error.to_string()))
                }
            };
            drop(append.reply.send(answer)); // a caller that has gone needs none
        }
    }

    fn append(&mut self, stream: Stream, appends: &[Append]) -> io::Result<()> {
        let active = self.open(stream)?;
        let frames: Vec<&[u8]> = appends.iter().map(|one| one.frames.as_slice()).collect();
        let frames = frames.concat();
        fail::fail_point!("spool.append.before", failed);
        active.file.write_all(&frames)?;
        fail::fail_point!("spool.append.after");
        fail::fail_point!("spool.fsync.before", failed);
        active.file.sync_data()?;
        fail::fail_point!("spool.fsync.after");
        active.bytes += frames.len() as u64;
        active.records += appends.iter().map(|one| one.records).sum::<u64>();
        if active.bytes >= SEGMENT_BYTES {
            self.close(stream);
        }
        Ok(())
    }

    /// The segment that is being written; a new one if need be.
    fn open(&mut self, stream: Stream) -> io::Result<&mut Active> {
        let slot = &mut self.active[stream.index()];
        match slot {
            Some(active) => Ok(active),
            None => {
                let number = self.next_number;
                self.next_number += 1;
                let (file, path) = self.shared.folder.create(stream, number)?;
                Ok(slot.insert(Active {
                    file,
                    path,
                    number,
                    bytes: 0,
                    records: 0,
                }))
            }
        }
    }

    /// After a failure nobody knows what of the last write is on the disk, nor would another fsync
    /// tell. It is cut off, as far as that can be done, and nothing more is written behind it.
    fn abandon(&mut self, stream: Stream) {
        if let Some(active) = &self.active[stream.index()]
            && let Err(error) = active.file.set_len(active.bytes)
        {
            tracing::error!(%error, "the spool's unfinished write cannot be cut off");
        }
        self.close(stream);
    }

    /// One without a record, as a full disk leaves it, is no segment: nobody would ever ask to drain it while
    /// nothing waits, and each failed write makes another.
    fn close(&mut self, stream: Stream) {
        let index = stream.index();
        if let Some(active) = self.active[index].take() {
            if active.records == 0 {
                if let Err(error) = self.shared.folder.remove(&active.path) {
                    tracing::warn!(%error, "an empty file stays in the spool until the next start");
                }
                return;
            }
            self.shared.closed()[index].push_back(Segment {
                stream,
                path: active.path,
                number: active.number,
                bytes: active.bytes,
                records: active.records,
            });
        }
    }
}

/// What a failpoint returns.
#[cfg(feature = "failpoints")]
fn failed(_: Option<String>) -> io::Result<()> {
    Err(io::Error::other("a failpoint"))
}
