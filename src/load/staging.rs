//! The folder in which files lie between the lake and the warehouse: one folder a load, removed with
//! it. What a killed process left is removed at the next start.

use std::{fs, io, path::Path};
use tempfile::TempDir;

/// Only folders of this name are ever removed, whatever the operator's folder holds besides.
const PREFIX: &str = "textrail-load-";

/// A folder for one load.
pub(super) fn make(staging: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(staging)?;
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(staging)
}

/// Removes the folders of loads that did not end.
pub(super) fn clean(staging: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(staging) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_load_left_is_removed() {
        let staging = tempfile::tempdir().unwrap();
        let left = make(staging.path()).unwrap().keep();
        fs::write(staging.path().join("mine"), "x").unwrap();
        clean(staging.path()).unwrap();
        assert!(!left.exists());
        assert!(staging.path().join("mine").exists());
        clean(&staging.path().join("nowhere")).unwrap();
    }
}
