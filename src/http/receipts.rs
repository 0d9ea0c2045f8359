//! `POST /v1/receipts`, and the recording of receipts however they came.

use super::auth::{Call, Gateway};
use super::items::{ItemResult, OneOrMany, Places, Results, SPOOLED};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use super::{body, input};
use crate::gateways::Receipt;
use crate::gateways::neutral::{self, ReceiptItem};
use crate::ledger::facts::{GatewayCall, NewReceipt, ReceiptReply};
use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Report deliveries in the neutral dialect, for gateways without an adapter: one object, or an
/// array of 1 to 10,000. Every item needs `gateway`, and `message_id` or `gateway_message_id`.
#[utoipa::path(
    tag = "gateways",
    operation_id = "receipts",
    request_body(content = OneOrMany<ReceiptItem>, description = "One object or an array of at most 10,000; at most 33,554,432 bytes"),
    responses(
        (status = 200, description = "One result an item, in order", body = Results<ItemResult>),
        (status = 202, description = "PostgreSQL is away: kept on this server's disk (`spooled`), and recorded once it is back", body = Results<ItemResult>),
        (status = 413, description = "Too many items, or the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The one item is invalid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send the same call again; repetitions are recognised", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["gateway"]))
)]
#[post("/v1/receipts")]
pub(super) async fn post_receipts(
    state: web::Data<AppState>,
    call: Call<Gateway, body::JsonBytes<{ body::MANY }>>,
) -> Result<HttpResponse, ApiError> {
    let now = Utc::now();
    let raw = neutral::split(&call.input.0)?;
    let single = neutral::is_one(&call.input.0);
    let (places, valid) = Places::part(raw.into_iter().map(|raw| read(raw, now)).collect());
    let replies = record(&state, valid).await?;
    let results = places.fill(replies, of_reply, ItemResult::invalid);
    Results { results }.answer(single)
}

fn read(raw: &RawValue, now: DateTime<Utc>) -> Result<NewReceipt, Vec<FieldError>> {
    let item: ReceiptItem = body::item(raw)?;
    let gateway = gateway_of(item.gateway.as_deref(), item.rest.keys())?;
    let receipt = item.check(now).map_err(body::fields)?;
    Ok(of_gateway(&gateway, receipt))
}

/// Fields of other names that are told at once: a body may hold millions.
const UNKNOWN_TOLD: usize = 100;

/// The gateway that an item names; and no field that is not ours, since this is our own API.
pub(super) fn gateway_of<'a>(
    gateway: Option<&str>,
    unknown: impl Iterator<Item = &'a String>,
) -> Result<String, Vec<FieldError>> {
    let mut errors: Vec<FieldError> = unknown
        .take(UNKNOWN_TOLD)
        .map(|name| FieldError::new(name, "unknown field"))
        .collect();
    let gateway = gateway.unwrap_or_default();
    if let Err(message) = input::gateway_name(gateway) {
        errors.push(FieldError::new("gateway", message));
    }
    if errors.is_empty() {
        Ok(gateway.to_owned())
    } else {
        Err(errors)
    }
}

/// The fact that a gateway reported; its id is drawn here, before the first attempt to record it.
pub fn of_gateway(gateway: &str, receipt: Receipt) -> NewReceipt {
    NewReceipt {
        id: Uuid::now_v7(),
        gateway: gateway.to_owned(),
        message_id: receipt.message_id,
        gateway_message_id: receipt.gateway_message_id,
        gateway_event_id: receipt.gateway_event_id,
        status: receipt.status,
        raw_status: receipt.raw_status,
        error_code: receipt.error_code,
        error_class: receipt.error_class,
        permanent: receipt.permanent,
        synthetic: receipt.synthetic,
        delivery_level: receipt.delivery_level,
        segment_number: receipt.segment_number,
        segment_count: receipt.segment_count,
        gateway_time: receipt.gateway_time,
        price: receipt.price,
        currency: receipt.currency,
        mcc_mnc: receipt.mcc_mnc,
    }
}

/// Records receipts, if there are any.
pub(super) async fn record(
    state: &AppState,
    receipts: Vec<NewReceipt>,
) -> Result<Vec<(ReceiptReply, Uuid)>, ApiError> {
    if receipts.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = receipts.iter().map(|receipt| receipt.id).collect();
    let replies = state.recorder().receipts(receipts).await?;
    Ok(replies.into_iter().zip(ids).collect())
}

/// Records a gateway's call, and keeps it, if there is anything to record or to keep.
pub(super) async fn record_call(
    state: &AppState,
    call: GatewayCall<NewReceipt>,
) -> Result<(), ApiError> {
    if call.facts.is_empty() && call.request.is_none() {
        return Ok(());
    }
    state.recorder().gateway_receipts(call).await?;
    Ok(())
}

fn of_reply((reply, id): (ReceiptReply, Uuid)) -> ItemResult {
    match reply {
        ReceiptReply::Recorded => ItemResult::of("recorded", Some(id)),
        ReceiptReply::Parked => ItemResult::of("parked", Some(id)),
        ReceiptReply::Duplicate => ItemResult::of("duplicate", None),
        ReceiptReply::Spooled => ItemResult::of(SPOOLED, None),
        ReceiptReply::Corrected | ReceiptReply::CorrectedOptOut => {
            ItemResult::of("corrected", Some(id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_unknown_fields_a_hundred_are_told() {
        let names: Vec<String> = (0..1_000).map(|number| format!("x{number}")).collect();
        let errors = gateway_of(Some("main"), names.iter()).unwrap_err();
        assert_eq!(errors.len(), UNKNOWN_TOLD);
        assert_eq!(errors[99].field, "x99");
        assert_eq!(gateway_of(Some("main"), [].iter()).unwrap(), "main");
    }
}
