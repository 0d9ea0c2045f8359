//! Puts the API together: the pool, the recorder, the codes, the handlers' state.

use super::housekeeping::Housekeeping;
use crate::cause::with_causes;
use crate::config::Config;
use crate::domain::opt_out::OptOutRules;
use crate::domain::short_code::ShortCodes;
use crate::gateways::UrlTags;
use crate::http::{AppState, AppStateParts, HttpLimits, HttpSettings};
use crate::ledger::connection::ConnectionSettings;
use crate::ledger::links::KnownLinks;
use crate::ledger::recorder::{Recorder, RecorderSettings};
use crate::ledger::spool::SpoolSettings;
use crate::ledger::{Pool, secrets};
use crate::report::Reports;
use anyhow::{Context, Result, bail};
use backon::{ExponentialBuilder, Retryable};
use chrono::TimeDelta;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long PostgreSQL is waited for between two attempts at the start, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The sockets of the API. They are opened first: a port that is taken is told at once.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) public: TcpListener,
    pub(super) private: Option<TcpListener>,
}

impl Listeners {
    /// Listens where the configuration says.
    pub(super) fn open(http: &crate::config::Http) -> Result<Self> {
        let private = |address| bind(address, "http.private_listen");
        Ok(Self {
            public: bind(http.listen, "http.listen (`textrail up --listen`)")?,
            private: http.private_listen.map(private).transpose()?,
        })
    }

    /// Where the API is reached from this machine.
    pub(super) fn local_url(&self) -> Result<Url> {
        url_of(self.private.as_ref().unwrap_or(&self.public).local_addr()?)
    }

    /// Where the world reaches webhooks and short codes.
    pub(super) fn public_url(&self, http: &crate::config::Http) -> Result<Url> {
        match &http.public_url {
            Some(url) => Ok(url.clone()),
            None => url_of(self.public.local_addr()?),
        }
    }
}

/// Listens on the address of a setting.
pub(super) fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("cannot listen on {address}; is another server there? {setting} says where")
    })
}

/// The URL of an address, with a loopback address where it means any.
pub(super) fn url_of(mut address: SocketAddr) -> Result<Url> {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(Url::parse(&format!("http://{address}/"))?)
}

/// What subscribers' texts ask for, by the built-in words and the configuration's.
pub(super) fn opt_out_rules(config: &Config) -> Result<Arc<OptOutRules>> {
    let rules = OptOutRules::new(&config.opt_out.words);
    Ok(Arc::new(rules.context("the opt-out words cannot be used")?))
}

/// The handlers' state, and what runs beside the API, to be drained after it. None if the command was
/// stopped while PostgreSQL was waited for.
pub(super) async fn build(
    config: &Config,
    connection: ConnectionSettings,
    listeners: &Listeners,
    reports: Arc<dyn Reports>,
    metrics: PrometheusHandle,
    stop: &CancellationToken,
) -> Result<Option<(AppState, Housekeeping)>> {
    let http = settings(config, listeners)?;
    let opt_out_rules = opt_out_rules(config)?;
    let pool = Pool::new(connection.clone(), config.ledger.pool_size);
    let Some(key) = short_code_key(&pool, stop).await? else {
        return Ok(None);
    };
    let url_tags = UrlTags::new(&key);
    let codes = Arc::new(ShortCodes::new(key, code_length(config)?));
    let (recorder, threads) = Recorder::start(&RecorderSettings {
        connection,
        short_base: http.short_base.clone(),
        codes: Arc::clone(&codes),
        personal_data: config.privacy,
        opt_out_rules,
        threads: config.ledger.threads,
        queued_rows: config.ledger.queued_rows,
        known_links: KnownLinks::of_bytes(config.ledger.link_memory_bytes),
        spool: Some(SpoolSettings {
            directory: config.spool.directory.clone(),
            max_bytes: config.spool.max_bytes,
        }),
    })
    .context("cannot start the recorder")?;
    let pool = match recorder.gate() {
        Some(gate) => pool.behind(gate),
        None => pool,
    };
    let kept = TimeDelta::days(config.webhooks.keep_requests_days.into());
    let join_after = Duration::from_secs(config.inbound.join_parts_seconds.into());
    let joiner = recorder.part_joiner(join_after);
    let links = recorder.known_links().clone();
    let housekeeping = Housekeeping::start(threads, pool.clone(), joiner, links, kept, stop);
    let parts = AppStateParts {
        pool,
        recorder,
        short_codes: codes,
        reports,
        url_tags,
        settings: http,
        metrics,
    };
    Ok(Some((AppState::new(parts)?, housekeeping)))
}

fn settings(config: &Config, listeners: &Listeners) -> Result<HttpSettings> {
    let http = &config.http;
    let public_url = listeners.public_url(http)?;
    if guesses_short_urls(config) {
        tracing::warn!(
            short_urls = %public_url,
            "texts get short URLs that only this machine may reach: set http.public_url"
        );
    }
    Ok(HttpSettings {
        short_base: config
            .links
            .base_url
            .clone()
            .unwrap_or_else(|| public_url.clone()),
        public_url,
        trusted_proxies: http.trusted_proxies.clone(),
        well_known_dir: http.well_known_dir.clone(),
        gateways: super::gateways::settings(config)?,
        keep_requests: config.webhooks.keep_requests_days > 0,
        limits: HttpLimits {
            workers: http.workers.map(NonZeroUsize::get),
            ..HttpLimits::default()
        },
    })
}

/// Whether others are to reach the API, but texts will name the address that it listens on.
fn guesses_short_urls(config: &Config) -> bool {
    let http = &config.http;
    !http.listen.ip().is_loopback() && http.public_url.is_none() && config.links.base_url.is_none()
}

fn code_length(config: &Config) -> Result<usize> {
    match config.links.code_length {
        length @ 4..=16 => Ok(length),
        length => bail!("links.code_length is {length}, but must be 4 to 16"),
    }
}

/// Reads the key of the short codes from the ledger, which is waited for until `stop`.
async fn short_code_key(pool: &Pool, stop: &CancellationToken) -> Result<Option<[u8; 32]>> {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times();
    let read = (|| pool.run("short_code_key", secrets::short_code_key))
        .retry(backoff)
        // Anything but an absent PostgreSQL needs a person: a schema that is not there, say.
        .when(|error| matches!(error, crate::ledger::LedgerError::Unavailable(_)))
        .notify(|error, pause| {
            tracing::warn!(
                error = with_causes(error),
                pause_seconds = pause.as_secs_f64(),
                "waiting for the ledger"
            );
        });
    tokio::select! {
        () = stop.cancelled() => Ok(None),
        key = read => key.map(Some).context("the ledger cannot be used: was `textrail migrate` run?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_reached_on_loopback() {
        assert_eq!(
            url_of("0.0.0.0:80".parse().unwrap()).unwrap().as_str(),
            "http://127.0.0.1/"
        );
        assert_eq!(
            url_of("[::]:8080".parse().unwrap()).unwrap().as_str(),
            "http://[::1]:8080/"
        );
    }

    #[test]
    fn short_urls_are_guessed_where_others_connect_and_no_url_is_set() {
        let mut config = Config::default();
        assert!(!guesses_short_urls(&config), "on loopback nobody else does");
        config.http.listen = "0.0.0.0:8080".parse().unwrap();
        assert!(guesses_short_urls(&config));
        config.links.base_url = Some("https://go.example.com".parse().unwrap());
        assert!(!guesses_short_urls(&config));
    }
}
