//! The files themselves: fetched, unpacked, and held against their manifest. A window at a time, a
//! few files at once, so that memory holds no more than those and the ids of one window.

use super::difference::What;
use crate::event::Kind;
use crate::lake::manifest::{File, Manifest};
use crate::lake::store::{ObjectStore, StoreError};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader};
use uuid::Uuid;

/// Files in memory at a time.
const AT_ONCE: usize = 4;
/// What stands before an event's id in its line.
const EVENT_ID: &[u8] = b"\"event_id\":\"";

/// What the files of a window hold.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Lines of each kind.
    pub lines: BTreeMap<Kind, i64>,
    /// What is wrong with which file.
    pub faults: Vec<(Option<Kind>, What, String)>,
    /// Bytes that were fetched.
    pub bytes: u64,
    /// Files that were fetched.
    pub files: u64,
}

/// One file.
struct Unpacked {
    lines: u64,
    text_sha256: String,
    ids: Vec<Uuid>,
}

/// Reads every file of a window.
///
/// # Errors
/// If the lake cannot be asked. A file that is missing or altered is no error.
pub async fn read(store: &dyn ObjectStore, manifest: &Manifest) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let reads = manifest.files.iter().map(|file| async move {
        match store.get(&file.key).await {
            Ok(object) => Ok((file, Some(object))),
            Err(StoreError::NotFound { .. }) => Ok((file, None)),
            Err(error) => Err(error),
        }
    });
    let mut reads = futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE);
    let mut seen = HashSet::new();
    while let Some((file, object)) = reads.try_next().await? {
        let kind = Kind::from_name(&file.kind);
        let Some(object) = object else {
            // That it is missing is told by the listing.
            continue;
        };
        contents.files += 1;
        contents.bytes += object.len() as u64;
        let (unpacked, problems) = examine(file.clone(), object).await;
        let twice = unpacked.ids.iter().filter(|id| !seen.insert(**id)).count();
        if let Some(kind) = kind {
            *contents.lines.entry(kind).or_default() +=
                i64::try_from(unpacked.lines).unwrap_or(i64::MAX);
        }
        let mut fault = |problem: String| {
            let detail = format!("{}: {problem}", file.key);
            contents.faults.push((kind, What::FileAltered, detail));
        };
        problems.into_iter().for_each(&mut fault);
        if twice > 0 {
            fault(format!("{twice} events stand twice in the window"));
        }
    }
    Ok(contents)
}

/// Unpacks a file, off the runtime's threads, and tells what is wrong with it.
async fn examine(file: File, object: Bytes) -> (Unpacked, Vec<String>) {
    let work = move || {
        let mut problems = Vec::new();
        if hex::encode(Sha256::digest(&object)) != file.object_sha256 {
            problems.push("its bytes are not those that were put".to_owned());
        }
        let (unpacked, error) = unpack(&object);
        if let Some(error) = error {
            problems.push(format!("it cannot be unpacked: {error}"));
        } else if unpacked.text_sha256 != file.text_sha256 {
            problems.push("its text is not the one that was put".to_owned());
        }
        if unpacked.lines != file.rows {
            let (found, expected) = (unpacked.lines, file.rows);
            problems.push(format!(
                "it has {found} lines, its manifest says {expected}"
            ));
        }
        (unpacked, problems)
    };
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| {
            let nothing = Unpacked {
                lines: 0,
                text_sha256: String::new(),
                ids: Vec::new(),
            };
            (nothing, vec![format!("it could not be examined: {panic}")])
        })
}

fn unpack(object: &[u8]) -> (Unpacked, Option<std::io::Error>) {
    let mut text = BufReader::new(MultiGzDecoder::new(object));
    let mut hasher = Sha256::new();
    let (mut line, mut lines, mut ids) = (Vec::new(), 0, Vec::new());
    let error = loop {
        line.clear();
        match text.read_until(b'\n', &mut line) {
            Ok(0) => break None,
            Ok(_) => {
                hasher.update(&line);
                lines += 1;
                ids.extend(event_id(&line));
            }
            Err(error) => break Some(error),
        }
    };
    let unpacked = Unpacked {
        lines,
        text_sha256: hex::encode(hasher.finalize()),
        ids,
    };
    (unpacked, error)
}

/// The event's id; none of a line that is no event's.
fn event_id(line: &[u8]) -> Option<Uuid> {
    let at = line
        .windows(EVENT_ID.len())
        .position(|part| part == EVENT_ID)?;
    let id = line.get(at + EVENT_ID.len()..)?.get(..36)?;
    Uuid::try_parse_ascii(id).ok()
}
