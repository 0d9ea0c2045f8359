//! The warehouse: the analytical store that reports come from, built from the lake alone.
//!
//! [`Warehouse`] is what the loader and the reports need of an engine; [`duck::DuckWarehouse`] is
//! DuckDB, embedded, one file a generation, owned by one process. What a load does, step by step,
//! stands in `warehouse/sql/`.

use crate::{domain::window::WindowId, event::Kind};
use chrono::{DateTime, Utc};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

pub mod columns;
pub mod duck;
mod grain;
pub mod lake_sql;
mod quarantine;
pub mod rows;

pub use grain::Grain;
pub use quarantine::{BadLine, QuarantineFilter, QuarantinedFile, Retry};
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
    /// Where its good lines lie, as Parquet of [`columns::arrow_schema`]: they were checked and read, so that no
    /// engine parses them once more.
    pub path: PathBuf,
    /// Rows in `path`.
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
    /// Keys in its good lines that this version does not know.
    pub unknown_keys: u64,
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
    /// Rows that loads appended to the buckets, and that are not folded yet.
    pub bucket_changes: u64,
    /// Messages that loads changed, and that are not folded yet.
    pub message_changes: u64,
    /// Windows that are loaded while one before them is not.
    pub windows_ahead: u64,
    /// Bytes of the store on disk.
    pub bytes: u64,
}

/// What the warehouse noted of one file of the lake, in the transaction that took its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// Its window.
    pub id: WindowId,
    /// The kind of all its lines.
    pub kind: Kind,
    /// From 0, in order of lines.
    pub part: i32,
    /// Its key in the lake.
    pub key: String,
    /// Its lines: always `loaded + duplicates + quarantined`.
    pub lines: u64,
    /// Lines that became a row.
    pub loaded: u64,
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
    /// Hex SHA-256 of its text.
    pub text_sha256: String,
}

/// The lines of one kind in one window, as the warehouse noted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCount {
    /// Lines in the lake: always `loaded + duplicates + quarantined`.
    pub lines: u64,
    /// Lines that became a row.
    pub loaded: u64,
    /// Lines whose event was known already.
    pub duplicates: u64,
    /// Lines put aside.
    pub quarantined: u64,
}

/// The rows of one kind in the whole warehouse, counted in two ways that must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindCount {
    /// The kind.
    pub kind: Kind,
    /// Rows that the notes of all files add up to.
    pub noted: u64,
    /// Rows that the tables hold.
    pub held: u64,
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
    /// Another process has it.
    #[error("another process has the warehouse open")]
    Owned,
    /// Another process rebuilds it.
    #[error("another `textrail reprocess` runs on this warehouse")]
    Rebuilding,
    /// Its tables are not this version's.
    #[error(
        "{generation} was made for other tables than those of this version ({table} differs): \
         `textrail reprocess` of this version makes one that it can use, while the version that made \
         it goes on"
    )]
    OtherSchema {
        /// The generation.
        generation: String,
        /// The first table that differs.
        table: String,
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
    /// already are passed over, so a second loader changes nothing. Their files must lie as they are until it
    /// returns.
    ///
    /// # Errors
    /// [`WarehouseError::RowCount`] when a file has not the rows that were staged; [`WarehouseError::Engine`]
    /// when the engine refuses.
    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError>;
    /// Reads the lines of windows that are about to be loaded, while a load has the store. It is a
    /// hint: the next load, if it is of these windows, has less to do, and any load does the same
    /// without it. Their files must lie as they are until that load returns. An error is of no consequence: the load meets the fault again, and tells of it.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn read_ahead(&self, _windows: &[StagedWindow]) -> Result<(), WarehouseError> {
        Ok(())
    }
    /// Which of these windows are loaded, each with the key of the manifest that it came from.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn loaded(&self, among: &[WindowId]) -> Result<HashMap<WindowId, String>, WarehouseError>;
    /// Notes windows that were tried and could not be loaded, with their manifests: until they are,
    /// no progress passes over them. Those that are loaded, or noted already, are passed over.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be noted.
    fn note_stopped(&self, stopped: &[(WindowId, String)]) -> Result<(), WarehouseError>;
    /// The windows so noted that have not been loaded since, with their manifests.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn stopped(&self) -> Result<Vec<(WindowId, String)>, WarehouseError>;
    /// The last window up to which none is missing; none before the first.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn progress(&self) -> Result<Option<Progress>, WarehouseError>;
    /// The files of which lines are in quarantine, in the order of windows, kinds and parts.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn quarantined(
        &self,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantinedFile>, WarehouseError>;
    /// Loads lines out of quarantine, in one transaction with the note of it. Changes nothing if
    /// they are no longer there.
    ///
    /// # Errors
    /// As [`Self::load`].
    fn retry(&self, retry: &Retry) -> Result<LoadReport, WarehouseError>;
    /// What waits or was put aside.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn counts(&self) -> Result<Counts, WarehouseError>;
    /// The files of these windows as they were noted, in no order. Windows that are not loaded have
    /// none.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn loaded_files(&self, among: &[WindowId]) -> Result<Vec<LoadedFile>, WarehouseError>;
    /// The same, added up by window and kind. Kinds of which a window has no line are absent.
    ///
    /// # Errors
    /// As [`Self::loaded_files`].
    fn window_counts(
        &self,
        among: &[WindowId],
    ) -> Result<BTreeMap<(WindowId, Kind), WindowCount>, WarehouseError> {
        let mut counts = BTreeMap::<_, WindowCount>::new();
        for file in self.loaded_files(among)? {
            let count = counts.entry((file.id, file.kind)).or_default();
            count.lines += file.lines;
            count.loaded += file.loaded;
            count.duplicates += file.duplicates;
            count.quarantined += file.quarantined;
        }
        Ok(counts)
    }
    /// Each kind's rows by the notes and by the tables themselves, in the order of [`Kind::ALL`]. The
    /// tables know no windows, so this is of all of them.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when it cannot be read.
    fn kind_counts(&self) -> Result<Vec<KindCount>, WarehouseError>;
    /// Reads statements in one snapshot, within `limit` for all of them.
    ///
    /// # Errors
    /// [`WarehouseError::Timeout`] over the limit; [`WarehouseError::TooManyRows`] over a statement's own;
    /// [`WarehouseError::Engine`] when the engine refuses.
    fn read(&self, statements: &[Select], limit: Duration) -> Result<Vec<Rows>, WarehouseError>;
    /// Puts what loads appended, changes of the reports' buckets and of older messages, where it belongs, if it
    /// is so many rows; tells whether. Reports say the same before and after, and are faster after. An engine
    /// that appends nothing has nothing to do.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when the engine refuses.
    fn fold(&self, _at_least: u64) -> Result<bool, WarehouseError> {
        Ok(false)
    }
    /// Moves what was committed from the store's log into its main file, if the log has at least so many bytes;
    /// tells whether. An engine without such a log has nothing to do.
    ///
    /// # Errors
    /// [`WarehouseError::Engine`] when the engine refuses.
    fn checkpoint(&self, _at_least: u64) -> Result<bool, WarehouseError> {
        Ok(false)
    }
    /// The generation that took the place of this one since it was opened: open, and not answering
    /// yet. None while this is the current one, which an engine that has no generations always is.
    ///
    /// # Errors
    /// When it cannot be looked for, or cannot be opened.
    fn newer(&self) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        Ok(None)
    }
    /// From now on the newer one answers: each call that begins after this is wholly of it, each that
    /// began before wholly of the other.
    ///
    /// # Errors
    /// When the newer one cannot be read; the other goes on then.
    fn adopt_newer(&self) -> Result<(), WarehouseError> {
        Ok(())
    }
}
