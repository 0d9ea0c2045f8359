//! A load of a window has one of DuckDB's threads, but where it looks through history.
//!
//! With several, each insert of a load is planned for them: its rows are put together twice, text is
//! compressed once for the rows in memory and once for the file, and whoever waits for the last thread
//! polls for it, on a processor that staging the next windows needs. A window of 60,000 records took
//! three quarters of the processor time on one thread, and less time by the clock. Loads of many windows,
//! reads, the second half of a rebuild, and the search for a few rows among those of months gain from
//! more: 700,000 records behind ten million messages took 14 s on two threads, and 17 s on one.

use super::refused;
use crate::warehouse::{StagedWindow, WarehouseError};
use duckdb::Connection;

/// From so many lines on, a load has all threads.
const MANY_LINES: u64 = 200_000;

/// The threads of a database: as many as its settings say, or one for the while. The number that is in
/// use is the whole database's, so reads that go on beside a load have no more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads {
    all: usize,
    of_load: usize,
}

impl Threads {
    /// For a load of these windows.
    pub(super) fn for_load(all: usize, windows: &[StagedWindow]) -> Self {
        let files = windows.iter().flat_map(|window| &window.files);
        let lines: u64 = files.map(|file| file.good_lines).sum();
        let of_load = if lines < MANY_LINES { 1 } else { all };
        Self { all, of_load }
    }

    /// For little work.
    pub(super) fn one(all: usize) -> Self {
        Self { all, of_load: 1 }
    }

    /// Does the work, and gives the database its threads back, whatever became of it.
    pub(super) fn during<T>(
        self,
        connection: &mut Connection,
        work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        set(connection, self.of_load).map_err(refused("set its threads"))?;
        let done = work(connection);
        // No error: the work may be committed. Fewer threads are slower, not wrong, and the next load
        // sets them.
        if let Err(error) = set(connection, self.all) {
            tracing::warn!(%error, threads = self.all, "the warehouse does not get its threads back");
        }
        done
    }

    /// Within [`Self::during`]: does a step of that work on all threads.
    pub(super) fn all<T>(
        self,
        connection: &Connection,
        step: impl FnOnce() -> duckdb::Result<T>,
    ) -> duckdb::Result<T> {
        set(connection, self.all)?;
        // A transaction that failed takes no settings; the work fails with it.
        let done = step()?;
        set(connection, self.of_load)?;
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
        let worked = Threads::one(3).during(&mut connection, |connection| Ok(in_use(connection)));
        assert_eq!((worked.unwrap(), in_use(&connection)), (1, 3));
        let failed = Threads::one(4).during(&mut connection, |connection| {
            connection.execute_batch("nonsense").map_err(refused("try"))
        });
        assert_eq!((failed.is_err(), in_use(&connection)), (true, 4));
    }

    #[test]
    fn a_step_has_all_of_them_and_the_next_one_has_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        let seen = Threads::one(3).during(&mut connection, |connection| {
            let step = Threads::one(3).all(connection, || Ok(in_use(connection)));
            Ok((step.unwrap(), in_use(connection)))
        });
        assert_eq!((seen.unwrap(), in_use(&connection)), ((3, 1), 3));
        let failed = Threads::one(4).during(&mut connection, |connection| {
            let transaction = connection.transaction().map_err(refused("begin"))?;
            Threads::one(4)
                .all(&transaction, || transaction.execute_batch("nonsense"))
                .map_err(refused("try"))
        });
        let told = format!("{:?}", failed.unwrap_err());
        assert!(told.contains("nonsense"), "{told}");
        assert_eq!(in_use(&connection), 4);
    }
}
