//! The commands and their flags. Each `--help` stands alone.

use crate::domain::window::{WindowId, WindowLength};
use crate::telemetry::LogFormat;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;
use uuid::Uuid;

/// The whole command line.
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
    #[command(after_help = UP)]
    Up(Up),
    /// Run the API: sends, webhooks, redirects, and reports passed on to the loader
    #[command(after_help = SERVE)]
    Serve,
    /// Run the shipper: committed events into log files in the lake
    #[command(after_help = SHIP)]
    Ship,
    /// Run the loader: log files into the warehouse, and reports out of it
    #[command(after_help = LOAD)]
    Load(Load),
    /// Print a report of a running server
    #[command(after_help = REPORT)]
    Report(Report),
    /// Rebuild the warehouse from the lake, and switch to it when it is proven
    #[command(after_help = REPROCESS)]
    Reprocess(Reprocess),
    /// See what could not be loaded, and load it after all
    #[command(after_help = QUARANTINE)]
    Quarantine(Quarantine),
    /// Run SQL straight on the lake's files
    #[command(after_help = QUERY)]
    Query(Query),
    /// Prove that ledger, lake and warehouse hold the same, window by window
    #[command(after_help = VERIFY)]
    Verify(Verify),
    /// Bring the ledger's schema up to this version
    #[command(after_help = MIGRATE)]
    Migrate(Migrate),
    /// Drive a running server like a campaign, and tell what its report must show
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Make, list and revoke API keys
    #[command(after_help = KEY)]
    Key(Key),
}

/// `textrail up`.
#[derive(Clone, Debug, Args)]
pub struct Up {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
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
    #[arg(long, env = "TEXTRAIL_URL")]
    pub url: Option<Url>,
    /// An API key [default: that of the data folder]
    #[arg(
        long,
        value_name = "KEY",
        env = "TEXTRAIL_API_KEY",
        hide_env_values = true
    )]
    pub key: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
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
    /// [default: a day before the end]
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
        line_number: u64,
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
    pub data: DataDirectory,
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
    pub data: DataDirectory,
}

/// `textrail verify`.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// Compare windows sealed from here on: a date, or an RFC 3339 time [default: a day before --until]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub since: Option<DateTime<Utc>>,
    /// And before here [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub until: Option<DateTime<Utc>>,
    /// Compare this window alone: its epoch and its number, such as 1-42
    #[arg(long, value_name = "EPOCH-NUMBER", conflicts_with_all = ["since", "until"])]
    pub window: Option<WindowId>,
    /// Also read every file of these windows: checksums, lines, and that no event stands twice; and
    /// count the warehouse's different events
    #[arg(long)]
    pub deep: bool,
    /// Print all that was found as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
    pub data: DataDirectory,
}

/// A date, which is its begin in UTC, or an RFC 3339 time.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let begin = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    text.parse::<NaiveDate>()
        .map(begin)
        .or_else(|_| DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()))
        .map_err(|_| {
            "must be a date, such as 2026-11-23, or a time, such as 2026-11-23T05:00:00Z".to_owned()
        })
}

/// `textrail migrate`.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
    pub data: DataDirectory,
}

/// `textrail key`.
#[derive(Clone, Debug, Args)]
pub struct Key {
    /// What to do with keys.
    #[command(subcommand)]
    pub action: KeyAction,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
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
    /// Campaigns, messages, submissions, opt-outs.
    Campaign,
    /// Receipts and inbound messages.
    Gateway,
    /// Reports.
    Report,
    /// Everything.
    Admin,
}

const UP: &str = "\
Starts a private PostgreSQL, an S3-compatible store in a folder, the API, the shipper, the loader
and the reports, under one data folder. The first start prints an API key. Ctrl-C finishes what is
in hand and stops everything; starting again goes on where it stopped.

Examples:
  textrail up                           # http://127.0.0.1:8080, data in ./data
  textrail up --window 5s               # reports follow within seconds
  TEXTRAIL_HTTP__PUBLIC_URL=https://sms.example.com textrail up --data /srv/textrail \
    --listen 0.0.0.0:8080               # texts and gateways get this URL";

const SERVE: &str = "\
Needs the ledger (ledger.url or DATABASE_URL), migrated, and asks the loader (loader.url) for
reports. Any number may run. See textrail.example.toml for every setting.

Example:
  DATABASE_URL=postgres://textrail@db/textrail TEXTRAIL_HTTP__LISTEN=0.0.0.0:8080 textrail serve";

const SHIP: &str = "\
Needs the ledger (ledger.url or DATABASE_URL) and the lake (lake.bucket). Several may run: one is
active, the others stand by. Answers health and metrics on shipper.listen.

Example:
  DATABASE_URL=postgres://textrail@db/textrail TEXTRAIL_LAKE__BUCKET=my-lake textrail ship";

const LOAD: &str = "\
Needs the lake (lake.bucket) and a folder for the warehouse (warehouse.directory); never the ledger.
Answers reports, health and metrics on loader.listen. Finds new windows by asking the lake, and sooner
if S3 posts to an SQS queue (loader.queue_url): messages are deleted once their windows are loaded.
What is no notification of this lake is left to the queue's dead letters, or, if it has none, stored
under _quarantine/queue/ in the lake.

Examples:
  TEXTRAIL_LAKE__BUCKET=my-lake TEXTRAIL_LOADER__LISTEN=0.0.0.0:8081 textrail load
  textrail load --queue https://sqs.eu-central-1.amazonaws.com/123456789012/textrail
  textrail load --drain                 # as a task that a clock starts";

const REPORT: &str = "\
A report is about the messages recorded in the range, restated as later facts arrive; its first
line tells through when it is complete.

Examples:
  textrail report --group-by campaign_type
  textrail report --start 2026-11-01 --end 2026-12-01 --tz Europe/Vienna --group-by day --format csv
  textrail report errors --group-by gateway
  textrail report --url https://sms.example.com --key \"$KEY\"";

const DEMO: &str = "\
Sends messages, reports on them as gateways do, and visits links and answers as people and programs
do, over HTTP alone. Calls are repeated while the server is away, so a server that is killed in the
middle and started again must still end with these numbers.

Examples:
  textrail demo                                  # 2,000 messages at 200 a second
  textrail demo --messages 20000 --rate 1000 --verify
  textrail demo --seed 7 --expect /tmp/expected.json";

const QUARANTINE: &str = "\
A line that cannot be loaded stops nothing: it is put aside with its reason, in the warehouse's list
and under _quarantine/ in the lake, and the rest of its file is loaded. It can be loaded later: by a
newer version that knows it, or with a correction. Corrections are kept in the lake, so that every
rebuild takes them; log files are never changed. A line that is loaded leaves quarantine in the same
transaction, once.

Asks the server of --url and --key, the `textrail up` of the data folder, or, if lake.bucket is
configured, the loader at loader.url with loader.key; if that does not run, opens the warehouse itself.

Examples:
  textrail quarantine list
  textrail quarantine show events/click/dt=2026-11-23/hr=05/….json.gz 17 > line.json
  textrail quarantine retry --with line.json    # after `line` in it was put right
  textrail quarantine retry                     # after an upgrade";

const QUERY: &str = "\
Each kind of log line is a view: message, submission, receipt, matches, click, inbound, opt_out.
Reads the lake of the data folder in place, or, if lake.bucket is configured, a copy of that bucket's
last days. No server is needed.

Examples:
  textrail query 'SELECT count(*) FROM click'
  textrail query \"SELECT date_trunc('hour', occurred_at) AS hour, count(*) FROM click GROUP BY 1\"";

const REPROCESS: &str = "\
Builds another generation of the warehouse beside the current one, from the files of the lake alone:
PostgreSQL may be off. Meanwhile the loader goes on loading, and reports come from the current
generation. When every file of the lake is proven to be in the new one, it becomes current by one
rename; a running loader brings it up to the last window, then answers from it. Killed or stopped, it
goes on where it was when it is run again. A file that is missing or altered is named, and there is no
switch until the lake is whole. The generation before is kept until the next switch.

This is how the warehouse's tables change: install the new version, run its `textrail reprocess`
beside the old loader, then restart the loader as the new version.

Works in warehouse.directory on the lake of lake.bucket, on the loader's machine; or, with --data or
without a bucket, on the data folder of a `textrail up`, which may run.

Examples:
  textrail reprocess                       # the data folder ./data, or the configured bucket
  textrail reprocess --data /srv/textrail --memory 4GB
  textrail reprocess --restart             # forget what an earlier attempt built";

const VERIFY: &str = "\
Holds three counts of each window and kind against each other: the ledger's own (outbox and fact
tables), the lake's (manifests, and that their files are there), the warehouse's (loaded + duplicates +
quarantined). The ledger keeps its count, so that no file is read again: --deep reads them all. Windows
before the span are compared in sum. A window that was sealed less than ten minutes ago may be on its
way; later it is late, and a difference. The running services do the same all the time: see the
metric textrail_verify_alarm.

Looks into the spool of this machine, too (spool.directory, or the data folder's), and says which
folder that is: facts that wait there are on their way, facts that were refused or damaged differ. What
lies in other servers' spools, their own metrics tell (textrail_spool_facts, textrail_spool_set_aside).

Exit code: 0 if all is equal, 1 if anything differs, 2 if a part cannot be asked.

Examples:
  textrail verify                                  # the last day
  textrail verify --since 2026-11-01 --json
  textrail verify --window 1-42 --deep";

const MIGRATE: &str = "\
Applies what is pending and prints it. Waits for no lock longer than five seconds, so it can run
beside servers of this version and the one before. `textrail up` does it by itself.

Example:
  DATABASE_URL=postgres://textrail@db/textrail textrail migrate";

const KEY: &str = "\
Works on the ledger of ledger.url or DATABASE_URL, or else on that of the running `textrail up` of
the data folder.

Examples:
  textrail key create newsletter --role campaign --role report
  textrail key list
  textrail key revoke 019ab0c2-7d31-7c4e-9c70-3f3b8f7f7c11";

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
