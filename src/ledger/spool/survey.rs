//! What lies in a spool, read from outside: its owner may be running, or dead.

use super::{folder, frame};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// The kind of records that this version does not read.
const UNKNOWN: &str = "unknown";

/// What lies in a spool's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Facts that wait for the ledger, by kind of log line: `inbound`, `receipt`, `click`; `unknown` are
    /// whole records that this version does not read. A gateway's call of which nothing could be read
    /// is a `request`.
    pub facts: BTreeMap<String, u64>,
    /// When the oldest of them was accepted.
    pub oldest: Option<DateTime<Utc>>,
    /// Bytes of their segments.
    pub bytes: u64,
    /// Segments in which something is damaged: copies that are kept, and those not drained yet.
    pub damaged_files: u64,
    /// Facts that the ledger refused, kept under `refused/`.
    pub refused_facts: u64,
}

/// Counts what waits in a spool's folder, without owning it; nothing if there is no such folder. A
/// segment that its owner removes meanwhile is in the ledger, and not counted.
///
/// # Errors
/// If a file cannot be read.
pub fn survey(directory: &Path) -> io::Result<Survey> {
    let mut survey = Survey::default();
    let segments = match folder::segments(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(survey),
        segments => segments?,
    };
    let mut not_drained = 0;
    for segment in segments {
        let is_damaged = match fs::read(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => survey.add(&read?),
        };
        // Its owner keeps a copy as soon as it reads it: that is the one to count.
        not_drained += u64::from(is_damaged && !folder::has_copy(&segment.path));
    }
    (survey.damaged_files, survey.refused_facts) = folder::set_aside(directory)?;
    survey.damaged_files += not_drained;
    Ok(survey)
}

/// As much of a record as is counted: `{"click": {"recorded_at": …}}`.
#[derive(Deserialize)]
struct Head {
    recorded_at: Option<DateTime<Utc>>,
}

impl Survey {
    /// Counts a segment; whether something in it is damaged.
    fn add(&mut self, segment: &[u8]) -> bool {
        self.bytes += segment.len() as u64;
        let scan = frame::scan(segment);
        for record in scan.records {
            let (kind, recorded_at) = head(record);
            *self.facts.entry(kind).or_default() += 1;
            self.oldest = match (self.oldest, recorded_at) {
                (Some(oldest), Some(time)) => Some(oldest.min(time)),
                (oldest, time) => oldest.or(time),
            };
        }
        !scan.damaged.is_empty()
    }

    /// All facts that wait.
    pub fn waiting(&self) -> u64 {
        self.facts.values().sum()
    }
}

/// The kind of a record, and when it was accepted. A record that is whole was answered, so it counts
/// even if nothing in it can be read.
fn head(record: &[u8]) -> (String, Option<DateTime<Utc>>) {
    let read = serde_json::from_slice::<BTreeMap<String, Head>>(record).ok();
    let first = read.and_then(|heads| heads.into_iter().next());
    first.map_or_else(
        || (UNKNOWN.to_owned(), None),
        |(kind, head)| (kind, head.recorded_at),
    )
}
