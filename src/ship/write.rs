//! A window's rows become gzip files of one kind each, split near a size of text.
//!
//! The split depends on the rows and on the window's own `split_bytes` alone, so a second shipper
//! makes the same files. Finished files wait compressed until the last row was read: the ledger is
//! never made to wait for the lake.

use super::part::{Packed, Part};
use crate::event::Kind;
use crate::ledger::outbox::OutboxRow;
use chrono::{DateTime, Utc};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// How files are packed. No part of what they hold: a window packed otherwise is the same window.
#[derive(Clone, Debug)]
pub struct Packing {
    /// gzip's level, 0 to 9.
    pub level: u32,
    /// Bytes of finished files kept in memory; the others wait on the local disk.
    pub memory_bytes: usize,
    /// The folder in which they wait; made when the first one comes.
    pub directory: PathBuf,
    /// Bytes that may wait there; a window that needs more is not shipped until this is raised.
    pub disk_bytes: u64,
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            level: 6,
            memory_bytes: 16 << 20,
            directory: std::env::temp_dir(),
            disk_bytes: 16 << 30,
        }
    }
}

/// Takes rows, makes files.
pub(super) struct WindowWriter {
    split_bytes: u64,
    packing: Packing,
    open: BTreeMap<Kind, OpenPart>,
    next_part: BTreeMap<Kind, i32>,
    finished: Vec<Part>,
    memory_used: usize,
    disk_used: u64,
}

impl WindowWriter {
    pub(super) fn new(split_bytes: u64, packing: Packing) -> Self {
        Self {
            split_bytes,
            packing,
            open: BTreeMap::new(),
            next_part: BTreeMap::new(),
            finished: Vec::new(),
            memory_used: 0,
            disk_used: 0,
        }
    }

    /// Adds a row to its kind's file, and closes the file once its text is long enough.
    pub(super) fn push(&mut self, row: OutboxRow<'_>) -> io::Result<()> {
        let level = self.packing.level;
        let open = self
            .open
            .entry(row.kind)
            .or_insert_with(|| OpenPart::new(level, row.recorded_at));
        open.push(&row)?;
        if open.text_bytes >= self.split_bytes
            && let Some(full) = self.open.remove(&row.kind)
        {
            self.close(row.kind, full)?;
        }
        Ok(())
    }

    /// Closes what is open; the files by kind and part.
    pub(super) fn finish(mut self) -> io::Result<Vec<Part>> {
        for (kind, open) in std::mem::take(&mut self.open) {
            self.close(kind, open)?;
        }
        self.finished.sort_by_key(|part| (part.kind, part.part));
        Ok(self.finished)
    }

    fn close(&mut self, kind: Kind, open: OpenPart) -> io::Result<()> {
        let number = *self.next_part.entry(kind).or_default();
        let body = open.text.finish()?;
        let object_sha256 = Sha256::digest(&body).into();
        let object_bytes = body.len() as u64;
        let fits = self.memory_used + body.len() <= self.packing.memory_bytes;
        let object = if fits {
            self.memory_used += body.len();
            Packed::Memory(body.into())
        } else {
            self.spill(&body)?
        };
        self.finished.push(Part {
            kind,
            part: number,
            rows: open.rows,
            text_bytes: open.text_bytes,
            text_sha256: open.text_sha256.finalize().into(),
            object_bytes,
            object_sha256,
            first_recorded_at: open.first_recorded_at,
            last_recorded_at: open.last_recorded_at,
            object,
        });
        *self.next_part.entry(kind).or_default() += 1;
        Ok(())
    }

    fn spill(&mut self, body: &[u8]) -> io::Result<Packed> {
        self.disk_used += body.len() as u64;
        if self.disk_used > self.packing.disk_bytes {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!(
                    "a window needs more than the {} bytes that may wait in {}: raise \
                     shipper.disk_bytes",
                    self.packing.disk_bytes,
                    self.packing.directory.display()
                ),
            ));
        }
        Packed::spill(&self.packing.directory, body)
    }
}

/// A file that still grows.
struct OpenPart {
    text: GzEncoder<Vec<u8>>,
    text_sha256: Sha256,
    text_bytes: u64,
    rows: u64,
    first_recorded_at: DateTime<Utc>,
    last_recorded_at: DateTime<Utc>,
}

impl OpenPart {
    fn new(level: u32, recorded_at: DateTime<Utc>) -> Self {
        Self {
            // No name and no time in the header: the same text gives the same bytes.
            text: GzBuilder::new()
                .mtime(0)
                .write(Vec::new(), Compression::new(level)),
            text_sha256: Sha256::new(),
            text_bytes: 0,
            rows: 0,
            first_recorded_at: recorded_at,
            last_recorded_at: recorded_at,
        }
    }

    fn push(&mut self, row: &OutboxRow<'_>) -> io::Result<()> {
        for bytes in [row.line.as_bytes(), b"\n"] {
            self.text.write_all(bytes)?;
            self.text_sha256.update(bytes);
            self.text_bytes += bytes.len() as u64;
        }
        self.rows += 1;
        self.first_recorded_at = self.first_recorded_at.min(row.recorded_at);
        self.last_recorded_at = self.last_recorded_at.max(row.recorded_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    fn packed(rows: &[(Kind, &str)], split_bytes: u64, packing: Packing) -> Vec<Part> {
        let mut writer = WindowWriter::new(split_bytes, packing);
        for (index, (kind, line)) in rows.iter().enumerate() {
            // Times go down: the smallest is not the first.
            let seconds = 100 - i64::try_from(index).unwrap();
            let recorded_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            let row = OutboxRow {
                kind: *kind,
                recorded_at,
                line,
            };
            writer.push(row).unwrap();
        }
        writer.finish().unwrap()
    }

    async fn text(part: &Part) -> String {
        let body = part.object.body().await.unwrap();
        assert_eq!(part.object_bytes, body.len() as u64);
        assert_eq!(part.object_sha256, <[u8; 32]>::from(Sha256::digest(&body)));
        let mut text = String::new();
        GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        assert_eq!(part.text_bytes, text.len() as u64);
        assert_eq!(part.text_sha256, <[u8; 32]>::from(Sha256::digest(&text)));
        text
    }

    const ROWS: [(Kind, &str); 5] = [
        (Kind::Click, "aaaa"),
        (Kind::Message, "m"),
        (Kind::Click, "bbbb"),
        (Kind::Click, "cc"),
        (Kind::Click, "dd"),
    ];

    #[tokio::test]
    async fn each_kind_has_its_files_split_at_the_size() {
        let parts = packed(&ROWS, 10, Packing::default());
        let named: Vec<_> = parts
            .iter()
            .map(|part| (part.kind, part.part, part.rows))
            .collect();
        assert_eq!(
            named,
            [
                (Kind::Message, 0, 1),
                (Kind::Click, 0, 2),
                (Kind::Click, 1, 2)
            ]
        );
        assert_eq!(text(&parts[1]).await, "aaaa\nbbbb\n");
        assert_eq!(text(&parts[2]).await, "cc\ndd\n");
        let times = (parts[1].first_recorded_at, parts[1].last_recorded_at);
        assert_eq!((times.0.timestamp(), times.1.timestamp()), (98, 100));
    }

    #[tokio::test]
    async fn what_does_not_fit_in_memory_waits_on_disk() {
        let packing = Packing {
            memory_bytes: 30,
            ..Packing::default()
        };
        let parts = packed(&ROWS, 10, packing);
        assert!(
            parts
                .iter()
                .any(|part| matches!(part.object, Packed::Memory(_)))
        );
        assert!(
            parts
                .iter()
                .any(|part| matches!(part.object, Packed::Disk(..)))
        );
        assert_eq!(text(&parts[0]).await, "m\n");
        assert_eq!(text(&parts[2]).await, "cc\ndd\n");
    }

    #[test]
    fn more_than_may_wait_on_disk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let packing = Packing {
            memory_bytes: 0,
            directory: folder.path().join("made"),
            disk_bytes: 40,
            ..Packing::default()
        };
        let mut writer = WindowWriter::new(1, packing);
        let mut push = || {
            writer.push(OutboxRow {
                kind: Kind::Click,
                recorded_at: DateTime::UNIX_EPOCH,
                line: "a",
            })
        };
        push().unwrap();
        let full = push().unwrap_err();
        assert!(full.to_string().contains("shipper.disk_bytes"), "{full}");
        // A file without a name: nothing is left when the process ends.
        assert_eq!(
            std::fs::read_dir(folder.path().join("made"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let sums = || -> Vec<_> {
            let parts = packed(&ROWS, 10, Packing::default());
            parts.iter().map(|part| part.object_sha256).collect()
        };
        assert_eq!(sums(), sums());
    }

    #[test]
    fn no_rows_make_no_file() {
        assert!(packed(&[], 10, Packing::default()).is_empty());
    }
}
