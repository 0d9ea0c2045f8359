//! `/v1/gateways/{gateway}/…`: a gateway speaks its own dialect, and is answered as it expects,
//! once everything it said is durable: in the ledger, or in the spool while that is away.

use super::body::{RawBody, WEBHOOK};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use super::{inbound, receipts};
use crate::gateways::{Acknowledgement, Gateway, Items, Webhook};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, route, web};
use chrono::Utc;

/// A gateway reports deliveries in its own dialect.
#[utoipa::path(
    method(get, post),
    path = "/v1/gateways/{gateway}/receipts",
    tag = "gateways",
    operation_id = "gateway_receipts",
    params(("gateway" = String, Path, description = "A configured gateway")),
    responses(
        (status = 200, description = "Recorded durably, or on this server's disk while PostgreSQL is away; status and body are what this gateway takes for yes"),
        (status = 401, description = "Not verified as this gateway's", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such gateway", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1,048,576 bytes or 10,000 items", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Nothing in it could be read", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
#[route("/v1/gateways/{gateway}/receipts", method = "GET", method = "POST")]
pub(super) async fn gateway_receipts(
    request: HttpRequest,
    state: web::Data<AppState>,
    name: web::Path<String>,
    body: RawBody<WEBHOOK>,
) -> Result<HttpResponse, ApiError> {
    let gateway = find(&state, &name)?;
    let webhook = webhook(&request, &body);
    gateway.verify(&webhook)?;
    let items = gateway.dialect().receipts(&webhook)?;
    let items = readable(gateway, "receipt", items)?;
    let facts = items
        .into_iter()
        .map(|item| receipts::of_gateway(gateway.name(), item));
    receipts::record(&state, facts.collect()).await?;
    Ok(acknowledge(gateway.dialect().acknowledgement()))
}

/// A gateway hands in subscribers' messages in its own dialect.
#[utoipa::path(
    method(get, post),
    path = "/v1/gateways/{gateway}/inbound",
    tag = "gateways",
    operation_id = "gateway_inbound",
    params(("gateway" = String, Path, description = "A configured gateway")),
    responses(
        (status = 200, description = "Recorded durably, or on this server's disk while PostgreSQL is away; status and body are what this gateway takes for yes"),
        (status = 401, description = "Not verified as this gateway's", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such gateway", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1,048,576 bytes or 10,000 items", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Nothing in it could be read", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
#[route("/v1/gateways/{gateway}/inbound", method = "GET", method = "POST")]
pub(super) async fn gateway_inbound(
    request: HttpRequest,
    state: web::Data<AppState>,
    name: web::Path<String>,
    body: RawBody<WEBHOOK>,
) -> Result<HttpResponse, ApiError> {
    let gateway = find(&state, &name)?;
    let webhook = webhook(&request, &body);
    gateway.verify(&webhook)?;
    let items = gateway.dialect().inbound(&webhook)?;
    let items = readable(gateway, "inbound", items)?;
    let facts = items
        .into_iter()
        .map(|item| inbound::of_gateway(gateway.name(), item));
    inbound::record(&state, facts.collect()).await?;
    Ok(acknowledge(gateway.dialect().acknowledgement()))
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Gateway, ApiError> {
    state
        .gateways()
        .find(name)
        .ok_or_else(|| ApiError::not_found("gateway", "gateway"))
}

fn webhook<'a>(request: &'a HttpRequest, body: &'a RawBody<WEBHOOK>) -> Webhook<'a> {
    Webhook {
        method: request.method().as_str(),
        path_and_query: request
            .uri()
            .path_and_query()
            .map_or("/", |both| both.as_str()),
        headers: request.headers(),
        body: &body.0,
        arrived_at: Utc::now(),
    }
}

/// The items that could be read. One that could not is counted and logged, and never fails the
/// others; if none could, the call is refused.
fn readable<T>(gateway: &Gateway, kind: &'static str, items: Items<T>) -> Result<Vec<T>, ApiError> {
    let mut readable = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for item in items {
        match item {
            Ok(item) => readable.push(item),
            Err(refused) => {
                let name = gateway.name().to_owned();
                metrics::counter!("textrail_webhook_items_refused_total", "gateway" => name, "kind" => kind)
                    .increment(1);
                faults.extend(refused.into_iter().map(FieldError::from));
            }
        }
    }
    if readable.is_empty() {
        return Err(ApiError::fields(faults));
    }
    if !faults.is_empty() {
        // Names of fields only: their values may be numbers and texts of people.
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        tracing::warn!(
            gateway = gateway.name(),
            kind,
            ?fields,
            "webhook items refused"
        );
    }
    Ok(readable)
}

fn acknowledge(yes: Acknowledgement) -> HttpResponse {
    let status = StatusCode::from_u16(yes.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .content_type(yes.content_type)
        .body(yes.body)
}
