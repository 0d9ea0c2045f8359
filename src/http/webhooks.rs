//! `/v1/gateways/{gateway}/…`: a gateway speaks its own dialect, and is answered as it expects,
//! once everything it said is durable: in the ledger, or in the spool while that is away.

use super::body::{RawBody, WEBHOOK};
use super::problem::{ApiError, Problem};
use super::state::AppState;
use super::{client_address, inbound, receipts};
use crate::gateways::{Acknowledgement, Gateway, Kept, Webhook};
use crate::ledger::facts::GatewayCall;
use crate::ledger::requests::{KeptRequest, RefusedItem, Route};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, route, web};
use chrono::{SubsecRound, Utc};
use told::Told;
use uuid::Uuid;

mod told;

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
        (status = 422, description = "Nothing in it could be read; it is kept, to be read again once a mapping is corrected", body = Problem, content_type = "application/problem+json"),
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
    let told = Told::of(gateway, "receipt", gateway.receipts(&webhook));
    let (facts, refused, refusal) = told.into_parts();
    if is_check(&webhook) {
        return refusal.map_or_else(|| Ok(checked(gateway)), Err);
    }
    let facts = facts
        .into_iter()
        .map(|(place, item)| (place, receipts::of_gateway(gateway.name(), item)))
        .collect();
    let request = kept(
        &state,
        gateway,
        Route::Receipts,
        &request,
        &webhook,
        refused,
    );
    receipts::record_call(&state, GatewayCall { request, facts }).await?;
    refusal.map_or_else(|| Ok(acknowledge(gateway.acknowledgement())), Err)
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
        (status = 422, description = "Nothing in it could be read; it is kept, to be read again once a mapping is corrected", body = Problem, content_type = "application/problem+json"),
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
    let told = Told::of(gateway, "inbound", gateway.inbound(&webhook));
    let (facts, refused, refusal) = told.into_parts();
    let facts = facts
        .into_iter()
        .map(|(place, item)| (place, inbound::of_gateway(gateway.name(), item)))
        .collect();
    let request = kept(&state, gateway, Route::Inbound, &request, &webhook, refused);
    inbound::record_call(&state, GatewayCall { request, facts }).await?;
    refusal.map_or_else(|| Ok(acknowledge(gateway.acknowledgement())), Err)
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Gateway, ApiError> {
    state
        .gateways()
        .find(name)
        .ok_or_else(|| ApiError::not_found("gateway", "gateway"))
}

/// The URL as the gateway knows it: what it signed, whatever a proxy made of it.
fn called_url(state: &AppState, gateway: &Gateway, request: &HttpRequest) -> String {
    gateway.called_url(&state.settings().public_url, path_and_query(request))
}

fn path_and_query(request: &HttpRequest) -> &str {
    let uri = request.uri();
    uri.path_and_query().map_or("/", |both| both.as_str())
}

/// The call to be kept, with what could not be read of it; none if calls are not kept.
fn kept(
    state: &AppState,
    gateway: &Gateway,
    route: Route,
    request: &HttpRequest,
    webhook: &Webhook<'_>,
    refused: Vec<RefusedItem>,
) -> Option<KeptRequest> {
    if !state.settings().keep_requests {
        return None;
    }
    let kept = Kept::of(webhook, path_and_query(request));
    Some(KeptRequest {
        id: Uuid::now_v7(),
        gateway: gateway.name().to_owned(),
        route,
        method: kept.method,
        path_and_query: kept.path_and_query,
        headers: kept.headers,
        body: kept.body,
        arrived_at: webhook.arrived_at.trunc_subsecs(6),
        refused,
    })
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

fn acknowledge(yes: Acknowledgement) -> HttpResponse {
    let status = StatusCode::from_u16(yes.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .content_type(yes.content_type)
        .body(yes.body)
}
