//! The listeners: start, bounds, stop.

use super::state::{AppState, ReportsState};
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

/// Serves the API until told to stop.
pub async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    drop(options);
    anyhow::bail!("not built yet")
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

/// Serves reports, health and metrics until told to stop.
pub async fn serve_reports(options: ReportsOptions) -> anyhow::Result<()> {
    drop(options);
    anyhow::bail!("not built yet")
}
