//! Checkpoints: what was committed moves from DuckDB's log into its file. DuckDB makes one by itself, too, at a
//! commit that finds the log long.

use super::steps::timed;
use duckdb::{Config, Connection};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Checkpoints from now on leave rows where they are. Otherwise each also puts those together that stand in groups
/// which are not full, and compresses them once more: every transaction of a rebuild leaves such groups, and that
/// took 3.5 of its 27 s. Whoever opens the generation next has it done while no window waits.
pub(super) const LEAVE_ROWS: &str = "SET GLOBAL max_vacuum_tasks = 0";

/// When DuckDB makes one by itself.
pub(super) fn by_itself(config: Config) -> duckdb::Result<Config> {
    // Fewer, larger ones: at the default of 16 MB each window paid for one.
    config.with("checkpoint_threshold", "256MB")
}

/// Does not wait for reads: rows that they may still need stay.
pub(super) fn write(connection: &Connection) -> duckdb::Result<()> {
    fail::fail_point!("load.checkpoint.before");
    timed("checkpoint", || connection.execute_batch("CHECKPOINT"))?;
    fail::fail_point!("load.checkpoint.after");
    Ok(())
}

/// Bytes of the log of a file.
pub(super) fn log_bytes(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push(".wal");
    size(&PathBuf::from(log))
}

/// Bytes of a file and its log.
pub(super) fn bytes(file: &Path) -> u64 {
    size(file) + log_bytes(file)
}

/// Of a file that may not be there.
fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}
