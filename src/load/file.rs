//! One file of a window: verified, unpacked, its lines checked, its good lines laid down for the
//! warehouse to read.

use super::line::LineCheck;
use crate::{
    event::Kind,
    lake::manifest,
    warehouse::{BadLine, StagedFile},
};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

/// Why a file is not what its manifest says. Nothing of its window is loaded.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The object was altered.
    #[error("{key}: the object's SHA-256 is not the manifest's")]
    Object {
        /// The file.
        key: String,
    },
    /// It cannot be unpacked.
    #[error("{key}: the object is no gzip file")]
    Gzip {
        /// The file.
        key: String,
        /// What the decoder said.
        #[source]
        source: io::Error,
    },
    /// Its text is another.
    #[error("{key}: the text's SHA-256 is not the manifest's")]
    Text {
        /// The file.
        key: String,
    },
    /// It has another number of lines.
    #[error("{key}: {found} lines where the manifest says {expected}")]
    Lines {
        /// The file.
        key: String,
        /// In the manifest.
        expected: u64,
        /// In the file.
        found: u64,
    },
    /// The manifest names a kind of a newer version.
    #[error("{key}: this version knows no kind `{kind}`")]
    Kind {
        /// The file.
        key: String,
        /// Its kind.
        kind: String,
    },
    /// The staging folder refused it.
    #[error("{key}: could not be staged")]
    Staging {
        /// The file.
        key: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A staged file and how many of its lines' keys are not known here.
#[derive(Debug)]
pub(super) struct Checked {
    /// What the warehouse loads.
    pub(super) staged: StagedFile,
    /// Keys that were passed over.
    pub(super) unknown_keys: u64,
}

/// Verifies an object against its manifest entry and stages its good lines at `path`.
pub(super) fn stage(
    object: &[u8],
    entry: &manifest::File,
    path: &Path,
) -> Result<Checked, FileError> {
    let key = || entry.key.clone();
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == entry.kind);
    let kind = kind.ok_or_else(|| FileError::Kind {
        key: key(),
        kind: entry.kind.clone(),
    })?;
    if sha256(object) != entry.object_sha256 {
        return Err(FileError::Object { key: key() });
    }
    let text = unpack(object, entry.text_bytes)
        .map_err(|source| FileError::Gzip { key: key(), source })?;
    if sha256(&text) != entry.text_sha256 {
        return Err(FileError::Text { key: key() });
    }
    let lines =
        lay_down(&text, kind, path).map_err(|source| FileError::Staging { key: key(), source })?;
    if lines.all != entry.rows {
        return Err(FileError::Lines {
            key: key(),
            expected: entry.rows,
            found: lines.all,
        });
    }
    Ok(Checked {
        unknown_keys: lines.unknown_keys,
        staged: StagedFile {
            key: key(),
            kind,
            part: entry.part,
            path: path.to_owned(),
            good_lines: lines.good,
            lines: lines.all,
            text_bytes: entry.text_bytes,
            text_sha256: entry.text_sha256.clone(),
            object_sha256: entry.object_sha256.clone(),
            first_recorded_at: entry.first_recorded_at,
            last_recorded_at: entry.last_recorded_at,
            bad_lines: lines.bad,
        },
    })
}

/// Unpacks at most one byte more than there should be: a hostile object does not fill the memory.
fn unpack(object: &[u8], text_bytes: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    MultiGzDecoder::new(object)
        .take(text_bytes.saturating_add(1))
        .read_to_end(&mut text)?;
    Ok(text)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[derive(Default)]
struct Lines {
    all: u64,
    good: u64,
    unknown_keys: u64,
    bad: Vec<BadLine>,
}

fn lay_down(text: &[u8], kind: Kind, path: &Path) -> io::Result<Lines> {
    let check = LineCheck::new(kind);
    let mut file = BufWriter::new(File::create(path)?);
    let mut lines = Lines::default();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        lines.all += 1;
        match check.check(line) {
            Ok(unknown_keys) => {
                file.write_all(line)?;
                file.write_all(b"\n")?;
                lines.good += 1;
                lines.unknown_keys += unknown_keys;
            }
            Err(reason) => lines.bad.push(BadLine {
                line_number: lines.all,
                reason,
                line: String::from_utf8_lossy(line).replace('\0', "\u{fffd}"),
            }),
        }
    }
    file.flush()?;
    Ok(lines)
}
