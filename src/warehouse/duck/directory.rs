//! The warehouse's folder: generations are files with fixed names, and a pointer file names the
//! current one.
//!
//! The pointer is switched by one rename. The database files are never renamed: DuckDB does not see
//! a rename of an open file, and its write-ahead log would keep the old name. Only the process that
//! owns the warehouse removes old generations: nobody else can have them open.

use crate::file_lock;
use crate::warehouse::WarehouseError;
use anyhow::{Context, ensure};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

const POINTER: &str = "current";
const FIRST: &str = "generation-0001";
const PREFIX: &str = "generation-";
/// Held by the one process that rebuilds.
const REBUILD_LOCK: &str = "reprocess.lock";
/// Held by the one process that loads and answers.
const OWNER_LOCK: &str = "owner.lock";

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Directory(PathBuf);

/// Files are staged in folders below it, and DuckDB takes a staged file's name for a pattern, which it reads in
/// ways of its own.
fn is_plain(path: &Path) -> anyhow::Result<()> {
    let plain = path
        .to_str()
        .is_some_and(|path| !path.contains(['*', '?', '[', '\\']) && !path.starts_with('~'));
    ensure!(
        plain,
        "{} cannot be the warehouse's folder: its path must be UTF-8, not begin with ~, and hold none of * ? [ \\",
        path.display()
    );
    Ok(())
}

impl Directory {
    /// Makes the folder if it is not there.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        is_plain(path)?;
        fs::create_dir_all(path).with_context(|| format!("could not create {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The current generation's name. Without a pointer the first generation becomes current.
    pub(super) fn current(&self) -> anyhow::Result<String> {
        let pointer = self.0.join(POINTER);
        match fs::read_to_string(&pointer) {
            Ok(text) => {
                let name = text.trim();
                number(name)
                    .with_context(|| format!("{} names no generation", pointer.display()))?;
                Ok(name.to_owned())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.point(FIRST)?;
                Ok(FIRST.to_owned())
            }
            Err(error) => {
                Err(error).with_context(|| format!("could not read {}", pointer.display()))
            }
        }
    }

    /// The name of the generation that a rebuild makes while this one is current.
    pub(super) fn after(name: &str) -> anyhow::Result<String> {
        let number = number(name).with_context(|| format!("{name} is no generation"))?;
        Ok(format!("{PREFIX}{:04}", number + 1))
    }

    /// A generation's file.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.duckdb"))
    }

    /// Makes a generation the current one, atomically and durably.
    pub(super) fn point(&self, name: &str) -> anyhow::Result<()> {
        let mut next = tempfile::NamedTempFile::new_in(&self.0)?;
        writeln!(next, "{name}")?;
        next.as_file().sync_all()?;
        next.persist(self.0.join(POINTER))?;
        self.sync()
    }

    /// What was made or renamed in the folder is on the disk.
    pub(super) fn sync(&self) -> anyhow::Result<()> {
        File::open(&self.0)?.sync_all()?;
        Ok(())
    }

    /// Lets this process alone rebuild until the file is closed, which the system does should it die.
    pub(super) fn lock_rebuild(&self) -> Result<File, WarehouseError> {
        self.lock(REBUILD_LOCK)?.ok_or(WarehouseError::Rebuilding)
    }

    /// Lets this process alone open the current generation, in the same way. DuckDB's own lock is one
    /// of the file: it would let another process open the next generation.
    pub(super) fn lock_owner(&self) -> Result<File, WarehouseError> {
        self.lock(OWNER_LOCK)?.ok_or(WarehouseError::Owned)
    }

    /// The lock, unless another has it.
    fn lock(&self, name: &str) -> Result<Option<File>, WarehouseError> {
        let refused = |source: std::io::Error| WarehouseError::Engine {
            action: "lock its folder",
            source: source.into(),
        };
        file_lock::take(&self.0.join(name)).map_err(refused)
    }

    /// Removes a generation, and whatever DuckDB keeps beside its file.
    pub(super) fn remove(&self, name: &str) -> anyhow::Result<()> {
        let start = format!("{name}.duckdb");
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(&start) {
                continue;
            }
            let path = entry.path();
            let removed = if entry.file_type()?.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.with_context(|| format!("could not remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Removes the generations before the one before this: one is kept to go back to.
    pub(super) fn retire(&self, current: &str) -> anyhow::Result<()> {
        let current = number(current).with_context(|| format!("{current} is no generation"))?;
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_suffix(".duckdb") else {
                continue;
            };
            if number(name).is_some_and(|number| number + 1 < current) {
                self.remove(name)?;
                tracing::info!(generation = name, "removed an old generation");
            }
        }
        Ok(())
    }
}

/// A generation's number; none if it is no generation's name.
pub(super) fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix(PREFIX)?;
    let plain = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Directory) -> Vec<String> {
        let entries = fs::read_dir(&directory.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_that_duckdb_would_take_for_a_pattern_is_refused() {
        let root = tempfile::tempdir().unwrap();
        for odd in ["a[1]", "a*", "a?", "a\\b"] {
            let error = Directory::open(&root.path().join(odd)).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("cannot be the warehouse's folder")
            );
        }
        assert!(Directory::open(Path::new("~/warehouse")).is_err());
    }

    #[test]
    fn the_pointer_names_the_current_generation() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(root.path()).unwrap();
        assert_eq!(directory.current().unwrap(), FIRST);
        let next = Directory::after(FIRST).unwrap();
        directory.point(&next).unwrap();
        assert_eq!(directory.current().unwrap(), "generation-0002");
        assert_eq!(
            Directory::after("generation-9999").unwrap(),
            "generation-10000"
        );
        for damaged in ["", "../x", "generation-", "generation-1", "generation-000x"] {
            fs::write(root.path().join(POINTER), damaged).unwrap();
            assert!(directory.current().is_err(), "{damaged}");
        }
    }

    #[test]
    fn the_generation_before_is_kept_and_older_ones_are_removed_with_what_is_beside_them() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(root.path()).unwrap();
        let others = [
            "generation-0001.duckdb.wal",
            "mine.duckdb",
            "generation-x.duckdb",
        ];
        for number in 1..=4 {
            fs::write(directory.file(&format!("generation-000{number}")), "").unwrap();
        }
        for other in others {
            fs::write(root.path().join(other), "").unwrap();
        }
        fs::create_dir(root.path().join("generation-0001.duckdb.tmp")).unwrap();
        directory.retire("generation-0003").unwrap();
        let kept = [
            "generation-0002.duckdb",
            "generation-0003.duckdb",
            "generation-0004.duckdb",
            "generation-x.duckdb",
            "mine.duckdb",
        ];
        assert_eq!(names(&directory), kept);
    }

    #[test]
    fn one_process_rebuilds_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::open(root.path()).unwrap();
        let lock = directory.lock_rebuild().unwrap();
        let refused = directory.lock_rebuild().unwrap_err();
        assert!(matches!(refused, WarehouseError::Rebuilding), "{refused:?}");
        drop(lock);
        directory.lock_rebuild().unwrap();
    }
}
