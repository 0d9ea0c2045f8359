//! One process owns a warehouse: it alone opens its files.

use crate::warehouse::WarehouseError;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
};

/// Held by the one process that loads and answers.
const LOCK: &str = "owner.lock";

/// Lets this process alone open the warehouse until the file is closed, which the system does should
/// it die. DuckDB's own lock is one of the file: it would let another process open another generation.
pub(super) fn lock(directory: &Path) -> Result<File, WarehouseError> {
    match open(directory).and_then(|file| match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(WarehouseError::Owned),
        Err(error) => Err(WarehouseError::Engine {
            action: "lock its folder",
            source: error.into(),
        }),
    }
}

fn open(directory: &Path) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true);
    options.open(directory.join(LOCK))
}
