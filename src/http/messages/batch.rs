//! `POST /v1/messages/batch`.

use super::request::{MessageRequest, idempotency};
use super::view::{self, MessageView};
use crate::gateways::{json, neutral::ITEM_LIMIT};
use crate::http::auth::{Call, Campaign};
use crate::http::items::{Places, Results};
use crate::http::problem::{ApiError, FieldError, Kind, Problem};
use crate::http::state::AppState;
use crate::http::{answer, body, input};
use crate::ledger::facts::{Idempotency, NewMessage, SendCall, SendOutcome, StoredAnswer};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Many messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct BatchRequest<'a> {
    /// 1 to 10,000 messages.
    #[serde(borrow, deserialize_with = "json::few::<_, ITEM_LIMIT>")]
    #[schema(value_type = Vec<MessageRequest>, min_items = 1, max_items = 10_000)]
    messages: Vec<&'a RawValue>,
}

/// What became of one message of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum BatchResult {
    /// Recorded.
    Recorded(Box<MessageView>),
    /// The recipient is opted out; the attempt is recorded.
    Suppressed(SuppressedView),
    /// Not recorded.
    Invalid(InvalidView),
}

/// A suppressed message.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SuppressedView {
    /// `suppressed`.
    status: &'static str,
    /// The attempt's id.
    id: Uuid,
}

/// A message that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct InvalidView {
    /// `invalid`.
    status: &'static str,
    /// The fields at fault.
    errors: Vec<FieldError>,
}

fn invalid(errors: Vec<FieldError>) -> BatchResult {
    BatchResult::Invalid(InvalidView {
        status: "invalid",
        errors,
    })
}

/// Record up to 10,000 messages. The valid ones are one transaction.
#[utoipa::path(
    tag = "messages",
    operation_id = "send_batch",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 255, description = "1 to 255 visible ASCII characters; kept 7 days")),
    request_body(content = BatchRequest, description = "At most 10,000 messages and 33,554,432 bytes"),
    responses(
        (status = 200, description = "One result a message, in order", body = Results<BatchResult>),
        (status = 409, description = "The first call with this key has not ended", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too many messages, or the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a batch; or the key was used for another payload", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send the same call again; with an Idempotency-Key it is recorded once", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[post("/v1/messages/batch")]
pub(in crate::http) async fn post_batch(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Call<Campaign, body::JsonBytes<{ body::MANY }>>,
) -> Result<HttpResponse, ApiError> {
    let key = input::idempotency_key(request.headers())?;
    // 10,000 messages to parse would hold up the other requests of this thread.
    let read = web::block(move || read(key, &call.input.0)).await;
    let (idempotency, items) = read.map_err(ApiError::internal)??;
    let (places, messages) = Places::part(items);
    record(state, call.caller.key_id, idempotency, places, messages).await
}

type Item = Result<NewMessage, Vec<FieldError>>;

fn read(key: Option<String>, bytes: &[u8]) -> Result<(Option<Idempotency>, Vec<Item>), ApiError> {
    let request: BatchRequest<'_> = body::parse(bytes)?;
    match request.messages.len() {
        0 => {
            let message = "must hold at least one message";
            return Err(ApiError::field("messages", message));
        }
        1..=ITEM_LIMIT => {}
        _ => {
            let detail = format!("a batch holds at most {ITEM_LIMIT} messages");
            return Err(ApiError::new(Kind::TooLarge, detail));
        }
    }
    let idempotency = idempotency(key, "POST /v1/messages/batch", bytes)?;
    let items = request.messages.into_iter().map(read_one).collect();
    Ok((idempotency, items))
}

fn read_one(raw: &RawValue) -> Item {
    let message: MessageRequest = body::item(raw)?;
    message.check()
}

async fn record(
    state: web::Data<AppState>,
    api_key_id: Uuid,
    idempotency: Option<Idempotency>,
    places: Places,
    messages: Vec<NewMessage>,
) -> Result<HttpResponse, ApiError> {
    if messages.is_empty() {
        // Nothing to record, and the same payload always comes to this answer.
        let results = places.fill([], |never: BatchResult| never, invalid);
        return Ok(answer::ok(&Results { results }));
    }
    let gateways: Vec<Option<String>> = messages
        .iter()
        .map(|message| message.gateway.clone())
        .collect();
    let recorder = state.recorder().clone();
    let send = SendCall {
        api_key_id,
        idempotency,
        messages,
        answer: Arc::new(move |outcomes| answer_many(&state, &places, &gateways, outcomes)),
    };
    Ok(answer::of_reply(recorder.send(send).await?))
}

fn answer_many(
    state: &AppState,
    places: &Places,
    gateways: &[Option<String>],
    outcomes: &[SendOutcome],
) -> StoredAnswer {
    let of_outcome = |(outcome, gateway): (&SendOutcome, &Option<String>)| match outcome {
        SendOutcome::Recorded(message) => {
            BatchResult::Recorded(Box::new(view::of(state, message, gateway.as_deref())))
        }
        SendOutcome::Suppressed { id } => BatchResult::Suppressed(SuppressedView {
            status: "suppressed",
            id: *id,
        }),
        SendOutcome::UnknownCampaign => invalid(vec![view::unknown_campaign()]),
    };
    let results = places.fill(outcomes.iter().zip(gateways), of_outcome, invalid);
    answer::stored(StatusCode::OK, &Results { results })
}
