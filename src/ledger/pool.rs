//! The pool, and the one door to it.

use super::connection::ConnectionSettings;
use super::gate::Gate;
use diesel::PgConnection;
use diesel::r2d2::{self, ManageConnection};
use diesel::result::{DatabaseErrorKind, Error};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tracing::Instrument;

/// A pool of connections for reads and small writes (r2d2). Cloning shares it.
#[derive(Clone, Debug)]
pub struct Pool {
    inner: r2d2::Pool<Manager>,
    /// Who knows whether PostgreSQL is away.
    gate: Option<Weak<Gate>>,
}

/// Why the ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// PostgreSQL is away, or all connections are taken: try again later.
    #[error("the ledger is not available")]
    Unavailable(#[source] anyhow::Error),
    /// PostgreSQL refused the query.
    #[error("the ledger refused a query")]
    Query(#[source] Error),
}

impl LedgerError {
    /// Whether the same question may be answered a little later. Diesel hands out no SQLSTATEs: a deadlock, a lock
    /// and a statement that took too long are of the unknown kind. A server that takes no writes is a standby, to
    /// which the address leads until the failover is over.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Query(error) => matches!(
                error,
                Error::DatabaseError(
                    DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ReadOnlyTransaction
                        | DatabaseErrorKind::Unknown,
                    _
                ) | Error::RollbackErrorOnCommit { .. }
            ),
        }
    }

    /// The same for another who asked the same question.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Unavailable(error) => Self::Unavailable(anyhow::anyhow!("{error:#}")),
            Self::Query(error) => Self::Query(Error::QueryBuilderError(error.to_string().into())),
        }
    }
}

impl Pool {
    /// A pool of at most `size` connections. None is opened yet: a server starts, and goes on
    /// redirecting, while PostgreSQL is away.
    pub fn new(settings: ConnectionSettings, size: u32) -> Self {
        let inner = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(5))
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(Manager { settings });
        Self { inner, gate: None }
    }

    /// The same pool, which asks nothing of a ledger that the gate knows to be away: it says so at
    /// once.
    #[must_use]
    pub fn behind(&self, gate: &Arc<Gate>) -> Self {
        Self {
            inner: self.inner.clone(),
            gate: Some(Arc::downgrade(gate)),
        }
    }

    /// Runs a closure on a connection, on the blocking pool. The only way to a connection outside
    /// the recorder's threads.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] if PostgreSQL is away, no connection is free in time, or the closure
    /// panics; [`LedgerError::Query`] if the closure fails otherwise.
    pub async fn run<T, F>(&self, name: &'static str, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> diesel::QueryResult<T> + Send + 'static,
    {
        let gate = self.gate.as_ref().and_then(Weak::upgrade);
        if gate.is_some_and(|gate| gate.ledger_is_away()) {
            return Err(LedgerError::Unavailable(anyhow::anyhow!(
                "PostgreSQL is known to be away"
            )));
        }
        let pool = self.inner.clone();
        let gate = self.gate.clone();
        let span = tracing::debug_span!("ledger", query = name);
        tokio::task::spawn_blocking(move || run_blocking(&pool, work))
            .instrument(span)
            .await
            .map_err(|error| LedgerError::Unavailable(error.into()))?
            .inspect_err(|error| {
                if let (LedgerError::Unavailable(_), Some(gate)) =
                    (error, gate.as_ref().and_then(Weak::upgrade))
                {
                    gate.suspect();
                }
            })
    }
}

fn run_blocking<T>(
    pool: &r2d2::Pool<Manager>,
    work: impl FnOnce(&mut PgConnection) -> diesel::QueryResult<T>,
) -> Result<T, LedgerError> {
    let mut conn = pool
        .get()
        .map_err(|error| LedgerError::Unavailable(error.into()))?;
    work(&mut conn).map_err(|error| match error {
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
        | Error::BrokenTransactionManager => LedgerError::Unavailable(error.into()),
        error => LedgerError::Query(error),
    })
}

/// Opens the pool's connections with our bounds.
#[derive(Debug)]
struct Manager {
    settings: ConnectionSettings,
}

impl ManageConnection for Manager {
    type Connection = PgConnection;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<PgConnection, r2d2::Error> {
        self.settings
            .open("textrail")
            .map_err(r2d2::Error::ConnectionError)
    }

    /// At every checkout: a connection that died while it was idle must not be a caller's failure. The
    /// recorder's writers hold connections of their own and never come here; of what is asked all the time,
    /// only links do that no cache holds, some sixteen at a time. For them this was 1.2 % of what PostgreSQL
    /// ran (10 µs beside 395 µs of the question itself), too little to trust a connection for: a repetition
    /// on another one is safe for reads only, and one that was idle for a moment only may be dead as well.
    fn is_valid(&self, conn: &mut PgConnection) -> Result<(), r2d2::Error> {
        use diesel::RunQueryDsl;
        diesel::sql_query("SELECT 1")
            .execute(conn)
            .map(|_| ())
            .map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut PgConnection) -> bool {
        use diesel::connection::{Connection, TransactionManager};
        <PgConnection as Connection>::TransactionManager::is_broken_transaction_manager(conn)
    }
}
