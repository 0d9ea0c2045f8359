//! `textrail up`: everything in one process on this machine, under one data folder.
//!
//! What starts first stops last: PostgreSQL, the object store, the shipper and the loader, the API.
//! So the API stops taking calls, the recorder writes what it was handed, the workers finish the
//! window in hand, and only then does PostgreSQL go. What is not in a window yet stays in the ledger
//! and is sealed by the next start.
//!
//! A PostgreSQL that dies meanwhile is started again; until it answers, facts go to the spool.

use super::api::{self, Listeners};
use super::data_directory::{self, Locked, Note};
use super::{lake, load, ship, shutdown};
use crate::cli;
use crate::config::{Config, Gateway, Secret};
use crate::embedded::object_store::{Credentials, EmbeddedStore};
use crate::embedded::postgres::{PostgresWatch, PrivatePostgres};
use crate::http::{self, ServeOptions};
use crate::lake::s3::S3Store;
use crate::ledger::api_keys::{self, Role};
use crate::ledger::migrate;
use crate::report::LocalReports;
use crate::ship::Room;
use crate::telemetry;
use anyhow::{Context, Result, anyhow};
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

mod welcome;

use welcome::{Kannel, Welcome};

/// The bucket; its folder is `lake/textrail` in the data folder.
pub(super) const BUCKET: &str = "textrail";
/// The folder of the object store.
pub(super) const LAKE: &str = "lake";
/// The folder of the warehouse.
pub(super) const WAREHOUSE: &str = "warehouse";
/// The folder of facts that wait for PostgreSQL.
pub(super) const SPOOL: &str = "spool";

/// Where the log files of a data folder lie, as plain files.
pub(super) fn lake_folder(data: &Path) -> PathBuf {
    data.join(LAKE).join(BUCKET)
}

/// The gateway that is there without configuration, and its dialect.
const KANNEL: &str = "kannel";
/// The file of the secret that `up` draws for it.
const KANNEL_SECRET: &str = "gateway-kannel";

/// One run of `up`, once its PostgreSQL is there.
struct Up {
    config: Config,
    directory: Arc<Locked>,
    listeners: Listeners,
    metrics: PrometheusHandle,
    stop: CancellationToken,
    welcome: Welcome,
    postgres: PostgresWatch,
}

pub(super) async fn run(mut config: Config, arguments: &cli::Up) -> Result<()> {
    let directory = Arc::new(Locked::open(data_directory::path(&arguments.data)?)?);
    let kannel = settle(&mut config, arguments, &directory)?;
    let listeners = Listeners::open(&config.http)?;
    let welcome = Welcome {
        url: listeners.local_url()?,
        public_url: listeners.public_url(&config.http)?,
        directory: directory.path().to_path_buf(),
        window: config.lake.window,
        data_flag: arguments.data.path.clone(),
        api_key: None,
        kannel,
    };
    let metrics = telemetry::start_metrics()?;
    let stop = shutdown::on_signal()?;
    let home = directory.path().join("postgres");
    let postgres = spawn_blocking(move || PrivatePostgres::start(&home)).await??;
    let up = Up {
        config,
        directory,
        listeners,
        metrics,
        stop,
        welcome,
        postgres: postgres.watch(),
    };
    let outcome = Box::pin(up.run_on(&postgres.url())).await;
    let stopped = spawn_blocking(move || postgres.stop()).await?;
    tracing::info!("stopped");
    outcome.and(stopped)
}

/// Puts the flags over the configuration, and everything under the data folder. Returns what there is
/// of the gateway that is there by default.
fn settle(config: &mut Config, arguments: &cli::Up, directory: &Locked) -> Result<Kannel> {
    if let Some(listen) = arguments.listen {
        config.http.listen = listen;
    }
    if let Some(window) = arguments.window {
        config.lake.window = window;
    }
    config.warehouse.directory = directory.folder(WAREHOUSE)?;
    config.spool.directory = directory.folder(SPOOL)?;
    config.shipper.directory = directory.folder("ship")?;
    if !config.gateways.is_empty() {
        return Ok(Kannel::Absent);
    }
    let (secret, drawn) = directory.secret(KANNEL_SECRET)?;
    config
        .gateways
        .insert(KANNEL.to_owned(), kannel(secret.clone()));
    Ok(if drawn {
        Kannel::New(secret)
    } else {
        Kannel::Kept
    })
}

fn kannel(secret: Secret) -> Gateway {
    Gateway {
        dialect: KANNEL.to_owned(),
        secret: Some(secret),
        ..Gateway::default()
    }
}

/// The gateway that `up` has on a folder whose configuration names none; none if it never ran there.
pub(super) fn default_gateway(directory: &Path) -> Result<Option<(String, Gateway)>> {
    let secret = data_directory::kept_secret(directory, KANNEL_SECRET)?;
    Ok(secret.map(|secret| (KANNEL.to_owned(), kannel(secret))))
}

impl Up {
    /// Runs on a ledger until told to stop.
    async fn run_on(mut self, database_url: &str) -> Result<()> {
        self.config.ledger.url = Some(Secret::new(database_url));
        self.welcome.api_key = self.prepare_ledger().await?;
        let credentials = Credentials::random();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let root = self.directory.folder(LAKE)?;
        let store = EmbeddedStore::start(&root, BUCKET, &credentials, any_port).await?;
        let lake = lake::connect_embedded(&store, credentials);
        let outcome = self.run_with(Arc::new(lake.await)).await;
        outcome.and(store.stop().await)
    }

    /// Migrates, and leaves a note with an admin's key for the other commands. Returns the key when
    /// it is new.
    async fn prepare_ledger(&self) -> Result<Option<String>> {
        let settings = super::ledger::settings(&self.config.ledger)?;
        let (directory, url) = (Arc::clone(&self.directory), self.welcome.url.clone());
        let public_url = Some(self.welcome.public_url.clone());
        let prepare = move || -> Result<Option<String>> {
            let conn = &mut settings
                .open("textrail up")
                .context("the ledger does not answer")?;
            for name in migrate::run(conn)? {
                tracing::info!(migration = name, "migrated the ledger");
            }
            // A note that cannot be read only costs a new key.
            let kept = Note::read(directory.path())
                .ok()
                .flatten()
                .map(|note| note.api_key);
            let kept = match kept {
                Some(key) if api_keys::find(conn, &api_keys::hash(&key))?.is_some() => Some(key),
                _ => None,
            };
            let (api_key, new) = match kept {
                Some(key) => (key, None),
                None => {
                    let (_, key) = api_keys::create(conn, "textrail up", &[Role::Admin])?;
                    (key.clone(), Some(key))
                }
            };
            Note {
                url,
                public_url,
                api_key,
                database_url: settings.url.clone(),
            }
            .write(&directory)?;
            Ok(new)
        };
        spawn_blocking(prepare).await?
    }

    /// Runs the API, the shipper and the loader until told to stop.
    async fn run_with(self, lake: Arc<S3Store>) -> Result<()> {
        let Self {
            config,
            listeners,
            metrics,
            stop,
            welcome,
            postgres,
            directory,
            ..
        } = self;
        let connection = super::ledger::settings(&config.ledger)?;
        let shipper = ship::shipper(
            &config,
            &connection.url,
            lake.clone(),
            // PostgreSQL's folder is below it.
            Room::DiskOf(directory.path().to_path_buf()),
        )?;
        let warehouse = load::warehouse(&config).await?;
        let quarantine = load::quarantine(&config, lake.clone(), Arc::clone(&warehouse))?;
        let loader = load::loader(&config, lake, Arc::clone(&warehouse))?;
        let reports = Arc::new(LocalReports::new(warehouse));
        let built = api::build(&config, connection, &listeners, reports, metrics, &stop).await?;
        let Some((state, housekeeping)) = built else {
            return Ok(());
        };
        // The workers stop after the API: what it recorded last may still make the window in hand.
        let stop_workers = CancellationToken::new();
        let mut workers = JoinSet::new();
        // A window's files are loaded as soon as they are shipped, not at the next sweep.
        workers.spawn(loader.run(Some(shipper.shipped()), stop_workers.clone()));
        workers.spawn(shipper.run(stop_workers.clone()));
        welcome.print()?;
        let Listeners { public, private } = listeners;
        let api = http::serve(ServeOptions {
            public,
            private,
            state: state.with_quarantine(Arc::new(quarantine)),
            shutdown: stop.clone(),
        });
        // Redirects are answered, and facts spooled, until it runs again.
        let mut database = JoinSet::new();
        database.spawn(postgres.keep_running(stop_workers.clone()));
        let outcome = serve_beside(api, &mut workers, &mut database, &stop).await;
        housekeeping.drain().await?;
        stop_workers.cancel();
        while workers.join_next().await.is_some() {}
        // A start that is under way is waited for: what runs then is stopped last.
        while let Some(stopped) = database.join_next().await {
            stopped??;
        }
        outcome
    }
}

/// Answers until told to stop, or until a worker or PostgreSQL ends, which is an error. Then the API
/// has finished what was in hand.
async fn serve_beside(
    api: impl Future<Output = Result<()>>,
    workers: &mut JoinSet<()>,
    database: &mut JoinSet<Result<()>>,
    stop: &CancellationToken,
) -> Result<()> {
    let mut api = std::pin::pin!(api);
    let ended = tokio::select! {
        served = &mut api => return served,
        _ = workers.join_next() => Err(anyhow!("the shipper or the loader ended; see the log")),
        Some(ended) = database.join_next() => ended?,
    };
    stop.cancel();
    api.await.and(ended)
}
