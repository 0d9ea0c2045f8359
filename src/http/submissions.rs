//! `POST /v1/submissions`: messages were handed to a gateway.

use super::auth::{Call, Campaign};
use super::input::{self, Faults};
use super::items::{ItemResult, OneOrMany, Places, Results, SPOOLED};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use super::{answer, body};
use crate::gateways::{fields, neutral};
use crate::ledger::facts::{NewSubmission, SubmissionOutcome, SubmissionReply};
use actix_web::{HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// One hand-over.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmissionRequest {
    /// The message.
    #[schema(format = "uuid")]
    message_id: String,
    /// The gateway that it was handed to.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]+$")]
    gateway: String,
    /// The id that the gateway gave it; compared without regard to case.
    #[schema(max_length = 255)]
    gateway_message_id: Option<String>,
    /// `accepted`, `refused` (by the gateway) or `canceled` (by the caller, before it left).
    #[schema(example = "accepted")]
    outcome: String,
    /// The gateway's own code, of a refusal. One that says that the recipient opted out at the gateway
    /// opts them out here, too.
    #[schema(max_length = 64)]
    error_code: Option<String>,
    /// When, by the caller's clock: RFC 3339, from 2000 to a day ahead.
    #[schema(format = "date-time")]
    submitted_at: Option<String>,
}

/// Tell that messages were handed to a gateway: one object, or an array of 1 to 10,000. Receipts
/// that came first and were parked are matched now.
#[utoipa::path(
    tag = "messages",
    operation_id = "submissions",
    request_body(content = OneOrMany<SubmissionRequest>, description = "One object or an array of at most 10,000; at most 33,554,432 bytes"),
    responses(
        (status = 200, description = "One result an item, in order; an item of an unknown message is invalid", body = Results<ItemResult>),
        (status = 413, description = "Too many items, or the body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The one item is invalid", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be recorded: send the same call again; repetitions are recognised", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[post("/v1/submissions")]
pub(super) async fn post_submissions(
    state: web::Data<AppState>,
    call: Call<Campaign, body::JsonBytes<{ body::MANY }>>,
) -> Result<HttpResponse, ApiError> {
    let now = Utc::now();
    let raw = neutral::split(&call.input.0)?;
    let single = neutral::is_one(&call.input.0);
    let items = raw
        .into_iter()
        .map(|raw| read(raw, now).map(|submission| translate(&state, submission)));
    let (places, valid) = Places::part(items.collect());
    let ids: Vec<Uuid> = valid.iter().map(|item: &NewSubmission| item.id).collect();
    let replies = if valid.is_empty() {
        Vec::new()
    } else {
        state.recorder().submissions(valid).await?
    };
    let results = places.fill(replies.into_iter().zip(ids), of_reply, ItemResult::invalid);
    Results { results }.answer(single)
}

/// Reads the gateway's id and code as its dialect does; those of a gateway that is only a name here
/// stay as they are.
fn translate(state: &AppState, mut submission: NewSubmission) -> NewSubmission {
    let Some(gateway) = state.gateways().find(&submission.gateway) else {
        return submission;
    };
    let id = submission.gateway_message_id.take();
    submission.gateway_message_id = id.map(|id| gateway.submission_id(id));
    let code = submission.error_code.as_deref();
    submission.error_class = code.map(|code| gateway.kind().refusal(code).class);
    submission
}

fn read(raw: &RawValue, now: DateTime<Utc>) -> Result<NewSubmission, Vec<FieldError>> {
    let request: SubmissionRequest = body::item(raw)?;
    check(&request, now)
}

fn check(
    request: &SubmissionRequest,
    now: DateTime<Utc>,
) -> Result<NewSubmission, Vec<FieldError>> {
    let mut faults = Faults::default();
    let id = Uuid::try_parse(&request.message_id).map_err(|_| "must be a message's id, a UUID");
    let message_id = faults.keep("message_id", id);
    faults.keep("gateway", input::gateway_name(&request.gateway));
    let outcome = faults.keep("outcome", outcome(&request.outcome));
    let id = request.gateway_message_id.as_deref().unwrap_or_default();
    let gateway_message_id = faults
        .fault(fields::canonical_id("gateway_message_id", id))
        .flatten();
    let code = request.error_code.as_deref().unwrap_or_default();
    let error_code = faults
        .fault(fields::canonical_code("error_code", code))
        .flatten();
    let submitted_at = request
        .submitted_at
        .as_deref()
        .and_then(|text| faults.fault(fields::time("submitted_at", text, now)));
    let (message_id, outcome) = faults.finish(message_id.zip(outcome))?;
    Ok(NewSubmission {
        id: Uuid::now_v7(),
        message_id,
        gateway: request.gateway.clone(),
        gateway_message_id,
        outcome,
        error_code,
        error_class: None,
        submitted_at,
    })
}

fn outcome(text: &str) -> Result<SubmissionOutcome, &'static str> {
    match text {
        "accepted" => Ok(SubmissionOutcome::Accepted),
        "refused" => Ok(SubmissionOutcome::Refused),
        "canceled" => Ok(SubmissionOutcome::Canceled),
        _ => Err("must be accepted, refused or canceled"),
    }
}

fn of_reply((reply, id): (SubmissionReply, Uuid)) -> ItemResult {
    match reply {
        SubmissionReply::Recorded => ItemResult::of("recorded", Some(id)),
        SubmissionReply::Duplicate => ItemResult::of("duplicate", None),
        SubmissionReply::UnknownMessage => {
            ItemResult::invalid(vec![FieldError::new("message_id", "no such message")])
        }
    }
}

impl Results<ItemResult> {
    /// The answer; the one invalid item of a call is a problem of the whole call.
    pub(super) fn answer(self, single: bool) -> Result<HttpResponse, ApiError> {
        match self.results.as_slice() {
            [one] if single && !one.errors.is_empty() => Err(ApiError::fields(one.errors.clone())),
            all => {
                let spooled = all.iter().any(|one| one.status == SPOOLED);
                Ok(answer::of_results(spooled, &self))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<NewSubmission, Vec<FieldError>> {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        read(&raw, Utc::now())
    }

    #[test]
    fn every_wrong_field_is_named() {
        let text = r#"{"message_id":"x","gateway":"A b","outcome":"sent","submitted_at":"1970-01-01T00:00:00Z"}"#;
        let errors = read_text(text).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["message_id", "gateway", "outcome", "submitted_at"]);
        let unknown = read_text(r#"{"message":"x"}"#).unwrap_err();
        assert_eq!(unknown[0].field, "message");
    }
}
