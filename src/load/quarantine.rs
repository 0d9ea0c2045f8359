//! Lines that cannot be loaded are put aside, in the lake too, where anyone can read why.

use super::fault::Fault;
use crate::{
    domain::window::WindowId,
    lake::{keys, store::ObjectStore},
    warehouse::{BadLine, StagedFile},
};
use serde::Serialize;

/// As much of a bad line as is kept beside its reason, in bytes: the whole of it stays in its file.
const KEPT: usize = 64 << 10;

/// A bad line as it is kept: text without NUL, whatever the line was.
pub(super) fn bad_line(line_number: u64, reason: &str, line: &[u8]) -> BadLine {
    let kept = &line[..line.len().min(KEPT)];
    BadLine {
        line_number,
        lines: 1,
        reason: reason.replace('\0', "\u{fffd}"),
        line: String::from_utf8_lossy(kept).replace('\0', "\u{fffd}"),
    }
}

/// A line of a quarantine file.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    #[serde(flatten)]
    bad: &'a BadLine,
}

/// Puts the bad lines of a window's files. What stands there already stays: the lines are the same,
/// though another version may put the reasons otherwise.
pub(super) async fn put(
    store: &dyn ObjectStore,
    window: WindowId,
    files: &[StagedFile],
) -> Result<(), Fault> {
    for file in files.iter().filter(|file| !file.bad_lines.is_empty()) {
        fail::fail_point!("load.quarantine.before");
        let kind = file.kind.as_str();
        let key = keys::quarantine(kind, window.epoch, window.number, file.part);
        let body = encode(file)?;
        store
            .put_if_absent(&key, body.into(), "application/x-ndjson")
            .await?;
        fail::fail_point!("load.quarantine.after");
    }
    Ok(())
}

fn encode(file: &StagedFile) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::new();
    for bad in &file.bad_lines {
        let file = &file.key;
        serde_json::to_writer(&mut body, &Entry { file, bad })?;
        body.push(b'\n');
    }
    Ok(body)
}
