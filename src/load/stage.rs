//! One object of the lake becomes a verified file of good lines on this machine.

use super::{
    decode,
    fault::Fault,
    lines::{Line, Lines},
    quarantine,
};
use crate::{
    event::Kind,
    lake::manifest::File,
    warehouse::{BadLine, StagedFile},
};
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::{
    io::{BufWriter, Write as _},
    path::PathBuf,
};

/// Verifies an object against its manifest, and stages its good lines at `path`. Blocks.
///
/// The sums come first: DuckDB loads a file with a bad sum or a missing tail without a word.
pub(super) fn stage(
    object: &[u8],
    file: &File,
    kind: Kind,
    path: PathBuf,
) -> Result<StagedFile, Fault> {
    let altered = |what| Fault::Altered {
        key: file.key.clone(),
        what,
    };
    if hex::encode(Sha256::digest(object)) != file.object_sha256 {
        return Err(altered("object"));
    }
    let unpacked = unpack(object, file, kind, &path)?;
    if unpacked.text_sha256 != file.text_sha256 {
        return Err(altered("text"));
    }
    if unpacked.lines != file.rows {
        return Err(Fault::RowCount {
            key: file.key.clone(),
            expected: file.rows,
            found: unpacked.lines,
        });
    }
    if unpacked.unknown_keys > 0 {
        metrics::counter!("textrail_load_unknown_keys_total", "kind" => kind.as_str())
            .increment(unpacked.unknown_keys);
    }
    Ok(StagedFile {
        key: file.key.clone(),
        kind,
        part: file.part,
        path,
        good_lines: unpacked.lines - unpacked.bad_lines.len() as u64,
        lines: unpacked.lines,
        text_bytes: unpacked.text_bytes,
        text_sha256: unpacked.text_sha256,
        object_sha256: file.object_sha256.clone(),
        first_recorded_at: file.first_recorded_at,
        last_recorded_at: file.last_recorded_at,
        bad_lines: unpacked.bad_lines,
    })
}

struct Unpacked {
    lines: u64,
    bad_lines: Vec<BadLine>,
    unknown_keys: u64,
    text_bytes: u64,
    text_sha256: String,
}

fn unpack(object: &[u8], file: &File, kind: Kind, path: &PathBuf) -> Result<Unpacked, Fault> {
    let disk = |source| Fault::Disk {
        key: file.key.clone(),
        source,
    };
    let mut staged = BufWriter::new(std::fs::File::create(path).map_err(disk)?);
    let mut text = Lines::new(MultiGzDecoder::new(object));
    let (mut lines, mut bad_lines, mut unknown_keys) = (0, Vec::new(), 0);
    loop {
        let line = text.next().map_err(|source| Fault::Unpack {
            key: file.key.clone(),
            source,
        })?;
        let Some(line) = line else { break };
        lines += 1;
        let (line, checked) = match line {
            Line::Whole(line) => (line, decode::check(kind, line)),
            Line::TooLong(line) => (line, Err("longer than a line may be".to_owned())),
        };
        match checked {
            Ok(unknown) => {
                unknown_keys += unknown;
                staged.write_all(line).map_err(disk)?;
                staged.write_all(b"\n").map_err(disk)?;
            }
            Err(reason) => bad_lines.push(quarantine::bad_line(lines, &reason, line)),
        }
    }
    staged.flush().map_err(disk)?;
    let (text_bytes, text_sha256) = text.finish();
    Ok(Unpacked {
        lines,
        bad_lines,
        unknown_keys,
        text_bytes,
        text_sha256,
    })
}
