//! How a loader works.

use std::{path::PathBuf, time::Duration};

/// What a loader is told.
#[derive(Clone, Debug)]
pub struct LoadSettings {
    /// How often it looks for new windows, unless it is woken.
    pub sweep_every: Duration,
    /// How often it looks back for late ones, and tries those again that were stopped.
    pub look_back_every: Duration,
    /// Windows of one transaction, at most.
    pub windows_at_once: usize,
    /// Rows of one transaction, at most, unless one window alone has more.
    pub rows_at_once: u64,
    /// Rows of what loads appended, changes of the reports' buckets and of older messages, from which they are
    /// folded into these, once no window waits. While windows do, from a million.
    pub fold_rows: u64,
    /// Bytes of the warehouse's log from which it is written into its file, once no window waits.
    pub checkpoint_bytes: u64,
    /// Under which it makes its staging directories; made if it is not there.
    pub staging: PathBuf,
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self {
            sweep_every: Duration::from_secs(15),
            look_back_every: Duration::from_secs(600),
            windows_at_once: 64,
            rows_at_once: 500_000,
            fold_rows: 100_000,
            checkpoint_bytes: 32 * 1024 * 1024,
            staging: std::env::temp_dir(),
        }
    }
}
