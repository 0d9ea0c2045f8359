//! `/healthz`, `/readyz`, `/metrics`.

use super::answer;
use super::problem::ApiError;
use super::state::AppState;
use crate::report::Reports;
use actix_web::{HttpResponse, get, web};
use diesel::RunQueryDsl;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready`; or `degraded` while something is away: every server would be, so this one stays in
    /// rotation and answers what it can. `standby`, with 503, of a loader whose warehouse another owns.
    status: &'static str,
    /// What was looked at.
    checks: Checks,
}

/// What was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checks {
    /// `ok` or `unavailable`; absent in a process that has no ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<&'static str>,
}

/// Does the process live?
#[utoipa::path(
    tag = "operations",
    operation_id = "healthz",
    responses((status = 200, description = "It lives", body = Health))
)]
#[get("/healthz")]
pub(super) async fn healthz() -> HttpResponse {
    answer::ok(&Health { status: "ok" })
}

/// Can it do its work?
#[utoipa::path(
    tag = "operations",
    operation_id = "readyz",
    responses(
        (status = 200, description = "It can, or it waits for what is away", body = Readiness),
        (status = 503, description = "It stands by: another process does this work", body = Readiness),
    )
)]
#[get("/readyz")]
pub(super) async fn readyz(
    state: Option<web::Data<AppState>>,
    reports: Option<web::Data<dyn Reports>>,
) -> HttpResponse {
    if reports.is_some_and(|reports| !reports.is_ready()) {
        return HttpResponse::ServiceUnavailable().json(Readiness {
            status: "standby",
            checks: Checks { ledger: None },
        });
    }
    let ledger = match &state {
        Some(state) if ledger_answers(state).await => Some("ok"),
        Some(_) => Some("unavailable"),
        None => None,
    };
    let status = if ledger == Some("unavailable") {
        "degraded"
    } else {
        "ready"
    };
    answer::ok(&Readiness {
        status,
        checks: Checks { ledger },
    })
}

async fn ledger_answers(state: &AppState) -> bool {
    let ask = |conn: &mut _| diesel::sql_query("SELECT 1").execute(conn);
    let answered = tokio::time::timeout(PATIENCE, state.pool().run("readyz", ask)).await;
    matches!(answered, Ok(Ok(_)))
}

/// Counters and histograms in Prometheus text format.
#[utoipa::path(
    tag = "operations",
    operation_id = "metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
#[get("/metrics")]
pub(super) async fn metrics(handle: web::Data<PrometheusHandle>) -> Result<HttpResponse, ApiError> {
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .body(handle.render()))
}
