//! `/v1/gateways/{gateway}/…`: a gateway speaks its own dialect, and is answered as it expects,
//! once everything it said is durable: in the ledger, or in the spool while that is away.

use super::body::{RawBody, WEBHOOK};
use super::client_address;
use super::problem::{ApiError, Problem};
use super::state::AppState;
use crate::domain::route::Route;
use crate::gateways::{Acknowledgement, Gateway, Webhook, without_message_id};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, route, web};
use arrived::Arrived;
use chrono::Utc;
use std::borrow::Cow;

mod arrived;
mod told;

/// A gateway reports deliveries in its own dialect.
#[utoipa::path(
    method(get, post),
    path = "/v1/gateways/{gateway}/receipts",
    tag = "gateways",
    operation_id = "gateway_receipts",
    params(("gateway" = String, Path, description = "A configured gateway")),
    responses(
        (status = 200, description = "Recorded durably, or on this server's disk while PostgreSQL is away; status and body are what this gateway takes for yes"),
        (status = 400, description = "Not what this gateway sends at all, such as no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not verified as this gateway's", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such gateway", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body took over 60 seconds", body = Problem, content_type = "application/problem+json"),
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
    take(&request, &state, &name, &body, Route::Receipts).await
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
        (status = 400, description = "Not what this gateway sends at all, such as no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not verified as this gateway's", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such gateway", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body took over 60 seconds", body = Problem, content_type = "application/problem+json"),
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
    take(&request, &state, &name, &body, Route::Inbound).await
}

/// Takes a call to one of a gateway's URLs, for what it is: some providers know but one of them.
async fn take(
    request: &HttpRequest,
    state: &AppState,
    name: &str,
    body: &RawBody<WEBHOOK>,
    called: Route,
) -> Result<HttpResponse, ApiError> {
    let gateway = find(state, name)?;
    let url = called_url(state, gateway, path_and_query(request));
    let webhook = webhook(request, &url, body);
    if let Some(greeting) = admit(state, gateway, request, &webhook).await? {
        return Ok(acknowledge(greeting));
    }
    let path_and_query = believed(gateway, &webhook, path_and_query(request));
    let url = called_url(state, gateway, &path_and_query);
    let webhook = Webhook {
        url: &url,
        ..webhook
    };
    let call = Arrived {
        state,
        gateway,
        webhook,
        called,
        path_and_query: &path_and_query,
    };
    match gateway.route(called, &webhook) {
        Route::Receipts => call.take_receipts().await,
        Route::Inbound => call.take_inbound().await,
    }
}

/// What arrived as path and query, as far as it is believed of a verified call.
fn believed<'a>(gateway: &Gateway, webhook: &Webhook<'_>, path_and_query: &'a str) -> Cow<'a, str> {
    let Some(doubt) = gateway.doubt(webhook) else {
        return Cow::Borrowed(path_and_query);
    };
    // Signed calls that are sent to other messages' URLs, or a URL that is not our `receipt_url`.
    tracing::warn!(
        gateway = gateway.name(),
        dialect = gateway.kind().name,
        doubt,
        "the message_id in a callback URL is not believed; the gateway's own id has to match"
    );
    Cow::Owned(without_message_id(path_and_query))
}

fn find<'a>(state: &'a AppState, name: &str) -> Result<&'a Gateway, ApiError> {
    state
        .gateways()
        .find(name)
        .ok_or_else(|| ApiError::not_found("gateway", "gateway"))
}

/// The URL as the gateway knows it: what it signed, whatever a proxy made of it.
fn called_url(state: &AppState, gateway: &Gateway, path_and_query: &str) -> String {
    gateway.called_url(&state.settings().public_url, path_and_query)
}

fn path_and_query(request: &HttpRequest) -> &str {
    let uri = request.uri();
    uri.path_and_query().map_or("/", |both| both.as_str())
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

fn acknowledge(yes: Acknowledgement) -> HttpResponse {
    let status = StatusCode::from_u16(yes.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .content_type(yes.content_type)
        .body(yes.body)
}
