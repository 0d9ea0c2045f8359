//! One object of the lake becomes a verified file of good rows on this machine.
//!
//! What is wrong with a file decides how much of it is trusted:
//!
//! | the object's SHA-256 | its text | what becomes of it |
//! |---|---|---|
//! | is not the manifest's | | altered since it was put: the window stops |
//! | is the manifest's | whole, and the manifest's in sum and number of lines | loaded; bad lines to quarantine |
//! | is the manifest's | whole, and not the manifest's | the manifest contradicts itself: the window stops |
//! | is the manifest's | damaged gzip around the manifest's text (its own sum is bad or missing) | loaded: the text's SHA-256 proves more |
//! | is the manifest's | cut off | whole lines are loaded; one entry in quarantine stands for all that are missing |
//! | is the manifest's | damaged otherwise | no line can be trusted: one entry in quarantine stands for all |
//!
//! A file whose object is the manifest's is what its writer put, so no better one will come, and it
//! must not hold up its window for ever; an altered one may be put right from a backup or an older
//! version of the object. Either way the manifest's lines are those loaded, known, and in quarantine.

use super::{
    columns::RowsFile,
    corrections::Corrections,
    decode::decode,
    fault::Fault,
    lines::{Line, Lines},
    quarantine,
    row::Row,
};
use crate::{
    event::Kind,
    lake::manifest::File,
    warehouse::{BadLine, StagedFile},
};
use flate2::read::MultiGzDecoder;
use metrics::counter;
use sha2::{Digest as _, Sha256};
use std::{
    io::{self, ErrorKind},
    ops::Range,
    path::{Path, PathBuf},
};

/// Which lines of a file are wanted, and what stands in for bad ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    /// By line number.
    pub(super) corrections: Option<&'a Corrections>,
    /// These lines and no others, in order of numbers; all unless given.
    pub(super) only: Option<&'a [Range<u64>]>,
}

/// Verifies an object against its manifest, and stages its good lines at `path`. Blocks.
///
/// The object's sum comes first: of one that is not the manifest's, no line is read.
pub(super) fn stage(
    object: &[u8],
    file: &File,
    kind: Kind,
    path: PathBuf,
    wanted: Wanted<'_>,
) -> Result<StagedFile, Fault> {
    fail::fail_point!("load.stage.before");
    if hex::encode(Sha256::digest(object)) != file.object_sha256 {
        return Err(altered(file, "object"));
    }
    let disk = |source| Fault::Disk {
        key: file.key.clone(),
        source,
    };
    let mut sorted = Sorted::new(&path, file.rows, kind, wanted).map_err(disk)?;
    let text = unpack(object, file, &mut sorted).map_err(disk)?;
    let whole = text.sha256 == file.text_sha256 && text.lines == file.rows;
    match text.damage {
        None if text.sha256 != file.text_sha256 => return Err(altered(file, "text")),
        None if !whole => {
            return Err(Fault::RowCount {
                key: file.key.clone(),
                expected: file.rows,
                found: text.lines,
            });
        }
        None => {}
        Some(damage) if whole => tell(file, &damage, "its text is whole and loaded"),
        Some(damage) if text.lines >= file.rows && damage.is_cut => {
            return Err(altered(file, "text"));
        }
        Some(damage) => {
            tell(file, &damage, "lines of it are put aside");
            if !damage.is_cut {
                // What is in the buffer must not follow the file that is begun anew.
                sorted.rows.finish().map_err(disk)?;
                sorted = Sorted::new(&path, file.rows, kind, wanted).map_err(disk)?;
            }
            sorted.missing(&damage).map_err(disk)?;
        }
    }
    sorted.rows.finish().map_err(disk)?;
    fail::fail_point!("load.stage.after");
    Ok(StagedFile {
        key: file.key.clone(),
        kind,
        part: file.part,
        path,
        good_lines: sorted.good,
        lines: file.rows,
        text_bytes: text.bytes,
        text_sha256: text.sha256,
        object_sha256: file.object_sha256.clone(),
        first_recorded_at: file.first_recorded_at,
        last_recorded_at: file.last_recorded_at,
        bad_lines: sorted.bad,
        unknown_keys: sorted.unknown_keys,
    })
}

fn altered(file: &File, what: &'static str) -> Fault {
    Fault::Altered {
        key: file.key.clone(),
        what,
    }
}

fn tell(file: &File, damage: &Damage, outcome: &str) {
    counter!("textrail_load_damaged_files_total", "kind" => file.kind.clone()).increment(1);
    let key = &file.key;
    tracing::error!(
        key,
        damage = damage.reason,
        "a file was put damaged: {outcome}"
    );
}

/// The text of a file, as far as it could be unpacked.
struct Text {
    lines: u64,
    bytes: u64,
    sha256: String,
    damage: Option<Damage>,
}

/// Why a file could not be unpacked to its end.
struct Damage {
    reason: String,
    /// It ends too early; what came before is as it was written.
    is_cut: bool,
    /// What there is of the line in which it ends.
    rest: Vec<u8>,
}

/// Whether the object ends as gzip ends: with the length of the text (RFC 1952, 2.3.1). One that does
/// was not cut off, though a byte at fault may have sent the decoder beyond its end.
fn has_tail(object: &[u8], file: &File) -> bool {
    object
        .last_chunk::<4>()
        .is_some_and(|tail| u64::from(u32::from_le_bytes(*tail)) == file.text_bytes % (1 << 32))
}

fn unpack(object: &[u8], file: &File, sorted: &mut Sorted<'_>) -> io::Result<Text> {
    let mut text = Lines::new(MultiGzDecoder::new(object));
    let mut damage = None;
    let mut lines = 0;
    loop {
        match text.next() {
            Ok(Some(line)) => {
                lines += 1;
                sorted.take(lines, &line)?;
            }
            Ok(None) => break,
            Err(error) => {
                let is_cut = error.kind() == ErrorKind::UnexpectedEof && !has_tail(object, file);
                let what = if is_cut { "is cut off" } else { "is damaged" };
                damage = Some(Damage {
                    reason: format!("the gzip file {what}: {error}"),
                    is_cut,
                    rest: Vec::new(),
                });
                break;
            }
        }
    }
    if let Some(damage) = &mut damage {
        damage.rest = text.rest().to_vec();
    }
    let (bytes, sha256) = text.finish();
    Ok(Text {
        lines,
        bytes,
        sha256,
        damage,
    })
}

/// Lines sorted into good and bad ones.
struct Sorted<'a> {
    wanted: Wanted<'a>,
    kind: Kind,
    /// By the manifest.
    lines: u64,
    /// Of them, how many were taken.
    taken: u64,
    /// The line in hand.
    row: Row,
    rows: RowsFile,
    good: u64,
    bad: Vec<BadLine>,
    unknown_keys: u64,
}

impl<'a> Sorted<'a> {
    fn new(path: &Path, lines: u64, kind: Kind, wanted: Wanted<'a>) -> io::Result<Self> {
        Ok(Self {
            wanted,
            kind,
            lines,
            taken: 0,
            row: Row::new(kind),
            rows: RowsFile::create(path, kind)?,
            good: 0,
            bad: Vec::new(),
            unknown_keys: 0,
        })
    }

    fn take(&mut self, number: u64, line: &Line<'_>) -> io::Result<()> {
        self.taken = number;
        if !self.wants(number) {
            return Ok(());
        }
        let (line, checked) = match line {
            Line::Whole(line) => (line, decode(self.kind, line, &mut self.row)),
            Line::TooLong(line) => (line, Err("longer than a line may be".to_owned())),
        };
        match checked {
            Ok(()) => self.put(),
            Err(reason) => {
                if !self.put_correction(number)? {
                    self.bad.push(quarantine::bad_line(number, &reason, line));
                }
                Ok(())
            }
        }
    }

    /// The lines that could not be read: one entry stands for all of them in a row that were not
    /// corrected.
    fn missing(&mut self, damage: &Damage) -> io::Result<()> {
        let mut rest: &[u8] = &damage.rest;
        let mut entry: Option<BadLine> = None;
        for number in self.taken + 1..=self.lines {
            if !self.wants(number) || self.put_correction(number)? {
                self.bad.extend(entry.take());
                continue;
            }
            match &mut entry {
                Some(entry) => entry.lines += 1,
                None => {
                    let rest = std::mem::take(&mut rest);
                    entry = Some(quarantine::bad_line(number, &damage.reason, rest));
                }
            }
        }
        self.bad.extend(entry);
        Ok(())
    }

    fn wants(&self, number: u64) -> bool {
        self.wanted.only.is_none_or(|ranges| {
            let after = ranges.partition_point(|range| range.end <= number);
            ranges
                .get(after)
                .is_some_and(|range| range.contains(&number))
        })
    }

    fn put_correction(&mut self, number: u64) -> io::Result<bool> {
        let corrections = self.wanted.corrections;
        let Some(line) = corrections.and_then(|corrections| corrections.get(&number)) else {
            return Ok(false);
        };
        // It was checked when it was made; a version that knows less may still refuse it.
        if decode(self.kind, line.as_bytes(), &mut self.row).is_err() {
            return Ok(false);
        }
        self.put()?;
        Ok(true)
    }

    /// Keeps the line in hand.
    fn put(&mut self) -> io::Result<()> {
        self.good += 1;
        self.unknown_keys += self.row.held.unknown;
        self.rows.add(&self.row)
    }
}
