//! `textrail gateway`: what to enter at the providers, and whether it works.

use super::{DataDirectory, since};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use url::Url;

/// `textrail gateway`.
#[derive(Clone, Debug, Args)]
pub struct Gateway {
    /// What to do.
    #[command(subcommand)]
    pub action: GatewayAction,
    /// Which data folder.
    #[command(flatten)]
    pub data: DataDirectory,
}

/// What to do with the gateways.
#[derive(Clone, Debug, Subcommand)]
pub enum GatewayAction {
    /// List the configured gateways, with the URLs to enter at each provider
    List {
        /// Print the secrets that stand in URLs, too
        #[arg(long)]
        show_secrets: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Post a signed sample and a forged one to a gateway's real URL; exit 1 if either is not
    /// answered as it must be
    Check {
        /// The gateway's name
        name: String,
        /// Post here instead of the public URL, past proxies; it is still the public URL that is
        /// signed
        #[arg(long, value_name = "URL")]
        via: Option<Url>,
    },
    /// List the kept calls of which something could not be read, the latest first
    Refused {
        /// Of this gateway alone
        name: Option<String>,
        /// Arrived from here on: a time as RFC 3339, a date, or how long ago, such as 36h or 2d
        #[arg(long, value_name = "TIME", value_parser = since::instant, default_value = "30d")]
        since: DateTime<Utc>,
        /// At most so many calls
        #[arg(long, value_name = "N", default_value_t = 100,
            value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Read a gateway's kept calls again, with what its dialect knows today: what could not be read
    /// is recorded, what was read otherwise is corrected. Repeating it adds nothing
    Replay {
        /// The gateway's name
        name: String,
        /// Arrived from here on: a time as RFC 3339, a date, or how long ago, such as 36h or 2d
        #[arg(long, value_name = "TIME", value_parser = since::instant)]
        since: DateTime<Utc>,
        /// And before here [default: now]
        #[arg(long, value_name = "TIME", value_parser = since::instant)]
        until: Option<DateTime<Utc>>,
        /// Write nothing, and tell what would be written; each batch is judged by itself, so that
        /// repetitions far apart are counted as new
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the dialects that a gateway can speak, and what `secret` is at each
    Dialects {
        /// Print every status and error code, as the gateway words it and as we do, as JSON
        #[arg(long)]
        json: bool,
    },
}
