//! A load has one of DuckDB's threads, but where it looks through history.
//!
//! With several, each insert of a load is planned for them: its rows are put together twice, text is
//! compressed once for the rows in memory and once for the file, and whoever waits for the last thread
//! polls for it, on a processor that staging the next windows needs. A window of 60,000 records took
//! three quarters of the processor time on one thread, and less time by the clock. Reads, folding, the
//! second half of a rebuild, and the search for a few rows among those of months gain from more.

use super::refused;
use crate::warehouse::WarehouseError;
use duckdb::Connection;

/// The threads of a database: as many as its settings say. The number that is in use is the whole
/// database's, so reads that go on beside a load have one thread as well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads(pub(super) usize);

impl Threads {
    /// Does some work on one thread, and gives the database its threads back, whatever became of the
    /// work.
    pub(super) fn one<T>(
        self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        set(connection, 1).map_err(refused("set its threads"))?;
        let done = work(connection);
        // No error: the work may be committed. One thread is slower, not wrong, and the next load sets
        // them.
        if let Err(error) = set(connection, self.0) {
            let threads = self.0;
            tracing::warn!(%error, threads, "the warehouse stays on one thread");
        }
        done
    }

    /// Within [`Self::one`]: does a step of that work on all threads.
    pub(super) fn all<T>(
        self,
        connection: &Connection,
        step: impl FnOnce() -> duckdb::Result<T>,
    ) -> duckdb::Result<T> {
        set(connection, self.0)?;
        // A transaction that failed takes no settings; the work fails with it.
        let done = step()?;
        set(connection, 1)?;
        Ok(done)
    }
}

fn set(connection: &Connection, threads: usize) -> duckdb::Result<()> {
    connection.execute_batch(&format!("SET GLOBAL threads = {threads}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_use(connection: &Connection) -> i64 {
        let sql = "SELECT current_setting('threads')";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_threads_come_back_whatever_became_of_the_work() {
        let mut connection = Connection::open_in_memory().unwrap();
        let worked = Threads(3).one(&mut connection, |connection| Ok(in_use(connection)));
        assert_eq!((worked.unwrap(), in_use(&connection)), (1, 3));
        let failed = Threads(4).one(&mut connection, |connection| {
            connection.execute_batch("nonsense").map_err(refused("try"))
        });
        assert_eq!((failed.is_err(), in_use(&connection)), (true, 4));
    }

    #[test]
    fn a_step_has_all_of_them_and_the_next_one_has_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let seen = Threads(3).one(&mut connection, |connection| {
            let step = Threads(3).all(connection, || Ok(in_use(connection)));
            Ok((step.unwrap(), in_use(connection)))
        });
        assert_eq!((seen.unwrap(), in_use(&connection)), ((3, 1), 3));
        let failed = Threads(4).one(&mut connection, |connection| {
            let transaction = connection.transaction().map_err(refused("begin"))?;
            Threads(4)
                .all(&transaction, || transaction.execute_batch("nonsense"))
                .map_err(refused("try"))
        });
        let told = format!("{:?}", failed.unwrap_err());
        assert!(told.contains("nonsense"), "{told}");
        assert_eq!(in_use(&connection), 4);
    }
}
