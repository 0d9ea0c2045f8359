//! What the handlers share.

use super::auth::KeyRing;
use super::judgements::Judgements;
use super::link_cache::LinkCache;
use super::quarantine::Quarantines;
use super::well_known::WellKnown;
use crate::domain::short_code::ShortCodes;
use crate::gateways::{GatewaySettings, Gateways, UrlTags};
use crate::ledger::Pool;
use crate::ledger::recorder::Recorder;
use crate::report::Reports;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// What an operator sets about the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where the world reaches this server: the base of callback URLs.
    pub public_url: Url,
    /// Where short URLs lead that no campaign's `short_domain` overrides: the recorder's own
    /// `short_base`.
    pub short_base: Url,
    /// Peers whose `X-Forwarded-For` or `Forwarded` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A folder whose files are served under `/.well-known/`; read once, at the start.
    pub well_known_dir: Option<PathBuf>,
    /// The gateways whose webhooks are taken.
    pub gateways: Vec<GatewaySettings>,
    /// Whether webhooks are kept as they arrived, with their facts.
    pub keep_requests: bool,
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
    /// What proves our ids in callback URLs.
    pub url_tags: UrlTags,
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
    links: LinkCache,
    judgements: Judgements,
    keys: KeyRing,
    well_known: WellKnown,
    quarantine: Option<Arc<dyn Quarantines>>,
}

impl AppState {
    /// Checks the gateways' settings and reads the files of the well-known folder.
    ///
    /// # Errors
    /// The first gateway that cannot work as it is configured; a well-known folder that cannot be read, or
    /// holds too much.
    pub fn new(parts: AppStateParts) -> anyhow::Result<Self> {
        let gateways = Gateways::new(&parts.settings.gateways)?;
        let folder = parts.settings.well_known_dir.as_deref();
        Ok(Self {
            gateways: Arc::new(gateways.with_tags(&parts.url_tags)),
            links: LinkCache::new(
                parts.recorder.known_links().clone(),
                parts.short_codes.clone(),
                parts.pool.clone(),
            ),
            judgements: Judgements::new(),
            keys: KeyRing::new(parts.pool.clone()),
            well_known: folder.map(WellKnown::load).transpose()?.unwrap_or_default(),
            parts: Arc::new(parts),
            quarantine: None,
        })
    }

    /// Answers calls about the quarantine, too.
    #[must_use]
    pub fn with_quarantine(mut self, quarantine: Arc<dyn Quarantines>) -> Self {
        self.quarantine = Some(quarantine);
        self
    }

    pub(super) fn quarantine(&self) -> Option<Arc<dyn Quarantines>> {
        self.quarantine.clone()
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.parts.pool
    }
    pub(super) fn recorder(&self) -> &Recorder {
        &self.parts.recorder
    }
    pub(super) fn short_codes(&self) -> &ShortCodes {
        &self.parts.short_codes
    }
    pub(super) fn reports(&self) -> &Arc<dyn Reports> {
        &self.parts.reports
    }
    pub(super) fn settings(&self) -> &HttpSettings {
        &self.parts.settings
    }
    pub(super) fn metrics(&self) -> &PrometheusHandle {
        &self.parts.metrics
    }
    pub(super) fn gateways(&self) -> &Gateways {
        &self.gateways
    }
    pub(super) fn links(&self) -> &LinkCache {
        &self.links
    }
    pub(super) fn judgements(&self) -> &Judgements {
        &self.judgements
    }
    pub(super) fn keys(&self) -> &KeyRing {
        &self.keys
    }
    pub(super) fn well_known(&self) -> &WellKnown {
        &self.well_known
    }

    /// What to give a gateway as a message's callback; none for a gateway that is only a name here,
    /// whose receipts come with an API key to `/v1/receipts`.
    pub(super) fn receipt_url(&self, gateway: &str, message_id: Uuid) -> Option<String> {
        let gateway = self.gateways.find(gateway)?;
        Some(gateway.receipt_url(&self.settings().public_url, message_id))
    }

    /// The short URL of a code under a campaign's host, or under the base; as the recorder writes
    /// it.
    pub(super) fn short_url(&self, domain: Option<&str>, code: &str) -> String {
        let base = &self.settings().short_base;
        match domain {
            Some(domain) if domain != base.authority() => format!("https://{domain}/{code}"),
            _ => under(base, code).into(),
        }
    }

    /// A code of the length that codes have; it stands for no link.
    pub(super) fn sample_code(&self) -> String {
        // Some numbers have no code, such as those whose code would be a route's word.
        (0..16)
            .find_map(|number| self.short_codes().encode(number))
            .unwrap_or_default()
    }
}

/// A URL under a base, whether or not the base ends with a slash.
fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// Everything that the handlers of a `load` process share.
#[derive(Clone)]
pub struct ReportsState {
    /// The warehouse in this process.
    pub reports: Arc<dyn Reports>,
    /// What could not be loaded into it.
    pub quarantine: Option<Arc<dyn Quarantines>>,
    /// The bearer key that `serve` and `textrail report` present; none = nobody is asked.
    pub bearer: Option<String>,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Bounds on clients.
    pub limits: HttpLimits,
}

impl fmt::Debug for ReportsState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReportsState")
            .field("reports", &self.reports)
            .field("bearer", &self.bearer.as_ref().map(|_| "…"))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
