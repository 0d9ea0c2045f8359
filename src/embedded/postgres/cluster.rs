//! The calls of `initdb` and `pg_ctl`.

use super::binaries::Binaries;
use super::owner::Owner;
use super::{read, run};
use anyhow::{Context, Result, bail};
use rand::distr::{Alphanumeric, SampleString};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the server is run, besides its port. Durability is PostgreSQL's default: fsync and
/// synchronous commits are on.
const SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    // No socket: the path of a data directory is easily longer than a socket's may be.
    "unix_socket_directories=",
    "max_connections=100",
    "shared_buffers=256MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
    "wal_compression=on",
    "timezone=UTC",
    "log_timezone=UTC",
    // A violated constraint's DETAIL quotes the row, and with it a phone number.
    "log_error_verbosity=terse",
];

/// A server that runs on this cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) port: u16,
}

fn data(directory: &Path) -> PathBuf {
    directory.join("cluster")
}

/// The server's own log.
pub(super) fn log(directory: &Path) -> PathBuf {
    directory.join("postgres.log")
}

/// The major version that made a cluster; none if there is no cluster.
pub(super) fn major_version(data: &Path) -> Result<Option<u32>> {
    if !data.exists() {
        return Ok(None);
    }
    let text = read(&data.join("PG_VERSION"))?;
    let version = text.trim().parse();
    Ok(Some(version.with_context(|| {
        format!("{}: not a version: {text:?}", data.display())
    })?))
}

/// The cluster's password: drawn once, kept for its owner's eyes.
pub(super) fn password(directory: &Path, owner: &Owner) -> Result<String> {
    let path = directory.join("password");
    if path.exists() {
        return Ok(read(&path)?.trim().to_owned());
    }
    let password = Alphanumeric.sample_string(&mut rand::rng(), 32);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(password.as_bytes())?;
    file.sync_all()?;
    owner.give(&path)?;
    Ok(password)
}

/// Makes the cluster, whole or not at all: it gets its name when it is finished.
pub(super) fn create(
    binaries: &Binaries,
    owner: &Owner,
    directory: &Path,
    user: &str,
) -> Result<()> {
    let unfinished = directory.join("cluster.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let mut initdb = owner.command(&binaries.program("initdb"));
    initdb
        .arg("--pgdata")
        .arg(&unfinished)
        .arg("--pwfile")
        .arg(directory.join("password"))
        .args(["--username", user, "--auth", "scram-sha-256"])
        .args(["--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--data-checksums", "--no-instructions"]);
    run(initdb, "initdb failed")?;
    fs::rename(&unfinished, data(directory))?;
    Ok(())
}

/// The server that runs on this cluster, if one does.
pub(super) fn running(
    binaries: &Binaries,
    owner: &Owner,
    directory: &Path,
) -> Result<Option<Running>> {
    if !is_running(binaries, owner, directory)? {
        return Ok(None);
    }
    let file = read(&data(directory).join("postmaster.pid"))?;
    Ok(parse_pid_file(&file).filter(|running| works_in(running.pid, &data(directory))))
}

/// Whether a server runs on this cluster.
pub(super) fn is_running(binaries: &Binaries, owner: &Owner, directory: &Path) -> Result<bool> {
    let mut status = owner.command(&binaries.program("pg_ctl"));
    status.arg("status").arg("--pgdata").arg(data(directory));
    let output = status.output().context("cannot run pg_ctl")?;
    match output.status.code() {
        Some(0) => Ok(true),
        // 3: there is no server.
        Some(3) => Ok(false),
        _ => bail!(
            "pg_ctl status failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

/// Whether a process is a server of this cluster: one works in its data folder. `pg_ctl` takes any
/// process for it that has the number which a dead server left in its file, and numbers come again
/// soon in a container: a stranger must not be stopped.
fn works_in(pid: u32, data: &Path) -> bool {
    let folder = fs::read_link(format!("/proc/{pid}/cwd"));
    let is_ours = matches!((folder, data.canonicalize()), (Ok(folder), Ok(data)) if folder == data);
    if !is_ours {
        tracing::warn!(
            pid,
            "a file names this process as the private PostgreSQL; it is not"
        );
    }
    is_ours
}

/// Line 1 of `postmaster.pid` is the process, line 4 the port.
fn parse_pid_file(text: &str) -> Option<Running> {
    let lines = text.lines().map(str::trim).collect::<Vec<_>>();
    Some(Running {
        pid: lines.first()?.parse().ok()?,
        port: lines.get(3)?.parse().ok()?,
    })
}

/// Starts the server and waits until it takes connections.
pub(super) fn launch(
    binaries: &Binaries,
    owner: &Owner,
    directory: &Path,
    port: u16,
    patience: Duration,
) -> Result<()> {
    let mut options = format!("-c port={port}");
    for setting in SETTINGS {
        options.push_str(" -c ");
        options.push_str(setting);
    }
    let mut start = owner.command(&binaries.program("pg_ctl"));
    start
        .arg("start")
        .arg("--pgdata")
        .arg(data(directory))
        .arg("--log")
        .arg(log(directory))
        .arg("--options")
        .arg(options)
        .args([
            "--wait",
            "--silent",
            "--timeout",
            &patience.as_secs().to_string(),
        ]);
    // The server inherits what it is not told: with a pipe there, waiting for its end would take as
    // long as the server lives.
    let status = start
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .context("cannot run pg_ctl")?;
    if !status.success() {
        bail!(
            "PostgreSQL did not start; its log ends with:\n{}",
            last_lines(&log(directory))
        );
    }
    Ok(())
}

/// Stops the server, and waits until it is gone. Sessions are ended, not waited for.
pub(super) fn stop(
    binaries: &Binaries,
    owner: &Owner,
    directory: &Path,
    patience: Duration,
) -> Result<()> {
    let mut stop = owner.command(&binaries.program("pg_ctl"));
    stop.arg("stop").arg("--pgdata").arg(data(directory)).args([
        "--mode",
        "fast",
        "--wait",
        "--timeout",
        &patience.as_secs().to_string(),
    ]);
    run(stop, "the private PostgreSQL did not stop")
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().collect::<Vec<_>>();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_is_read() {
        let text = "4711\n/data/cluster\n1763868000\n40123\n\n127.0.0.1\n  1 2\nready   \n";
        assert_eq!(
            parse_pid_file(text),
            Some(Running {
                pid: 4711,
                port: 40123
            })
        );
        assert_eq!(parse_pid_file("4711\n"), None);
    }
}
