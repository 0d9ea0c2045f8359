//! The folder of `textrail up`: one process at a time, and a note for the other commands.

use crate::cli;
use crate::config::Secret;
use crate::embedded::postgres;
use crate::file_lock;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use url::Url;

/// Where `up` keeps everything unless told otherwise.
const DEFAULT: &str = "data";
/// Where root keeps it when PostgreSQL's user cannot enter the working directory.
const DEFAULT_OF_ROOT: &str = "/var/lib/textrail";
/// The folder of the texts that were drawn.
const SECRETS: &str = "secrets";

/// Where the data folder is.
///
/// # Errors
/// If the working directory is gone.
pub(super) fn path(flag: &cli::DataDirectory) -> Result<PathBuf> {
    if let Some(path) = &flag.path {
        return Ok(std::path::absolute(path)?);
    }
    let here = std::path::absolute(DEFAULT)?;
    Ok(if postgres::can_live_in(&here) {
        here
    } else {
        PathBuf::from(DEFAULT_OF_ROOT)
    })
}

/// A data folder that this process alone runs on, until it ends.
#[derive(Debug)]
pub(super) struct Locked {
    path: PathBuf,
    _lock: File,
}

impl Locked {
    /// Makes the folder if it is not there, and locks it.
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        // PostgreSQL's user passes through; what is private is in folders and files of their own.
        let made = DirBuilder::new().recursive(true).mode(0o711).create(&path);
        made.with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let file = path.join("lock");
        let taken = file_lock::take(&file);
        let lock = taken.with_context(|| format!("cannot lock {}", file.display()))?;
        let Some(lock) = lock else {
            bail!(
                "another `textrail up` runs on {}: stop it first, or choose another folder with --data",
                path.display()
            )
        };
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, private to this user.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// A random text that is drawn once and kept; true if it was drawn now.
    pub(super) fn secret(&self, name: &str) -> Result<(Secret, bool)> {
        if let Some(kept) = kept_secret(&self.path, name)? {
            return Ok((kept, false));
        }
        let drawn = super::random_text();
        write_private(&self.folder(SECRETS)?.join(name), drawn.as_bytes())?;
        Ok((Secret::new(drawn), true))
    }
}

/// A random text that [`Locked::secret`] drew for a folder; none if it never did.
///
/// # Errors
/// If it cannot be read.
pub(super) fn kept_secret(directory: &Path, name: &str) -> Result<Option<Secret>> {
    let path = directory.join(SECRETS).join(name);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => {
            let kept = read.with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Some(Secret::new(kept.trim())))
        }
    }
}

/// What a running `up` leaves for the other commands on the same machine: its server, and its ledger.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Note {
    /// Where the API listens.
    pub(super) url: Url,
    /// Where webhooks and short codes are reached. Absent from the notes of earlier versions.
    #[serde(default)]
    pub(super) public_url: Option<Url>,
    /// An admin's key.
    pub(super) api_key: String,
    /// The private PostgreSQL, with its password.
    pub(super) database_url: String,
}

impl Note {
    /// Reads the note; none if no `up` ever ran on the folder.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>> {
        let path = note(directory);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let note = serde_json::from_str(&text);
        note.map(Some)
            .with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes the note.
    pub(super) fn write(&self, directory: &Locked) -> Result<()> {
        write_private(&note(directory.path()), &serde_json::to_vec_pretty(self)?)
    }
}

fn note(directory: &Path) -> PathBuf {
    directory.join("local.json")
}

/// Writes a file for this user's eyes: whole, or not at all.
fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_process_is_refused_until_the_first_ends() {
        let root = tempfile::tempdir().unwrap();
        let first = Locked::open(root.path().join("data")).unwrap();
        let refused = Locked::open(first.path().to_path_buf())
            .unwrap_err()
            .to_string();
        assert!(refused.contains("another `textrail up`"), "{refused}");
        let path = first.path().to_path_buf();
        drop(first);
        assert!(Locked::open(path).is_ok());
    }

    #[test]
    fn a_secret_is_drawn_once_and_private() {
        let root = tempfile::tempdir().unwrap();
        let directory = Locked::open(root.path().join("data")).unwrap();
        let (drawn, new) = directory.secret("kannel").unwrap();
        let (kept, again) = directory.secret("kannel").unwrap();
        assert!(new && !again && drawn == kept && drawn.expose().len() >= 32);
        let mode = fs::metadata(directory.path().join("secrets/kannel"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_note_is_read_as_it_was_written() {
        let root = tempfile::tempdir().unwrap();
        let directory = Locked::open(root.path().join("data")).unwrap();
        assert!(Note::read(directory.path()).unwrap().is_none());
        let note = Note {
            url: "http://127.0.0.1:8080".parse().unwrap(),
            public_url: None,
            api_key: "k".to_owned(),
            database_url: "postgres://x".to_owned(),
        };
        note.write(&directory).unwrap();
        assert_eq!(Note::read(directory.path()).unwrap().unwrap().api_key, "k");
        fs::write(super::note(directory.path()), "{").unwrap();
        assert!(Note::read(directory.path()).is_err());
    }
}
