//! Lines that are read before their load begins, while the load before it has the writer.
//!
//! Temporary tables belong to a connection, so what is made of them comes with one of its own. The load of
//! these lines makes it the writer: what the writer had for the load before goes with its connection, and
//! that of two loads at most is held, in DuckDB's memory or in `tmp/`.

use super::{heal, lock, merge, refused, staging::stage_windows};
use crate::warehouse::{StagedFile, StagedWindow, WarehouseError};
use duckdb::Connection;
use std::{path::PathBuf, sync::Mutex};

/// What is read ahead, of one load at most.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<Read>>);

/// A connection, and the files that its staging views are of.
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
    /// Whether [`merge::prepare`] has made of them what it does.
    pub(super) prepared: bool,
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
    /// messages of them, so what can be prepared for that is made now.
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
            merge::prepare(&connection).map_err(refused("read ahead"))?;
        }
        let files = ReadFiles {
            files: ReadFiles::of(&windows),
            prepared: merged,
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
