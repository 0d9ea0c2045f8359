//! `textrail gateway`: what to enter at the providers, and whether it works.

use super::DataDirectory;
use clap::{Args, Subcommand};
use url::Url;

/// `textrail gateway`.
#[derive(Clone, Debug, Args)]
pub struct Gateway {
    /// What to do.
    #[command(subcommand)]
    pub action: GatewayAction,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented on the struct")]
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
    /// List the dialects that a gateway can speak, and what `secret` is at each
    Dialects {
        /// Print every status and error code, as the gateway words it and as we do, as JSON
        #[arg(long)]
        json: bool,
    },
}
