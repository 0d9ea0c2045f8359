//! `POST /v1/messages`.

use super::request::{MessageRequest, idempotency};
use super::view::{self, MessageView};
use crate::http::auth::{Call, Campaign};
use crate::http::problem::{ApiError, Problem};
use crate::http::state::AppState;
use crate::http::{answer, body, input};
use crate::ledger::facts::{SendCall, SendOutcome, StoredAnswer};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use std::sync::Arc;

/// Record a message, and get back the body to hand to the gateway.
///
/// The same `Idempotency-Key` and payload get the stored answer again, with the header
/// `Idempotent-Replayed: true`.
#[utoipa::path(
    tag = "messages",
    operation_id = "send",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 255, description = "1 to 255 visible ASCII characters; kept 7 days")),
    request_body(content = MessageRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 201, description = "Recorded, durably", body = MessageView),
        (status = 409, description = "The first call with this key has not ended", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields were refused; or the recipient is opted out (`/problems/recipient-opted-out`); or the key was used for another payload (`/problems/idempotency-key-reused`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send the same call again; with an Idempotency-Key it is recorded once", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[post("/v1/messages")]
pub(in crate::http) async fn post_message(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Call<Campaign, body::JsonBytes<{ body::ONE }>>,
) -> Result<HttpResponse, ApiError> {
    let bytes = call.input.0;
    let message = body::parse::<MessageRequest>(&bytes)?
        .check()
        .map_err(ApiError::fields)?;
    let gateway = message.gateway.clone();
    let key = input::idempotency_key(request.headers())?;
    let idempotency = idempotency(key, "POST /v1/messages", &bytes)?;
    let recorder = state.recorder().clone();
    let send = SendCall {
        api_key_id: call.caller.key_id,
        idempotency,
        messages: vec![message],
        answer: Arc::new(move |outcomes| answer_one(&state, outcomes, gateway.as_deref())),
    };
    Ok(answer::of_reply(recorder.send(send).await?))
}

fn answer_one(state: &AppState, outcomes: &[SendOutcome], gateway: Option<&str>) -> StoredAnswer {
    match outcomes.first() {
        Some(SendOutcome::Recorded(message)) => {
            answer::stored(StatusCode::CREATED, &view::of(state, message, gateway))
        }
        Some(SendOutcome::Suppressed { id }) => view::opted_out(*id).stored(),
        Some(SendOutcome::UnknownCampaign) => ApiError::fields([view::unknown_campaign()]).stored(),
        // One message in, one outcome out; a recorder that breaks this is a mistake of ours.
        None => ApiError::internal(anyhow::anyhow!("no outcome")).stored(),
    }
}
