//! Finding PostgreSQL's programs.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The major versions that are supported, newest first.
const SUPPORTED: [u32; 4] = [18, 17, 16, 15];
/// Names the directory that holds `initdb`, `pg_ctl` and `postgres`.
const OVERRIDE: &str = "TEXTRAIL_PG_BIN";

/// A directory that holds `initdb`, `pg_ctl` and `postgres` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the programs that fit: of exactly the version `wanted` for a cluster that exists, else
    /// the newest. `TEXTRAIL_PG_BIN` goes before `PATH`, and `PATH` before Debian's directories.
    pub(super) fn find(wanted: Option<u32>) -> Result<Self> {
        choose(candidates()?, wanted)
    }

    /// The major version.
    pub(super) fn major(&self) -> u32 {
        self.major
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What stands in a directory, if that is PostgreSQL.
    fn in_directory(directory: &Path) -> Option<Self> {
        // Debian keeps `pg_ctl` and `initdb` off the PATH; a PATH that has one without the other is
        // of no use.
        if !["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| directory.join(name).is_file())
        {
            return None;
        }
        let output = Command::new(directory.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self {
            directory: directory.to_path_buf(),
            major,
        })
    }
}

/// All that is installed, in the order of preference.
fn candidates() -> Result<Vec<Binaries>> {
    if let Some(directory) = env::var_os(OVERRIDE) {
        let found = Binaries::in_directory(Path::new(&directory)).with_context(|| {
            format!(
                "{OVERRIDE}: {} does not hold PostgreSQL's initdb, pg_ctl and postgres",
                directory.display()
            )
        })?;
        return Ok(vec![found]);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let debian = SUPPORTED
        .iter()
        .map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")));
    let directories = on_path(&path).into_iter().chain(debian);
    Ok(directories
        .filter_map(|directory| Binaries::in_directory(&directory))
        .collect())
}

fn on_path(path: &OsStr) -> Vec<PathBuf> {
    env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .collect()
}

fn choose(found: Vec<Binaries>, wanted: Option<u32>) -> Result<Binaries> {
    let versions = found
        .iter()
        .map(|one| one.major.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let chosen = match wanted {
        Some(wanted) => found.into_iter().find(|one| one.major == wanted),
        None => found.into_iter().find(|one| SUPPORTED.contains(&one.major)),
    };
    match (chosen, wanted) {
        (Some(chosen), _) => Ok(chosen),
        (None, Some(wanted)) => bail!(
            "the data directory holds a cluster of PostgreSQL {wanted}, which another major version \
             cannot open (installed: {}). Install it (apt-get install postgresql-{wanted}) or name \
             its bin directory in {OVERRIDE}, or bring the cluster over with pg_upgrade",
            if versions.is_empty() {
                "none"
            } else {
                &versions
            },
        ),
        (None, None) if versions.is_empty() => bail!(
            "PostgreSQL's programs are not installed: run `apt-get install postgresql`, or name the \
             directory that holds initdb and pg_ctl in {OVERRIDE}"
        ),
        (None, None) => bail!("PostgreSQL {versions} is installed, but textrail needs 15 to 18"),
    }
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian …)`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    number
        .split(|character: char| !character.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(major: u32) -> Binaries {
        Binaries {
            directory: PathBuf::from(format!("/pg/{major}")),
            major,
        }
    }

    #[test]
    fn the_version_is_read() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("busybox"), None);
    }

    #[test]
    fn a_cluster_is_opened_by_its_own_version_alone() {
        let found = vec![binaries(17), binaries(15)];
        assert_eq!(choose(found.clone(), Some(15)).unwrap().major(), 15);
        assert_eq!(choose(found.clone(), None).unwrap().major(), 17);
        let refused = choose(found, Some(16)).unwrap_err().to_string();
        assert!(
            refused.contains("PostgreSQL 16") && refused.contains("17, 15"),
            "{refused}"
        );
    }

    #[test]
    fn versions_too_old_or_too_new_are_refused() {
        let refused = choose(vec![binaries(14), binaries(99)], None)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("14, 99"), "{refused}");
        assert!(
            choose(vec![], None)
                .unwrap_err()
                .to_string()
                .contains("apt-get install postgresql")
        );
    }
}
