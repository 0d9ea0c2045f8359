//! `/v1/gateways/{gateway}/…`: a gateway speaks its own dialect, and is answered as it expects,
//! once everything it said is durable: in the ledger, or in the spool while that is away.

use super::body::{RawBody, WEBHOOK};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use super::{client_address, inbound, receipts};
use crate::gateways::{Acknowledgement, Gateway, Items, Webhook};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, route, web};
use chrono::Utc;
use uuid::Uuid;

/// Stands in the answer to a check.
const CHECK: HeaderName = HeaderName::from_static("textrail-check");

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
    let url = called_url(&state, gateway, &request);
    let webhook = webhook(&request, &url, &body);
    if let Some(greeting) = admit(&state, gateway, &request, &webhook).await? {
        return Ok(acknowledge(greeting));
    }
    let items = readable(gateway, "receipt", gateway.receipts(&webhook)?)?;
    if is_check(&webhook) {
        return Ok(checked(gateway));
    }
    let facts = items
        .into_iter()
        .map(|item| receipts::of_gateway(gateway.name(), item));
    receipts::record(&state, facts.collect()).await?;
    Ok(acknowledge(gateway.acknowledgement()))
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
    let url = called_url(&state, gateway, &request);
    let webhook = webhook(&request, &url, &body);
    if let Some(greeting) = admit(&state, gateway, &request, &webhook).await? {
        return Ok(acknowledge(greeting));
    }
    let items = readable(gateway, "inbound", gateway.inbound(&webhook)?)?;
    let facts = items
        .into_iter()
        .map(|item| inbound::of_gateway(gateway.name(), item));
    inbound::record(&state, facts.collect()).await?;
    Ok(acknowledge(gateway.acknowledgement()))
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Gateway, ApiError> {
    state
        .gateways()
        .find(name)
        .ok_or_else(|| ApiError::not_found("gateway", "gateway"))
}

/// The URL as the gateway knows it: what it signed, whatever a proxy made of it.
fn called_url(state: &AppState, gateway: &Gateway, request: &HttpRequest) -> String {
    let uri = request.uri();
    let path_and_query = uri.path_and_query().map_or("/", |both| both.as_str());
    gateway.called_url(&state.settings().public_url, path_and_query)
}

fn webhook<'a>(request: &'a HttpRequest, url: &'a str, body: &'a RawBody<WEBHOOK>) -> Webhook<'a> {
    Webhook {
        method: request.method().as_str(),
        url,
        headers: request.headers(),
        body: &body.0,
        arrived_at: Utc::now(),
    }
}

/// Lets only the gateway itself in. What it is answered, if the call carries no facts.
async fn admit(
    state: &AppState,
    gateway: &Gateway,
    request: &HttpRequest,
    webhook: &Webhook<'_>,
) -> Result<Option<Acknowledgement>, ApiError> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let trusted = &state.settings().trusted_proxies;
    let address = client_address::of(peer, request.headers(), trusted);
    let admitted = match gateway.admit(address) {
        Ok(()) => gateway.verify(webhook).await,
        refused => refused,
    };
    if let Err(refusal) = admitted {
        // Whoever forges learns nothing from the answer; the operator reads here which part failed.
        let name = gateway.name().to_owned();
        metrics::counter!("textrail_webhooks_refused_total", "gateway" => name).increment(1);
        tracing::warn!(
            gateway = gateway.name(),
            dialect = gateway.kind().name,
            address = address.map(tracing::field::display),
            signed_url = webhook.url.split('?').next(),
            %refusal,
            "refused a webhook"
        );
        return Err(refusal.into());
    }
    Ok(gateway.greet(webhook).await?)
}

/// Whether it is a call of `textrail gateway check`, about the message of no id: it is verified and
/// read like any other, and recorded nowhere.
fn is_check(webhook: &Webhook<'_>) -> bool {
    webhook
        .parameter("message_id")
        .is_some_and(|id| Uuid::try_parse(&id).is_ok_and(|id| id.is_nil()))
}

fn checked(gateway: &Gateway) -> HttpResponse {
    let mut response = acknowledge(gateway.acknowledgement());
    let value = HeaderValue::from_static("verified and read; not recorded");
    response.headers_mut().insert(CHECK, value);
    response
}

/// The items that could be read. One that could not is counted and logged, and never fails the
/// others; if none could, the call is refused. A call without any is in order: a provider's summary,
/// or an event that is not about messages.
fn readable<T>(gateway: &Gateway, kind: &'static str, items: Items<T>) -> Result<Vec<T>, ApiError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
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
