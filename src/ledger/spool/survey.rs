//! What lies in a spool, read from outside: its owner may be running, or dead.

use super::{folder, frame};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// What lies in a spool's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Facts that wait for the ledger, by kind of log line: `inbound`, `receipt`, `click`.
    pub facts: BTreeMap<String, u64>,
    /// When the oldest of them was accepted.
    pub oldest: Option<DateTime<Utc>>,
    /// Bytes of their segments.
    pub bytes: u64,
    /// Copies of segments that are kept because something in them is damaged.
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
    for segment in segments {
        match fs::read(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => survey.add(&read?),
        }
    }
    (survey.damaged_files, survey.refused_facts) = folder::set_aside(directory)?;
    Ok(survey)
}

/// As much of a record as is counted: `{"click": {"recorded_at": …}}`.
#[derive(Deserialize)]
struct Head {
    recorded_at: Option<DateTime<Utc>>,
}

impl Survey {
    fn add(&mut self, segment: &[u8]) {
        self.bytes += segment.len() as u64;
        for record in frame::scan(segment).records {
            let heads: BTreeMap<String, Head> = serde_json::from_slice(record).unwrap_or_default();
            for (kind, head) in heads {
                *self.facts.entry(kind).or_default() += 1;
                self.oldest = match (self.oldest, head.recorded_at) {
                    (Some(oldest), Some(time)) => Some(oldest.min(time)),
                    (oldest, time) => oldest.or(time),
                };
            }
        }
    }

    /// All facts that wait.
    pub fn waiting(&self) -> u64 {
        self.facts.values().sum()
    }
}
