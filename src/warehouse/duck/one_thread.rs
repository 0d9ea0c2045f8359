//! A load has one of DuckDB's threads.
//!
//! With several, each insert of a load is planned for them: its rows are put together twice, text is
//! compressed once for the rows in memory and once for the file, and whoever waits for the last thread
//! polls for it, on a processor that staging the next windows needs. A window of 60,000 records took
//! three quarters of the processor time on one thread, and less time by the clock; reads and the second
//! half of a rebuild gain from more.

use super::refused;
use crate::warehouse::WarehouseError;
use duckdb::Connection;

/// Does some work on one thread, and gives the database its threads back, whatever became of the work.
/// The setting is the whole database's: reads that go on meanwhile have one thread as well.
pub(super) fn on_one_thread<T>(
    connection: &mut Connection,
    threads: usize,
    work: impl FnOnce(&mut Connection) -> Result<T, WarehouseError>,
) -> Result<T, WarehouseError> {
    set(connection, 1).map_err(refused("set its threads"))?;
    let done = work(connection);
    // No error: the work may be committed. One thread is slower, not wrong, and the next load sets them.
    if let Err(error) = set(connection, threads) {
        tracing::warn!(%error, threads, "the warehouse stays on one thread");
    }
    done
}

fn set(connection: &Connection, threads: usize) -> duckdb::Result<()> {
    connection.execute_batch(&format!("SET GLOBAL threads = {threads}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_come_back_whatever_became_of_the_work() {
        let threads = |connection: &Connection| -> i64 {
            let sql = "SELECT current_setting('threads')";
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let mut connection = Connection::open_in_memory().unwrap();
        let worked = on_one_thread(&mut connection, 3, |connection| Ok(threads(connection)));
        assert_eq!((worked.unwrap(), threads(&connection)), (1, 3));
        let failed = on_one_thread(&mut connection, 4, |connection| {
            connection.execute_batch("nonsense").map_err(refused("try"))
        });
        assert_eq!((failed.is_err(), threads(&connection)), (true, 4));
    }
}
