//! The commands and their flags. Each `--help` stands alone.

use crate::domain::window::WindowLength;
use crate::telemetry::LogFormat;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;
use uuid::Uuid;

mod gateway;
mod help;
mod proof;
mod since;

pub use gateway::{Gateway, GatewayAction};
pub use proof::{Quarantine, QuarantineAction, Reprocess, Verify};

#[derive(Clone, Debug, Parser)]
#[command(name = "textrail", version, max_term_width = 100)]
/// Records every text message, receipt, click and reply exactly once, and turns them into reports
///
/// `textrail up` runs everything in one process on this machine and needs no configuration.
/// `serve`, `ship` and `load` are the same as separate services on PostgreSQL and S3.
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The configuration file [default: textrail.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "TEXTRAIL_CONFIG")]
    pub config: Option<PathBuf>,
    /// How log lines are written [default: human on a terminal, else json]
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "TEXTRAIL_LOG_FORMAT"
    )]
    pub log_format: Option<LogFormat>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process on this machine
    #[command(after_help = help::UP)]
    Up(Up),
    /// Run the API: sends, webhooks, redirects, and reports passed on to the loader
    #[command(after_help = help::SERVE)]
    Serve,
    /// Run the shipper: committed events into log files in the lake
    #[command(after_help = help::SHIP)]
    Ship,
    /// Run the loader: log files into the warehouse, and reports out of it
    #[command(after_help = help::LOAD)]
    Load(Load),
    /// Print a report of a running server
    #[command(after_help = help::REPORT)]
    Report(Report),
    /// Rebuild the warehouse from the lake, and switch to it when it is proven
    #[command(after_help = help::REPROCESS)]
    Reprocess(Reprocess),
    /// See what could not be loaded, and load it after all
    #[command(after_help = help::QUARANTINE)]
    Quarantine(Quarantine),
    /// Run SQL straight on the lake's files
    #[command(after_help = help::QUERY)]
    Query(Query),
    /// Prove that ledger, lake and warehouse hold the same, window by window
    #[command(after_help = help::VERIFY)]
    Verify(Verify),
    /// Bring the ledger's schema up to this version
    #[command(after_help = help::MIGRATE)]
    Migrate(Migrate),
    /// Drive a running server like a campaign, and tell what its report must show
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Show what to enter at the SMS providers, and check that their calls get through
    #[command(after_help = help::GATEWAY)]
    Gateway(Gateway),
    /// Make, list and revoke API keys
    #[command(after_help = help::KEY)]
    Key(Key),
}

/// `textrail up`.
#[derive(Clone, Debug, Args)]
pub struct Up {
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// How long a window is: 1s to 1h, dividing a day evenly [default: 5m]
    #[arg(long, value_name = "LENGTH")]
    pub window: Option<WindowLength>,
}

/// The folder of a `textrail up`.
#[derive(Clone, Debug, Default, Args)]
pub struct DataDirectory {
    /// The folder that holds everything of `textrail up` [default: ./data; for root, where the user
    /// postgres cannot enter that, /var/lib/textrail]
    #[arg(
        long = "data",
        global = true,
        value_name = "DIR",
        env = "TEXTRAIL_DATA"
    )]
    pub path: Option<PathBuf>,
}

/// Which server to ask, and as whom.
#[derive(Clone, Debug, Default, Args)]
pub struct Server {
    /// The server [default: the `textrail up` of the data folder]
    #[arg(long, global = true, env = "TEXTRAIL_URL")]
    pub url: Option<Url>,
    /// An API key [default: that of the data folder]
    #[arg(
        long,
        global = true,
        value_name = "KEY",
        env = "TEXTRAIL_API_KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// `textrail load`.
#[derive(Clone, Debug, Args)]
pub struct Load {
    /// Load until the queue is empty and the lake holds nothing new, then exit; answers no reports.
    /// Exit 1 if a window stays out
    #[arg(long)]
    pub drain: bool,
    /// The SQS queue to which S3 posts of new objects [default: `loader.queue_url`]
    #[arg(long, value_name = "URL")]
    pub queue: Option<Url>,
}

/// `textrail report`.
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// Which report
    #[arg(value_enum, default_value = "messages")]
    pub report: ReportName,
    /// Messages recorded from here on: a date, or an RFC 3339 time on a quarter of an hour
    /// [default: the day before the end]
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// And before here [default: the next quarter of an hour]
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Whose days and hours they are: an IANA time zone [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Columns to group by, separated by commas: `campaign`, `campaign_type`, `gateway`,
    /// `sender`, `country`, `day`, `hour`
    #[arg(long, value_name = "COLUMNS")]
    pub group_by: Option<String>,
    /// Leave out the seconds to delivery and to the first click: most of a large report's time
    #[arg(long)]
    pub no_percentiles: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// The reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportName {
    /// Message status, delivery statistics, click-through.
    Messages,
    /// What did not deliver, by gateway, error class and code.
    Errors,
}

/// How to print rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// As the API answers.
    Json,
    /// RFC 4180.
    Csv,
}

/// `textrail demo`.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// Messages to send
    #[arg(long, value_name = "N", default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub messages: u64,
    /// Messages a second; receipts, clicks and replies come on top
    #[arg(long, value_name = "R", default_value_t = 200.0, value_parser = rate)]
    pub rate: f64,
    /// Makes people, texts and what becomes of them repeatable [default: drawn]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Campaigns to spread the messages over; their types take turns
    #[arg(long, value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub campaigns: u16,
    /// How long a call is repeated while the server is away, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,
    /// Also write the numbers that the report must show to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Wait until the report is complete, and compare: exit 1 on a difference
    #[arg(long)]
    pub verify: bool,
    /// Which server to drive.
    #[command(flatten)]
    pub server: Server,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    let possible = (0.01..=100_000.0).contains(&rate);
    possible
        .then_some(rate)
        .ok_or_else(|| "must be between 0.01 and 100000".to_owned())
}

/// `textrail query`.
#[derive(Clone, Debug, Args)]
pub struct Query {
    /// One statement of DuckDB's SQL
    pub sql: String,
    /// Of a bucket, read the days from this one on [default: six days before --until]
    #[arg(long, value_name = "DATE")]
    pub since: Option<NaiveDate>,
    /// Of a bucket, read the days up to this one, by the time of sealing in UTC [default: today]
    #[arg(long, value_name = "DATE")]
    pub until: Option<NaiveDate>,
    /// Of a bucket, refuse to copy more than this many gigabytes
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub most_gigabytes: u64,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// `textrail migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// `textrail key`.
#[derive(Clone, Debug, Args)]
pub struct Key {
    /// What to do with keys.
    #[command(subcommand)]
    pub action: KeyAction,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyAction {
    /// Make a key and print it; it is stored hashed and cannot be shown again
    Create {
        /// What you call it
        name: String,
        /// What it may do; several may be given
        #[arg(long = "role", value_enum, value_name = "ROLE", required = true)]
        roles: Vec<RoleName>,
    },
    /// List all keys, without their secrets
    List,
    /// Refuse a key from now on
    Revoke {
        /// Its id, as `key list` shows it
        id: Uuid,
    },
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Campaigns, messages, submissions, opt-outs, verdicts.
    Campaign,
    /// Receipts and inbound messages, handed in.
    Gateway,
    /// Reports.
    Report,
    /// Everything; the quarantine is for admins alone.
    Admin,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_window_that_cannot_be_is_refused_with_one_that_can() {
        let refused = Cli::try_parse_from(["textrail", "up", "--window", "7s"]).unwrap_err();
        assert!(refused.to_string().contains("such as 5s"), "{refused}");
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(help.contains("Example"), "{}", command.get_name());
            // Clap would wrap it on a usual terminal, and what is pasted would be two commands.
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
    }

    #[test]
    fn several_roles_may_be_given() {
        let line = [
            "textrail", "key", "create", "x", "--role", "campaign", "--role", "report",
        ];
        let Command::Key(Key {
            action: KeyAction::Create { roles, .. },
            ..
        }) = Cli::try_parse_from(line).unwrap().command
        else {
            panic!("not a key")
        };
        assert_eq!(roles, [RoleName::Campaign, RoleName::Report]);
    }
}
