//! The pool, and the one door to it.

use diesel::PgConnection;

/// A pool of connections for reads and small writes (r2d2).
#[derive(Clone, Debug)]
pub struct Pool {}

/// Why the ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// PostgreSQL is away, or all connections are taken: try again later.
    #[error("the ledger is not available")]
    Unavailable(#[source] anyhow::Error),
    /// PostgreSQL refused the query.
    #[error("the ledger refused a query")]
    Query(#[from] diesel::result::Error),
}

impl Pool {
    /// Runs a closure on a connection, on the blocking pool.
    pub async fn run<T, F>(&self, name: &'static str, work: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> diesel::QueryResult<T> + Send + 'static,
    {
        let _work = (name, work);
        todo!()
    }
}
