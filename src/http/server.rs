//! The listeners: start, bounds, stop.

use super::auth::Authority;
use super::docs::OpenApiText;
use super::openapi::{self, Methods};
use super::problem::{ApiError, FieldError, Kind};
use super::quarantine::Owner;
use super::routes::RouteSet;
use super::state::{AppState, HttpLimits, ReportsState};
use super::{answer, body, observe};
use actix_web::error::{PathError, QueryPayloadError};
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What `serve` needs.
pub struct ServeOptions {
    /// Short codes, webhooks and `/healthz`; all routes if there is no private one.
    pub public: TcpListener,
    /// The rest.
    pub private: Option<TcpListener>,
    /// What the handlers share.
    pub state: AppState,
    /// Ends what is in hand, then stops.
    pub shutdown: CancellationToken,
}

/// Serves the API until told to stop. Fails if a listener cannot be served.
///
/// # Errors
/// If a server cannot start on its listener, or fails later.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    let ServeOptions {
        public,
        private,
        state,
        shutdown,
    } = options;
    let limits = state.settings().limits.clone();
    let run = |set, listener| {
        let (state, shared) = (state.clone(), Shared::new(set));
        let configure = move |config: &mut ServiceConfig| {
            shared.configure(config);
            state.configure(config);
        };
        listen(listener, &limits, shutdown.clone(), configure)
    };
    match private {
        None => run(RouteSet::All, public)?.await,
        Some(private) => {
            let servers = (
                run(RouteSet::Public, public)?,
                run(RouteSet::Private, private)?,
            );
            tokio::try_join!(servers.0, servers.1).map(|((), ())| ())
        }
    }
}

/// What `serve_reports` needs.
#[derive(Debug)]
pub struct ReportsOptions {
    /// Where the loader answers.
    pub listener: TcpListener,
    /// What the handlers share.
    pub state: ReportsState,
    /// Ends what is in hand, then stops.
    pub shutdown: CancellationToken,
}

/// Serves reports, health and metrics until told to stop. Fails if the listener cannot be served.
///
/// # Errors
/// If the server cannot start on its listener, or fails later.
pub async fn serve_reports(options: ReportsOptions) -> anyhow::Result<()> {
    let ReportsOptions {
        listener,
        state,
        shutdown,
    } = options;
    let limits = state.limits.clone();
    let shared = Shared::new(RouteSet::Loader);
    let configure = move |config: &mut ServiceConfig| {
        shared.configure(config);
        state.configure(config);
    };
    listen(listener, &limits, shutdown, configure)?.await
}

/// What `serve_operations` needs.
pub struct OperationsOptions {
    /// Where the process answers.
    pub listener: TcpListener,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    /// Bounds on clients.
    pub limits: HttpLimits,
    /// Ends what is in hand, then stops.
    pub shutdown: CancellationToken,
}

/// Serves health and metrics until told to stop: for a process without an API. Fails if the listener
/// cannot be served.
///
/// # Errors
/// If the server cannot start on its listener, or fails later.
pub async fn serve_operations(options: OperationsOptions) -> anyhow::Result<()> {
    let OperationsOptions {
        listener,
        metrics,
        limits,
        shutdown,
    } = options;
    let (shared, metrics) = (Shared::new(RouteSet::Operations), Data::new(metrics));
    let configure = move |config: &mut ServiceConfig| {
        shared.configure(config);
        config.app_data(metrics.clone());
    };
    listen(listener, &limits, shutdown, configure)?.await
}

/// Starts a server on a listener; the future ends when the server has stopped.
fn listen(
    listener: TcpListener,
    limits: &HttpLimits,
    shutdown: CancellationToken,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> anyhow::Result<impl Future<Output = anyhow::Result<()>>> {
    let address = listener.local_addr().context("a listener has no address")?;
    let app = move || {
        App::new()
            .configure(configure.clone())
            .wrap(Compress::default())
            .wrap(DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")))
            .wrap(from_fn(observe::observe))
    };
    let mut server = HttpServer::new(app)
        .client_request_timeout(limits.client_request_timeout)
        .keep_alive(limits.keep_alive)
        .max_connections(limits.max_connections)
        .shutdown_timeout(limits.shutdown_timeout.as_secs())
        // The process stops by one token, not by each server's own reading of signals.
        .shutdown_signal(async move { shutdown.cancelled().await });
    if let Some(workers) = limits.workers {
        server = server.workers(workers);
    }
    let server = server
        .listen(listener)
        .with_context(|| format!("cannot serve {address}"))?
        .run();
    Ok(async move {
        server
            .await
            .with_context(|| format!("the server on {address} ended"))
    })
}

/// What every listener's handlers need, whatever its state: made once, shared by its threads.
#[derive(Clone)]
pub(super) struct Shared {
    set: RouteSet,
    methods: Data<Methods>,
    document: Data<OpenApiText>,
}

impl Shared {
    /// Builds the document and the table of methods.
    pub(super) fn new(set: RouteSet) -> Self {
        let document = openapi::document(RouteSet::All);
        Self {
            set,
            methods: Data::new(Methods::new(set)),
            document: Data::new(OpenApiText(answer::encode(&document))),
        }
    }

    /// Registers the routes, and turns every error of the framework into a problem document.
    pub(super) fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(self.methods.clone())
            .app_data(self.document.clone())
            .app_data(
                web::QueryConfig::default().error_handler(|error, _| query_error(&error).into()),
            )
            .app_data(
                web::PathConfig::default().error_handler(|error, _| path_error(&error).into()),
            )
            .default_service(web::to(unmatched));
        self.set
            .register(&mut utoipa_actix_web::service_config::ServiceConfig::new(
                config,
            ));
    }
}

impl AppState {
    pub(super) fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(Data::new(self.clone()))
            .app_data(Data::new(Authority::Ledger(self.keys().clone())))
            .app_data(Data::new(self.well_known().clone()))
            .app_data(Data::new(Owner(self.quarantine())))
            .app_data(Data::new(self.metrics().clone()))
            .app_data(Data::from(self.reports().clone()));
    }
}

impl ReportsState {
    pub(super) fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(Data::new(Authority::Shared(self.bearer.clone())))
            .app_data(Data::new(Owner(self.quarantine.clone())))
            .app_data(Data::new(self.metrics.clone()))
            .app_data(Data::from(self.reports.clone()));
    }
}

/// No route: another method's, or nobody's.
async fn unmatched(
    request: HttpRequest,
    methods: Data<Methods>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    body::discard(payload.into_inner()).await;
    Err(match methods.of(request.path()) {
        Some(allowed) => ApiError::method_not_allowed(allowed),
        None => ApiError::new(Kind::NotFound, "there is nothing at this path"),
    })
}

/// serde names the parameter in backticks.
fn query_error(error: &QueryPayloadError) -> ApiError {
    let text = match error {
        QueryPayloadError::Deserialize(error) => error.to_string(),
        _ => error.to_string(),
    };
    let field = text.split('`').nth(1).unwrap_or("query").to_owned();
    ApiError::fields([FieldError::new(field, text)])
}

fn path_error(error: &PathError) -> ApiError {
    ApiError::new(Kind::Malformed, format!("the path cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
