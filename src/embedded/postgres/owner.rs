//! Whose the cluster is. PostgreSQL refuses to run as root, so root hands it to `postgres`.

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that Debian's package makes.
const POSTGRES: &str = "postgres";

/// The user that owns the cluster and runs the server.
#[derive(Clone, Debug)]
pub(super) enum Owner {
    /// Whoever runs textrail.
    Caller,
    /// textrail runs as root: this user instead.
    Other { uid: Uid, gid: Gid, name: String },
}

impl Owner {
    /// Whose a cluster in `directory` is or should be: root leaves an existing one to its owner.
    pub(super) fn of(directory: &Path) -> Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self::Caller);
        }
        let existing = fs::metadata(directory)
            .ok()
            .map(|found| Uid::from_raw(found.uid()));
        let user = match existing.filter(|uid| !uid.is_root()) {
            Some(uid) => User::from_uid(uid)?
                .with_context(|| format!("{} belongs to the unknown user {uid}", directory.display()))?,
            None => User::from_name(POSTGRES)?.with_context(|| {
                format!("PostgreSQL refuses to run as root, and there is no user `{POSTGRES}`: run `useradd --system {POSTGRES}`, or start textrail as an ordinary user")
            })?,
        };
        Ok(Self::Other {
            uid: user.uid,
            gid: user.gid,
            name: user.name,
        })
    }

    /// Makes the directory, private to the owner, and sees that the owner can get there.
    pub(super) fn prepare(&self, directory: &Path) -> Result<()> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
        self.give(directory)?;
        if self
            .command(Path::new("test"))
            .arg("-w")
            .arg(directory)
            .status()?
            .success()
        {
            return Ok(());
        }
        let Self::Other { name, .. } = self else {
            bail!("{} cannot be written to", directory.display());
        };
        let closed = first_closed_parent(directory).unwrap_or_else(|| directory.to_path_buf());
        bail!(
            "PostgreSQL runs as the user `{name}` here (it refuses to run as root), and that user \
             cannot enter {}. Choose another data directory, such as --data /var/lib/textrail, or \
             open that one: chmod o+x {0}",
            closed.display()
        )
    }

    /// Whether every folder on the way is open to it.
    pub(super) fn can_enter(&self, directory: &Path) -> bool {
        matches!(self, Self::Caller) || first_closed_parent(directory).is_none()
    }

    /// Hands a file or directory over.
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        if let Self::Other { uid, gid, .. } = self {
            chown(path, Some(uid.as_raw()), Some(gid.as_raw()))
                .with_context(|| format!("cannot hand {} to PostgreSQL's user", path.display()))?;
        }
        Ok(())
    }

    /// A command that runs as the owner, in a directory that it can enter, and free of `PG…`
    /// variables that point at other servers.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Self::Other { uid, gid, .. } = self {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }
}

/// The first directory on the way that others cannot enter.
fn first_closed_parent(directory: &Path) -> Option<PathBuf> {
    let mut parents = directory.ancestors().skip(1).collect::<Vec<_>>();
    parents.reverse();
    let closed = |path: &&&Path| {
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 == 0)
    };
    parents.iter().find(closed).map(|path| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_parent_is_named() {
        let root = tempfile::tempdir().unwrap();
        let open = root.path().join("open");
        fs::create_dir_all(open.join("closed/inner")).unwrap();
        for path in [root.path(), &open] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let closed = open.join("closed");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(first_closed_parent(&closed.join("inner")), Some(closed));
    }
}
