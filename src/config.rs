//! What an operator sets: one struct a concern, read from a file and the environment.
//!
//! `textrail.example.toml` shows every key with its default. Only [`crate::commands`] reads this:
//! the rooms get settings of their own, so that none depends on where a value came from.

use crate::domain::opt_out::ExtraWords;
use crate::domain::window::WindowLength;
use crate::ledger::links::KnownLinks;
use crate::ledger::recorder::{LaneThreads, PersonalData};
use ipnet::IpNet;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use url::Url;

mod gateway;
mod positive;
mod secret;
mod source;
mod webhooks;

pub use gateway::Gateway;
pub use secret::Secret;
pub use source::ConfigError;
pub use webhooks::Webhooks;

/// All that can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The API's listeners.
    pub http: Http,
    /// PostgreSQL and the recorder.
    pub ledger: Ledger,
    /// What is kept while PostgreSQL is away.
    pub spool: Spool,
    /// Subscribers' messages.
    pub inbound: Inbound,
    /// What their words mean.
    pub opt_out: OptOut,
    /// The bucket of log files.
    pub lake: Lake,
    /// DuckDB.
    pub warehouse: Warehouse,
    /// The shipper.
    pub shipper: Shipper,
    /// The loader, which also answers reports.
    pub loader: Loader,
    /// Short URLs.
    pub links: Links,
    /// Personal data in the lake; none by default.
    pub privacy: PersonalData,
    /// What is kept of gateways' webhooks.
    pub webhooks: Webhooks,
    /// The gateways whose webhooks are taken, by the name in their URLs.
    pub gateways: BTreeMap<String, Gateway>,
}

/// The API's listeners.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where the API listens; only short codes, webhooks, `/healthz` and `/.well-known/` if there is a
    /// private listener.
    pub listen: SocketAddr,
    /// Where everything else listens, `/metrics`, `/readyz` and `/docs` among it; `/healthz` is on both.
    pub private_listen: Option<SocketAddr>,
    /// Where the world reaches `listen`: the base of callback URLs, and of short URLs unless
    /// `links.base_url` says otherwise. Default: `http://` and the address of `listen`.
    pub public_url: Option<Url>,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A folder whose files are served under `/.well-known/`.
    pub well_known_dir: Option<PathBuf>,
    /// Threads that serve a listener; one a core by default.
    pub workers: Option<NonZeroUsize>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            private_listen: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            well_known_dir: None,
            workers: None,
        }
    }
}

/// PostgreSQL and the recorder.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// A libpq connection URL or string. Default: `DATABASE_URL`.
    pub url: Option<Secret>,
    /// Connections for reads and small writes; the recorder's threads have their own.
    #[serde(deserialize_with = "positive::read")]
    pub pool_size: u32,
    /// A statement that takes longer is cancelled; 0 = never.
    pub statement_timeout_seconds: u64,
    /// A statement that waits longer for a lock is cancelled; 0 = never.
    pub lock_timeout_seconds: u64,
    /// Rows that may wait in a lane of the recorder; a call that would be more is answered 503.
    #[serde(deserialize_with = "positive::read")]
    pub queued_rows: u32,
    /// Memory of a server for links, so that their visits ask PostgreSQL for nothing.
    pub link_memory_bytes: u64,
    /// Writer threads a lane.
    pub threads: LaneThreads,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            url: None,
            pool_size: 16,
            statement_timeout_seconds: 30,
            lock_timeout_seconds: 5,
            queued_rows: 50_000,
            link_memory_bytes: KnownLinks::USUAL_BYTES,
            threads: LaneThreads::default(),
        }
    }
}

/// What a server keeps while PostgreSQL is away.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    /// Its folder, on a volume that outlives the process. Each server needs one of its own.
    pub directory: PathBuf,
    /// The most bytes that may wait; what would be more is answered 503.
    #[serde(deserialize_with = "positive::read")]
    pub max_bytes: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("spool"),
            max_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// Subscribers' messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inbound {
    /// How long a part of a longer text waits for the others. After that, what is there is recorded.
    #[serde(deserialize_with = "positive::read")]
    pub join_parts_seconds: u32,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            join_parts_seconds: 120,
        }
    }
}

/// What subscribers' words mean.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptOut {
    /// Words beside the built-in ones, by the country of the subscriber's number (ISO 3166-1); those
    /// under `default` count in all.
    pub words: BTreeMap<String, ExtraWords>,
}

/// The bucket of log files. Region and credentials come from AWS's own variables and files.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lake {
    /// The bucket.
    pub bucket: Option<String>,
    /// What stands before every key, such as `textrail/`.
    pub prefix: String,
    /// An S3-compatible server; `AWS_ENDPOINT_URL` does as well.
    pub endpoint_url: Option<Url>,
    /// `host/bucket/key` instead of `bucket.host/key`. Default: where an endpoint is set, which is
    /// what every S3 but AWS wants.
    pub path_style: Option<bool>,
    /// The region. Default: `AWS_REGION` or the profile's.
    pub region: Option<String>,
    /// An attempt to put, get or list that takes longer is given up, and made again.
    #[serde(deserialize_with = "positive::read")]
    pub timeout_seconds: u64,
    /// How long a window is.
    pub window: WindowLength,
    /// Bytes of text after which a file is closed and the next begun.
    #[serde(deserialize_with = "positive::read")]
    pub split_bytes: u64,
}

impl Default for Lake {
    fn default() -> Self {
        Self {
            bucket: None,
            prefix: "textrail/".to_owned(),
            endpoint_url: None,
            path_style: None,
            region: None,
            timeout_seconds: 60,
            window: WindowLength::default(),
            split_bytes: 64 * 1024 * 1024,
        }
    }
}

/// DuckDB.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Warehouse {
    /// The folder of its files. One process opens it: the loader.
    pub directory: PathBuf,
    /// The most memory that DuckDB takes, as it writes it.
    pub memory_limit: String,
    /// Threads of one statement.
    pub threads: usize,
    /// Rows that loads appended, changes of the reports' buckets and of older messages, from which they are
    /// folded into these.
    pub fold_rows: u64,
    /// Bytes of DuckDB's log from which it is written into the file.
    pub checkpoint_bytes: u64,
}

impl Default for Warehouse {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("warehouse"),
            memory_limit: "1GB".to_owned(),
            threads: 2,
            fold_rows: 100_000,
            checkpoint_bytes: 32 * 1024 * 1024,
        }
    }
}

/// The shipper.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shipper {
    /// Where `ship` answers health and metrics.
    pub listen: SocketAddr,
    /// A standby takes over from an active shipper that was silent for this long.
    #[serde(deserialize_with = "positive::read")]
    pub takeover_seconds: u64,
    /// The folder in which files of a large window wait for their upload.
    pub directory: PathBuf,
    /// Bytes that may wait there. A window that needs more is not shipped until this is raised.
    #[serde(deserialize_with = "positive::read")]
    pub disk_bytes: u64,
    /// Bytes that the outbox may take on PostgreSQL's disk: what the time left is counted from while
    /// the lake is away. `up` takes what is free on its own disk.
    pub outbox_room_bytes: Option<u64>,
}

impl Default for Shipper {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8082)),
            takeover_seconds: 90,
            directory: PathBuf::from("ship"),
            disk_bytes: 16 << 30,
            outbox_room_bytes: None,
        }
    }
}

/// The loader, which also answers reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Loader {
    /// Where it answers reports, health and metrics.
    pub listen: SocketAddr,
    /// Where `serve` asks it for reports. Default: `http://` and the address of `listen`.
    pub url: Option<Url>,
    /// What `serve` presents to it. Without a key, whoever reaches `listen` reads reports.
    pub key: Option<Secret>,
    /// The URL of an SQS queue to which S3 posts of new objects.
    pub queue_url: Option<Url>,
    /// How long a message that is being loaded stays hidden from other loaders when this one dies.
    #[serde(deserialize_with = "positive::read")]
    pub queue_visibility_seconds: u32,
    /// How often the lake is asked for new windows. Default: 15, or 60 where there is a queue.
    pub sweep_seconds: Option<NonZeroU64>,
    /// How often a loader that stands by looks whether the warehouse is free.
    #[serde(deserialize_with = "positive::read")]
    pub standby_seconds: u64,
}

impl Default for Loader {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            url: None,
            key: None,
            queue_url: None,
            queue_visibility_seconds: 120,
            sweep_seconds: None,
            standby_seconds: 5,
        }
    }
}

/// Short URLs.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// The base of short URLs of campaigns without a `short_domain`. Default: `http.public_url`.
    pub base_url: Option<Url>,
    /// Characters of a short code, 4 to 16. Codes of other lengths stay valid after a change.
    pub code_length: usize,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            base_url: None,
            code_length: 10,
        }
    }
}

#[cfg(test)]
mod tests;
