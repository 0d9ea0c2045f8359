//! The spool: what gateways and visitors told while PostgreSQL was away, in fsynced files, until the
//! ledger has it.
//!
//! A record is a fact with all that was drawn for it (ids, times, the log line): written to the
//! ledger twice, it is the same row. So a segment is simply drained again from its beginning after a
//! kill, and removed only after all of it was committed. [`frame`] is the record, [`folder`] the
//! files, [`store`] what the recorder holds, [`writer`] the one thread that appends and shares an fsync
//! among all who wait, [`mod@survey`] a look from outside. What the records mean is the recorder's business.

mod folder;
mod frame;
mod store;
mod survey;
mod writer;

pub use folder::Stream;
pub use survey::{Survey, survey};

pub(super) use folder::Segment;
pub(super) use store::{Appending, Spool};

use std::io;
use std::path::PathBuf;

/// Where a server's spool is, and how large it may grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolSettings {
    /// Its folder, on a volume that outlives the process. One server owns it.
    pub directory: PathBuf,
    /// The most bytes of waiting records; what would be more is refused.
    pub max_bytes: u64,
}

/// Why a spool cannot be used, or did not take a record.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process runs on the folder.
    #[error(
        "another server owns the spool {}: stop it first, or give this one a folder of its own \
         (spool.directory)", .0.display()
    )]
    Owned(PathBuf),
    /// The folder cannot be made, read or written.
    #[error("the spool {} cannot be used", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// As many bytes wait as may.
    #[error("the spool is full")]
    Full,
    /// The record did not get to the disk.
    #[error("the spool did not take a record: {0}")]
    NotWritten(String),
}

#[cfg(test)]
mod tests;
