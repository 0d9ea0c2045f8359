//! Lines that are read before their load begins, while the load before it has the writer.
//!
//! Temporary tables belong to a connection, so what is read comes with one of its own. The load of
//! these lines makes it the writer: what the writer read for the load before goes with its connection,
//! and two loads' lines at most are held, in DuckDB's memory or in `tmp/`.

use super::{deltas, heal, lock, refused, staging::stage_windows, steps::timed};
use crate::warehouse::{StagedFile, StagedWindow, WarehouseError};
use duckdb::Connection;
use std::{path::PathBuf, sync::Mutex};

/// What is read ahead, of one load at most.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<Read>>);

/// A connection, and the files whose lines are in its staging tables.
#[derive(Debug)]
struct Read {
    connection: Connection,
    files: ReadFiles,
}

/// Files whose lines are read.
#[derive(Debug)]
pub(super) struct ReadFiles {
    /// In order.
    files: Vec<ReadFile>,
    /// Whether what they change is made, too.
    pub(super) has_deltas: bool,
}

/// A path alone would not do: what lies there may be staged anew.
#[derive(Debug, PartialEq, Eq)]
struct ReadFile {
    path: PathBuf,
    text_sha256: String,
    good_lines: u64,
}

impl Ahead {
    /// Reads the lines of these windows, in the place of what was read before. `merged`: their load makes
    /// messages of them, so what they change is made now.
    pub(super) fn read(
        &self,
        connection: Connection,
        windows: &[StagedWindow],
        merged: bool,
    ) -> Result<(), WarehouseError> {
        self.forget();
        let windows: Vec<_> = windows.iter().collect();
        stage_windows(&connection, &windows)?;
        if merged {
            timed("deltas", || deltas::of_staged(&connection)).map_err(refused("read ahead"))?;
        }
        let files = ReadFiles {
            files: ReadFiles::of(&windows),
            has_deltas: merged,
        };
        *lock(&self.0) = Some(Read { connection, files });
        Ok(())
    }

    /// Makes the connection that has read these windows the writer, and tells what it has read. None,
    /// and the writer stays, if it is others that were read; those are forgotten.
    pub(super) fn take_over(
        &self,
        writer: &mut Connection,
        windows: &[StagedWindow],
    ) -> Option<ReadFiles> {
        let read = lock(&self.0).take()?;
        let windows: Vec<_> = windows.iter().collect();
        // Unsound if the database was opened again while it was read.
        if !read.files.are_those_of(&windows) || !heal::is_sound(&read.connection) {
            return None;
        }
        *writer = read.connection;
        Some(read.files)
    }

    /// Lets go of what was read.
    pub(super) fn forget(&self) {
        let read = lock(&self.0).take();
        drop(read);
    }
}

impl ReadFiles {
    fn of(windows: &[&StagedWindow]) -> Vec<ReadFile> {
        let files = windows.iter().flat_map(|window| &window.files);
        files.map(ReadFile::of).collect()
    }

    /// Whether the files of these windows are those that were read, and no others.
    pub(super) fn are_those_of(&self, windows: &[&StagedWindow]) -> bool {
        self.files == Self::of(windows)
    }
}

impl ReadFile {
    fn of(file: &StagedFile) -> Self {
        Self {
            path: file.path.clone(),
            text_sha256: file.text_sha256.clone(),
            good_lines: file.good_lines,
        }
    }
}
