//! The warehouse: the analytical store that reports come from, built from the lake alone.
//!
//! [`Warehouse`] is what the loader and the reports need of an engine; [`duck::DuckWarehouse`] is
//! DuckDB, embedded, one file a generation, owned by one process. What a load does, step by step,
//! stands in `warehouse/sql/`.

use crate::{domain::window::WindowId, event::Kind};
use chrono::{DateTime, Utc};
use std::{collections::HashMap, path::PathBuf, time::Duration};

pub mod columns;
pub mod duck;
pub mod lake_sql;
pub mod rows;

pub use rows::{Cell, Rows, Select};

/// A window whose files were fetched and verified and lie ready on this machine.
#[derive(Clone, Debug)]
pub struct StagedWindow {
    /// Which window.
    pub id: WindowId,
    /// All that was committed before this instant is in it or in one before.
    pub boundary: DateTime<Utc>,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// Its manifest in the lake.
    pub manifest_key: String,
    /// The first window that its manifest accounts for: itself, or the first of the empty ones just
    /// before it.
    pub first_number: i64,
    /// Its files.
    pub files: Vec<StagedFile>,
}

/// A verified file of one kind.
#[derive(Clone, Debug)]
pub struct StagedFile {
    /// Its key in the lake.
    pub key: String,
    /// The kind of all its lines.
    pub kind: Kind,
    /// From 0, in order of lines.
    pub part: i32,
    /// Where the text of its good lines lies.
    pub path: PathBuf,
    /// Good lines in `path`.
    pub good_lines: u64,
    /// Lines in the lake's file.
    pub lines: u64,
    /// Bytes of the lake's file, unpacked.
    pub text_bytes: u64,
    /// Hex SHA-256 of the lake's file, unpacked.
    pub text_sha256: String,
    /// Hex SHA-256 of the object.
    pub object_sha256: String,
    /// Smallest `recorded_at` in it, by its manifest.
    pub first_recorded_at: DateTime<Utc>,
    /// Largest `recorded_at` in it.
    pub last_recorded_at: DateTime<Utc>,
    /// Lines that cannot be loaded, and why.
    pub bad_lines: Vec<BadLine>,
}

/// A line that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BadLine {
    /// From 1.
    pub line_number: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The line as far as it is text: broken UTF-8 and NUL are replaced.
    pub line: String,
}

/// What a load did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Windows that are loaded now and were not before.
    pub windows: Vec<WindowId>,
    /// Rows loaded by kind, in the order of [`Kind::ALL`].
    pub rows: [u64; 7],
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
}

impl LoadReport {
    /// Adds what another load did.
    pub fn add(&mut self, other: Self) {
        self.windows.extend(other.windows);
        for (rows, more) in self.rows.iter_mut().zip(other.rows) {
            *rows += more;
        }
        self.duplicates += other.duplicates;
        self.quarantined += other.quarantined;
    }
}

/// The last window up to which none is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The window.
    pub id: WindowId,
    /// Its boundary: the reports are complete through this instant.
    pub boundary: DateTime<Utc>,
    /// Its manifest: older ones need not be listed again.
    pub manifest_key: String,
}

/// What waits or was put aside, and how large all is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines in quarantine.
    pub quarantined_lines: u64,
    /// Events whose message has not come.
    pub orphan_events: u64,
    /// Receipts whose match has not come.
    pub parked_receipts: u64,
    /// Windows that are loaded while one before them is not.
    pub windows_ahead: u64,
    /// Bytes of the store on disk.
    pub bytes: u64,
}

/// Why the warehouse did not do it.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// A staged file did not come to the rows that it must have: nothing of its transaction stands.
    #[error("{key} came to {found} rows where {expected} were staged")]
    RowCount {
        /// The file.
        key: String,
        /// Good lines staged.
        expected: u64,
        /// Rows read.
        found: u64,
    },
    /// The statement ran longer than it may.
    #[error("a statement ran longer than {limit:?}")]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// More rows than the caller takes.
    #[error("a statement gave more than {limit} rows")]
    TooManyRows {
        /// The limit.
        limit: usize,
    },
    /// The engine said no.
    #[error("the warehouse could not {action}")]
    Engine {
        /// What was being done.
        action: &'static str,
        /// What the engine said.
        #[source]
        source: anyhow::Error,
    },
}

/// An analytical store. Calls block: async callers use a blocking thread.
pub trait Warehouse: Send + Sync + std::fmt::Debug {
    /// The name of the build that answers.
    fn generation(&self) -> String;
    /// Loads windows, each wholly or not at all, all in one transaction. Those that are loaded
    /// already are passed over, so a second loader changes nothing.
    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError>;
    /// Which of these windows are loaded, each with the key of the manifest that it came from.
    fn loaded(&self, among: &[WindowId]) -> Result<HashMap<WindowId, String>, WarehouseError>;
    /// The last window up to which none is missing; none before the first.
    fn progress(&self) -> Result<Option<Progress>, WarehouseError>;
    /// What waits or was put aside.
    fn counts(&self) -> Result<Counts, WarehouseError>;
    /// Reads statements in one snapshot, within `limit` for all of them.
    fn read(&self, statements: &[Select], limit: Duration) -> Result<Vec<Rows>, WarehouseError>;
    /// Moves what was committed into the store's main file.
    fn checkpoint(&self) -> Result<(), WarehouseError>;
}
