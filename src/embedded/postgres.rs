//! A private PostgreSQL cluster: made once, started, adopted after a crash, stopped.
//!
//! `initdb` and `pg_ctl` do the work; this only decides which of their calls is due. The server
//! listens on a free port of 127.0.0.1 and on nothing else, and asks for a random password. It lives
//! in a session of its own (`pg_ctl` sees to that), so a Ctrl-C in the terminal reaches textrail
//! alone, which stops the server last.

use anyhow::{Context, Result, bail, ensure};
use postgres::NoTls;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs};

mod binaries;
mod cluster;
mod owner;
mod watch;

use binaries::Binaries;
use owner::Owner;

pub use watch::PostgresWatch;

/// The database user and the database.
const NAME: &str = "textrail";
/// How long `pg_ctl` waits for a start (crash recovery included) or a stop.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a start is tried: another process may take the free port that was found.
const START_ATTEMPTS: u32 = 3;

/// A running private PostgreSQL server. Dropping it leaves the server running: [`Self::stop`] it.
pub struct PrivatePostgres {
    binaries: Binaries,
    owner: Owner,
    directory: PathBuf,
    password: String,
    port: u16,
}

impl PrivatePostgres {
    /// Makes the cluster under `directory` if there is none, and starts its server, or adopts one
    /// that outlived the textrail that started it. Blocks until the server answers.
    ///
    /// # Errors
    /// No PostgreSQL of a supported version; a cluster made by a version that is not installed; a
    /// directory that the server's user cannot enter; a server that does not start. Each is
    /// explained.
    pub fn start(directory: &Path) -> Result<Self> {
        let directory = std::path::absolute(directory)?;
        let data = directory.join("cluster");
        let binaries = Binaries::find(cluster::major_version(&data)?)?;
        let owner = Owner::of(&directory)?;
        owner.prepare(&directory)?;
        let password = cluster::password(&directory, &owner)?;
        if !data.exists() {
            cluster::create(&binaries, &owner, &directory, NAME)?;
            tracing::info!(version = binaries.major(), directory = %data.display(), "made a private PostgreSQL cluster");
        }
        let mut server = Self {
            binaries,
            owner,
            directory,
            password,
            port: 0,
        };
        if !server.adopt()? {
            server.launch()?;
        }
        server.ensure_database()?;
        Ok(server)
    }

    /// Where the ledger is, with its password: never log it.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who starts the server again when it has ended.
    pub fn watch(&self) -> PostgresWatch {
        PostgresWatch {
            binaries: self.binaries.clone(),
            owner: self.owner.clone(),
            directory: self.directory.clone(),
            port: self.port,
        }
    }

    /// Stops the server: sessions are ended, a checkpoint is written. Blocks until it is gone.
    ///
    /// # Errors
    /// If the server has not stopped after two minutes.
    pub fn stop(self) -> Result<()> {
        self.shut_down()
    }

    /// Takes over a server that is still running here; false if there is none.
    fn adopt(&mut self) -> Result<bool> {
        let Some(running) = cluster::running(&self.binaries, &self.owner, &self.directory)? else {
            return Ok(false);
        };
        self.port = running.port;
        match self.connect("postgres") {
            Ok(_) => {
                tracing::warn!(
                    pid = running.pid,
                    port = running.port,
                    "adopted the private PostgreSQL that outlived an earlier textrail"
                );
                Ok(true)
            }
            Err(error) => {
                tracing::warn!(
                    pid = running.pid,
                    error = format!("{error:#}"),
                    "a private PostgreSQL outlived an earlier textrail and does not answer: starting it again"
                );
                self.shut_down()?;
                Ok(false)
            }
        }
    }

    fn launch(&mut self) -> Result<()> {
        let mut attempt = 1;
        loop {
            self.port = free_port()?;
            match cluster::launch(
                &self.binaries,
                &self.owner,
                &self.directory,
                self.port,
                PATIENCE,
            ) {
                Ok(()) => break,
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(error) => tracing::warn!(
                    attempt,
                    error = format!("{error:#}"),
                    "the private PostgreSQL did not start: trying again on another port"
                ),
            }
            attempt += 1;
        }
        tracing::info!(
            port = self.port,
            version = self.binaries.major(),
            "private PostgreSQL started"
        );
        Ok(())
    }

    fn shut_down(&self) -> Result<()> {
        cluster::stop(&self.binaries, &self.owner, &self.directory, PATIENCE)
    }

    fn ensure_database(&self) -> Result<()> {
        let mut client = self
            .connect("postgres")
            .context("the private PostgreSQL started but does not answer")?;
        let found = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&NAME])?;
        if found.is_none() {
            client.batch_execute(&format!("CREATE DATABASE {NAME}"))?;
        }
        Ok(())
    }

    fn connect(&self, database: &str) -> Result<postgres::Client> {
        let mut config: postgres::Config = self.url_of(database).parse()?;
        config.connect_timeout(Duration::from_secs(10));
        Ok(config.connect(NoTls)?)
    }

    fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://{NAME}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }
}

/// Whether the server's user could enter a directory: not so when textrail runs as root below a
/// folder that is closed to others.
pub fn can_live_in(directory: &Path) -> bool {
    Owner::of(directory).is_ok_and(|owner| owner.can_enter(directory))
}

impl fmt::Debug for PrivatePostgres {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PrivatePostgres")
            .field("directory", &self.directory)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// A port of 127.0.0.1 that is free at this moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Runs a command to its end; an error carries what it printed.
fn run(mut command: std::process::Command, what: &str) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{what}: cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{what}: {}", String::from_utf8_lossy(&said).trim());
    }
    Ok(())
}

/// Reads a small text file.
fn read(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(!text.trim().is_empty(), "{} is empty", path.display());
    Ok(text)
}

#[cfg(test)]
mod tests;
