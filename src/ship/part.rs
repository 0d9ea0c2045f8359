//! One finished file of a window, compressed, waiting to be put into the lake.

use crate::event::Kind;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) part: i32,
    pub(super) rows: u64,
    pub(super) text_bytes: u64,
    pub(super) text_sha256: [u8; 32],
    pub(super) object_bytes: u64,
    pub(super) object_sha256: [u8; 32],
    pub(super) first_recorded_at: DateTime<Utc>,
    pub(super) last_recorded_at: DateTime<Utc>,
    pub(super) object: Packed,
}

/// Where a finished file waits.
#[derive(Debug)]
pub(super) enum Packed {
    Memory(Bytes),
    /// In a file without a name, which the system removes when the process ends, however it ends.
    Disk(Arc<File>, usize),
}

impl Packed {
    /// Moves a body to the local disk. Not to the system's folder for such files: that is often
    /// memory.
    pub(super) fn spill(directory: &Path, body: &[u8]) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let mut file = tempfile::tempfile_in(directory)?;
        file.write_all(body)?;
        Ok(Self::Disk(Arc::new(file), body.len()))
    }

    /// The body, in memory.
    pub(super) async fn body(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(body) => Ok(body.clone()),
            Self::Disk(file, length) => {
                let (file, mut body) = (Arc::clone(file), vec![0; *length]);
                tokio::task::spawn_blocking(move || {
                    file.read_exact_at(&mut body, 0)?;
                    Ok(body.into())
                })
                .await?
            }
        }
    }
}
