//! A connection outside of the pool, kept for as long as it works: the shipper's, and `verify`'s.
//!
//! The shipper streams by `COPY`, which diesel cannot restrict to a window, so it uses the
//! `postgres` client. As with the pool, a connection is only ever seen inside a closure, on a
//! blocking thread. A closure that fails costs the connection: the next one begins on a new one.

use super::tls::Target;
use anyhow::Context as _;
use postgres::{Client, Config};
use std::time::Duration;

/// Time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time without an answer after which a connection is given up by the kernel.
const SILENCE: Duration = Duration::from_secs(30);

/// What every session begins with: limits, and how the outbox is to be read.
const BEGIN: &str = include_str!("sql/ship/session.sql");

/// Why a session's work was not done.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The ledger cannot be reached.
    #[error("the ledger is not available")]
    Connect(#[source] anyhow::Error),
    /// The address leads to a standby: what it shows is behind the primary, and lost if it is.
    #[error(
        "the ledger's address leads to a standby, and windows are read from the primary only: let \
         DATABASE_URL name the primary, or all servers with target_session_attrs=read-write"
    )]
    Standby,
    /// The ledger refused a statement, or the connection broke.
    #[error("the ledger refused a statement")]
    Query(#[from] postgres::Error),
    /// The ledger's answer makes no sense: our mistake, or someone else wrote to our tables.
    #[error("the ledger gave an unexpected answer")]
    Unexpected(#[source] anyhow::Error),
    /// Work on what was read failed.
    #[error("the rows could not be worked on")]
    Work(#[source] anyhow::Error),
}

/// See the module.
#[derive(Debug)]
pub struct Session {
    database_url: String,
    application_name: &'static str,
    connection: Option<Connection>,
}

impl Session {
    /// Names the database. Connects at the first use.
    pub fn new(database_url: &str, application_name: &'static str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            application_name,
            connection: None,
        }
    }

    /// Runs a closure on the connection, on a blocking thread.
    ///
    /// # Errors
    /// If there is no connection to the primary, or the closure fails or panics.
    pub async fn run<T, F>(&mut self, work: F) -> Result<T, SessionError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Client) -> Result<T, SessionError> + Send + 'static,
    {
        let connection = self.connection.take();
        let database_url = self.database_url.clone();
        let application_name = self.application_name;
        let (connection, done) = tokio::task::spawn_blocking(move || {
            let mut client = match connection.and_then(Connection::into_client) {
                Some(client) if !client.is_closed() => client,
                _ => connect(&database_url, application_name)?,
            };
            let done = work(&mut client)?;
            Ok::<_, SessionError>((Connection(Some(client)), done))
        })
        .await
        .map_err(|panic| SessionError::Work(panic.into()))??;
        self.connection = Some(connection);
        Ok(done)
    }
}

/// Whether this connection holds the advisory lock of a number, taking it if it is free. It is held
/// until the connection ends.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn holds_lock(client: &mut Client, number: i64) -> Result<bool, SessionError> {
    let row = client.query_one(include_str!("sql/ship/holds_lock.sql"), &[&number])?;
    Ok(row.try_get(0)?)
}

/// Ends the session that holds this advisory lock if it was silent for longer than `patience`; returns
/// how many sessions were ended: none or one.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn end_silent(
    client: &mut Client,
    number: i64,
    patience: Duration,
) -> Result<i64, SessionError> {
    let row = client.query_one(
        include_str!("sql/ship/end_silent.sql"),
        &[&number, &patience.as_secs_f64()],
    )?;
    Ok(row.try_get(0)?)
}

/// Says something, so that others know that this session lives.
///
/// # Errors
/// If the ledger refuses the statement, or the connection breaks.
pub fn ping(client: &mut Client) -> Result<(), SessionError> {
    Ok(client.batch_execute("SELECT")?)
}

/// A client that may be dropped anywhere. The client itself waits for the server when it is
/// dropped, which panics on an async thread.
struct Connection(Option<Client>);

impl Connection {
    fn into_client(mut self) -> Option<Client> {
        self.0.take()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            std::thread::spawn(move || drop(client));
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

fn connect(database_url: &str, application_name: &str) -> Result<Client, SessionError> {
    let mut client = open(database_url, application_name).map_err(SessionError::Connect)?;
    let standby = client.query_one("SELECT pg_is_in_recovery()", &[])?;
    if standby.try_get(0)? {
        return Err(SessionError::Standby);
    }
    Ok(client)
}

fn open(database_url: &str, application_name: &str) -> anyhow::Result<Client> {
    let target = Target::parse(database_url)?;
    let mut config: Config = target
        .url
        .parse()
        .context("DATABASE_URL is not understood")?;
    config
        .application_name(application_name)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE)
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3);
    let mut client = config.connect(target.connector()?)?;
    client.batch_execute(BEGIN)?;
    Ok(client)
}
