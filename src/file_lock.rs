//! A file that one process at a time has.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Makes the file if it is not there, and locks it; none if another process has it.
///
/// Closing the file gives the lock back; the system does so when the process dies, however it dies.
/// No other user may open the file, since whoever can may lock it.
///
/// # Errors
/// If the file cannot be made, opened or locked.
pub fn take(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
