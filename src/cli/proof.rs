//! The commands that prove, and mend, what ledger, lake and warehouse hold.

use super::{DataDirectory, Server, since};
use crate::domain::window::WindowId;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `textrail quarantine`.
#[derive(Clone, Debug, Args)]
pub struct Quarantine {
    /// What to do with it.
    #[command(subcommand)]
    pub action: QuarantineAction,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// What to do with the quarantine.
#[derive(Clone, Debug, Subcommand)]
pub enum QuarantineAction {
    /// List what could not be loaded: window, file, line number and reason
    List {
        /// Of one window: epoch and number, such as 1-42
        #[arg(long)]
        window: Option<WindowId>,
        /// Of one log file: its key in the lake
        #[arg(long, value_name = "KEY")]
        file: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one line and why it could not be loaded, as JSON
    Show {
        /// The log file: its key in the lake
        file: String,
        /// The line, from 1
        line_number: u32,
    },
    /// Load what can be loaded by now; exit 1 if a file cannot be tried
    Retry {
        /// Only of one window: epoch and number, such as 1-42
        #[arg(long)]
        window: Option<WindowId>,
        /// First put these corrected lines in the place of bad ones: a file of JSON lines as `show`
        /// prints them (`file`, `line_number`, `line`), with `line` put right
        #[arg(long, value_name = "FILE")]
        with: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `textrail reprocess`.
#[derive(Clone, Debug, Args)]
pub struct Reprocess {
    /// Begin anew, whatever an earlier attempt built
    #[arg(long)]
    pub restart: bool,
    /// The most memory that the new generation's DuckDB takes, such as 4GB; about 300 MB for files in
    /// hand come on top [default: that of the configuration]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// `textrail verify`.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// Compare windows sealed from here on: a time as RFC 3339, a date, or how long ago, such as 36h or
    /// 2d [default: a day before --until]
    #[arg(long, value_name = "TIME", value_parser = since::instant)]
    pub since: Option<DateTime<Utc>>,
    /// And before here [default: now]
    #[arg(long, value_name = "TIME", value_parser = since::instant)]
    pub until: Option<DateTime<Utc>>,
    /// Compare this window alone: its epoch and its number, such as 1-42
    #[arg(long, value_name = "EPOCH-NUMBER", conflicts_with_all = ["since", "until"])]
    pub window: Option<WindowId>,
    /// Let the ledger's count of this window hold up the outbox no longer, such as 1-42: someone has
    /// looked, and it cannot be mended. The difference stays, and is listed as before
    #[arg(long, value_name = "EPOCH-NUMBER", conflicts_with_all = ["since", "until", "window", "deep", "json"])]
    pub accept: Option<WindowId>,
    /// Also read every file of these windows: checksums, lines, and that no event stands twice; and
    /// count the warehouse's different events
    #[arg(long)]
    pub deep: bool,
    /// Print all that was found as JSON
    #[arg(long)]
    pub json: bool,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}
