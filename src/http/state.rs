//! What the handlers share.

use crate::domain::short_code::ShortCodes;
use crate::gateways::{GatewaySettings, Gateways};
use crate::ledger::Pool;
use crate::ledger::recorder::Recorder;
use crate::report::Reports;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// What an operator sets about the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where the world reaches this server: the base of callback URLs.
    pub public_url: Url,
    /// Peers whose `X-Forwarded-For` or `Forwarded` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A folder whose files are served under `/.well-known/`; read once, at the start.
    pub well_known_dir: Option<PathBuf>,
    /// The gateways whose webhooks are taken.
    pub gateways: Vec<GatewaySettings>,
    /// Bounds on clients.
    pub limits: HttpLimits,
}

/// Bounds on clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Threads that serve one listener; none = one a core.
    pub workers: Option<usize>,
    /// Open connections a thread.
    pub max_connections: usize,
    /// How long a client may take to send a request's head.
    pub client_request_timeout: Duration,
    /// How long a silent connection is kept.
    pub keep_alive: Duration,
    /// How long requests in hand may take to end when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            workers: None,
            max_connections: 10_000,
            client_request_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// What [`AppState`] is made of.
pub struct AppStateParts {
    /// Reads of the ledger.
    pub pool: Pool,
    /// Writes to the ledger.
    pub recorder: Recorder,
    /// Codes to link numbers.
    pub short_codes: Arc<ShortCodes>,
    /// Where reports come from.
    pub reports: Arc<dyn Reports>,
    /// The operator's settings.
    pub settings: HttpSettings,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

/// Everything that the handlers of `serve` share. Cloning shares it.
#[derive(Clone)]
pub struct AppState {
    parts: Arc<AppStateParts>,
    gateways: Arc<Gateways>,
}

impl AppState {
    /// Checks the settings and reads the files of the well-known folder.
    pub fn new(parts: AppStateParts) -> anyhow::Result<Self> {
        let gateways = Arc::new(Gateways::new(&parts.settings.gateways)?);
        Ok(Self {
            parts: Arc::new(parts),
            gateways,
        })
    }
}

/// Everything that the handlers of a `load` process share.
#[derive(Clone, Debug)]
pub struct ReportsState {
    /// The warehouse in this process.
    pub reports: Arc<dyn Reports>,
    /// The bearer key that `serve` and `textrail report` present; none = nobody is asked.
    pub bearer: Option<String>,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Bounds on clients.
    pub limits: HttpLimits,
}
