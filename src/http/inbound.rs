//! `POST /v1/inbound`, and the recording of subscribers' messages however they came.

use super::auth::{Call, Gateway};
use super::items::{OneOrMany, Places, Results, SPOOLED};
use super::problem::{ApiError, FieldError, Problem};
use super::receipts::gateway_of;
use super::state::AppState;
use super::{answer, body};
use crate::gateways::Inbound;
use crate::gateways::neutral::{self, InboundItem};
use crate::ledger::facts::{GatewayCall, InboundReply, NewInbound};
use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// What became of one message from a subscriber.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InboundResult {
    /// `recorded`, `duplicate` (the same was recorded before), `spooled` (kept on this server's disk
    /// until the ledger is back, and recorded before any send is taken here) or `invalid` (not
    /// recorded).
    status: &'static str,
    /// What its text asks for: `stop`, `start`, `help`, `possible_stop` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<&'static str>,
    /// The message that it answers: the last one sent to that number by that sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Hand in subscribers' messages in the neutral dialect, for gateways without an adapter: one
/// object, or an array of 1 to 10,000. Every item needs `gateway`. A STOP in one holds for every
/// send that comes after the answer.
#[utoipa::path(
    tag = "gateways",
    operation_id = "inbound",
    request_body(content = OneOrMany<InboundItem>, description = "One object or an array of at most 10,000; at most 33,554,432 bytes"),
    responses(
        (status = 200, description = "One result an item, in order", body = Results<InboundResult>),
        (status = 202, description = "PostgreSQL is away: kept on this server's disk (`spooled`), and recorded once it is back, before any send is taken here", body = Results<InboundResult>),
        (status = 413, description = "Too many items, or the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The one item is invalid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send the same call again; a repetition is recognised by the gateway's id or time", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["gateway"]))
)]
#[post("/v1/inbound")]
pub(super) async fn post_inbound(
    state: web::Data<AppState>,
    call: Call<Gateway, body::JsonBytes<{ body::MANY }>>,
) -> Result<HttpResponse, ApiError> {
    let bytes = call.input.0;
    let single = neutral::is_one(&bytes);
    // 10,000 numbers to parse would hold up the other requests of this thread.
    let items = web::block(move || read_all(&bytes, Utc::now())).await;
    let (places, valid) = Places::part(items.map_err(ApiError::internal)??);
    let replies = record(&state, valid).await?;
    let results = places.fill(replies, of_reply, invalid);
    match results.as_slice() {
        [one] if single && !one.errors.is_empty() => Err(ApiError::fields(one.errors.clone())),
        all => {
            let spooled = all.iter().any(|one| one.status == SPOOLED);
            Ok(answer::of_results(spooled, &Results { results }))
        }
    }
}

type Item = Result<NewInbound, Vec<FieldError>>;

fn read_all(bytes: &[u8], now: DateTime<Utc>) -> Result<Vec<Item>, ApiError> {
    let items = neutral::split(bytes)?;
    Ok(items.into_iter().map(|raw| read(raw, now)).collect())
}

fn read(raw: &RawValue, now: DateTime<Utc>) -> Item {
    let item: InboundItem = body::item(raw)?;
    let gateway = gateway_of(item.gateway.as_deref(), item.rest.keys())?;
    let inbound = item.check(now).map_err(body::fields)?;
    Ok(of_gateway(&gateway, inbound))
}

/// The fact that came in at a gateway; its id is drawn here, before the first attempt to record it.
pub fn of_gateway(gateway: &str, inbound: Inbound) -> NewInbound {
    NewInbound {
        id: Uuid::now_v7(),
        gateway: gateway.to_owned(),
        gateway_message_id: inbound.gateway_message_id,
        from: inbound.from,
        to: inbound.to,
        body: inbound.body,
        segments: inbound.segments,
        received_at: inbound.received_at,
        part: inbound.part,
        gateway_intent: inbound.gateway_intent,
    }
}

/// Records subscribers' messages, if there are any.
pub(super) async fn record(
    state: &AppState,
    items: Vec<NewInbound>,
) -> Result<Vec<InboundReply>, ApiError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    Ok(state.recorder().inbound(items).await?)
}

/// Records a gateway's call, and keeps it, if there is anything to record or to keep.
pub(super) async fn record_call(
    state: &AppState,
    call: GatewayCall<NewInbound>,
) -> Result<(), ApiError> {
    if call.facts.is_empty() && call.request.is_none() {
        return Ok(());
    }
    state.recorder().gateway_inbound(call).await?;
    Ok(())
}

fn of_reply(reply: InboundReply) -> InboundResult {
    InboundResult {
        status: match reply {
            InboundReply { spooled: true, .. } => SPOOLED,
            InboundReply {
                duplicate: true, ..
            } => "duplicate",
            _ => "recorded",
        },
        intent: Some(reply.intent.as_str()),
        message_id: reply.message_id,
        errors: Vec::new(),
    }
}

fn invalid(errors: Vec<FieldError>) -> InboundResult {
    InboundResult {
        status: "invalid",
        intent: None,
        message_id: None,
        errors,
    }
}
