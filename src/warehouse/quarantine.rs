//! Lines that cannot be loaded: what is kept of them, and what is asked about them.

use super::StagedFile;
use crate::{domain::window::WindowId, event::Kind};
use chrono::{DateTime, Utc};

/// A line that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BadLine {
    /// From 1.
    pub line_number: u64,
    /// How many lines of the manifest's it stands for: one, or more where a file's end is missing or
    /// all of it is damaged.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub lines: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The line as far as it is text: broken UTF-8 and NUL are replaced.
    pub line: String,
}

fn one() -> u64 {
    1
}

fn is_one(lines: &u64) -> bool {
    *lines == 1
}

/// A file of which lines are in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedFile {
    /// Its window.
    pub id: WindowId,
    /// The window's manifest.
    pub manifest_key: String,
    /// The kind of all its lines.
    pub kind: Kind,
    /// From 0, in order of lines.
    pub part: i32,
    /// Its key in the lake.
    pub key: String,
    /// Since when.
    pub quarantined_at: DateTime<Utc>,
    /// What is in quarantine, by line number.
    pub lines: Vec<BadLine>,
}

/// Which lines of the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuarantineFilter {
    /// Of this window; of any unless given.
    pub window: Option<WindowId>,
    /// Of this file; of any unless given.
    pub file: Option<String>,
    /// This line; any unless given.
    pub line_number: Option<u64>,
    /// Whether the lines themselves are wanted; they are empty otherwise.
    pub text: bool,
    /// The most entries; files that sort after them are left out.
    pub most: usize,
}

/// A loaded file some of whose quarantined lines can be loaded after all.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Its window.
    pub id: WindowId,
    /// What it had in quarantine when it was staged: line numbers, and how many lines each stands for.
    /// If that is no longer so, somebody else was faster.
    pub before: Vec<(u64, u64)>,
    /// The file: at its path the lines to load and no others, as its bad lines what stays.
    pub file: StagedFile,
}
