//! A window's manifest: put last, it says that the window is whole, and what it holds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The version that manifests written by this binary carry.
pub const MANIFEST_VERSION: u32 = 1;

/// The manifest of one window that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub manifest_version: u32,
    /// The ledger's life.
    pub epoch: i32,
    /// The window.
    pub window: i64,
    /// The mark of the clock that it was sealed for: all that was committed before is in this window
    /// or one before it.
    pub boundary: DateTime<Utc>,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// PostgreSQL's snapshot at the seal, as text.
    pub snapshot: String,
    /// The snapshot of the window before.
    pub previous_snapshot: String,
    /// The first window that this manifest accounts for: itself, or the first of the empty windows
    /// just before it, which have no manifest of their own.
    pub first_window: i64,
    /// Its files, by kind and part.
    pub files: Vec<File>,
}

/// One file of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Key in the lake.
    pub key: String,
    /// The kind of all its lines.
    pub kind: String,
    /// From 0, in order of lines.
    pub part: i32,
    /// Lines.
    pub rows: u64,
    /// Bytes of text.
    pub text_bytes: u64,
    /// Hex SHA-256 of the text.
    pub text_sha256: String,
    /// Bytes of the object.
    pub object_bytes: u64,
    /// Hex SHA-256 of the object.
    pub object_sha256: String,
    /// Smallest `recorded_at` in it.
    pub first_recorded_at: DateTime<Utc>,
    /// Largest `recorded_at` in it.
    pub last_recorded_at: DateTime<Utc>,
}

impl Manifest {
    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}
