//! Standing wishes: the list, an opt-out, an opt-in. Numbers stand in bodies, never in paths.

use super::answer;
use super::auth::{Call, Caller, Campaign};
use super::body::Named;
use super::input::{self, Faults};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use crate::domain::opt_out::Scope;
use crate::domain::phone::{PhoneNumber, Sender};
use crate::event::format_time;
use crate::gateways::fields;
use crate::ledger::facts::NewOptOut;
use crate::ledger::opt_outs::{self, LIST_LIMIT, Reading, StandingWish};
use actix_web::{HttpResponse, delete, get, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The path's word for "any sender".
const ANY: &str = "*";
/// Which wishes to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Read on behind this: the `next` of the answer before, and `0` for the first. Nothing is left out,
    /// and a wish that changes is listed again. After the ledger was restored, begin with `0` again.
    #[param(pattern = "^[0-9]{1,18}$")]
    after: Option<String>,
    /// Only wishes recorded at or after this RFC 3339 time. A wish may be written later than it was recorded,
    /// when PostgreSQL was away: to read on, give `after`.
    #[param(format = "date-time")]
    since: Option<String>,
    /// The most wishes to list: 1 to 10,000, 1,000 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    limit: Option<String>,
}

/// A wish to be noted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WishRequest {
    /// The subscriber's number, in international form.
    #[schema(min_length = 7, max_length = 32, example = "+436601234567")]
    number: String,
    /// Why, in words.
    #[schema(min_length = 1, max_length = 255, pattern = r"\S")]
    reason: Option<String>,
}

/// A standing wish.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WishView {
    /// E.164.
    number: String,
    /// The sender that it is about; `*` = any.
    sender: String,
    /// False after an opt-in.
    opted_out: bool,
    /// How it reached us: `keyword`, `gateway` or `api`.
    source: String,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who: an API key's id, a gateway's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// From when on it holds.
    #[schema(format = "date-time")]
    effective_at: String,
    /// When it was recorded here.
    #[schema(format = "date-time")]
    changed_at: String,
}

/// Standing wishes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WishList {
    /// Oldest change first.
    opt_outs: Vec<WishView>,
    /// What to give as `after` to read on; there if `after` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{1,18}$")]
    next: Option<String>,
}

/// A wish that was noted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotedWish {
    /// The event's id.
    id: Uuid,
    /// E.164.
    number: String,
    /// The sender that it is about; `*` = any.
    sender: String,
    /// The wish that stands about this sender now. Another one, about `*` or about a sender, may suppress
    /// messages all the same.
    opted_out: bool,
}

/// List standing wishes, oldest change first.
#[utoipa::path(
    tag = "opt-outs",
    operation_id = "list_opt_outs",
    params(ListQuery),
    responses(
        (status = 200, description = "The wishes", body = WishList),
        (status = 422, description = "Parameters were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[get("/v1/opt-outs")]
pub(super) async fn list_opt_outs(
    state: web::Data<AppState>,
    call: Call<Campaign, web::Query<ListQuery>>,
) -> Result<HttpResponse, ApiError> {
    let reading = check_list(&call.input, Utc::now()).map_err(ApiError::fields)?;
    let list = move |conn: &mut _| opt_outs::list(conn, reading);
    let wishes = state.pool().run("opt_outs", list).await?;
    let last = wishes.last().and_then(|wish| wish.position);
    let next = reading.after.map(|after| last.unwrap_or(after).to_string());
    let opt_outs = wishes.into_iter().map(view).collect();
    Ok(answer::ok(&WishList { opt_outs, next }))
}

/// Opt a subscriber out of one sender's messages, or with `*` of anyone's.
#[utoipa::path(
    tag = "opt-outs",
    operation_id = "opt_out",
    params(("sender" = String, Path, max_length = 32, description = "A sender, or `*` for any")),
    request_body(content = WishRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 200, description = "Noted, durably: no later send gets through", body = NotedWish),
        (status = 422, description = "Fields were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be noted: send the same call again", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[put("/v1/opt-outs/{sender}")]
pub(super) async fn opt_out(
    state: web::Data<AppState>,
    call: Call<Campaign, Named<WishRequest>>,
) -> Result<HttpResponse, ApiError> {
    note(&state, call.caller, call.input, true).await
}

/// Opt a subscriber in again.
#[utoipa::path(
    tag = "opt-outs",
    operation_id = "opt_in",
    params(("sender" = String, Path, max_length = 32, description = "A sender, or `*` for any")),
    request_body(content = WishRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 200, description = "Noted, durably, as an opt-in", body = NotedWish),
        (status = 422, description = "Fields were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be noted. See what stands before the call is sent again: it would undo an opt-out that has come since", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[delete("/v1/opt-outs/{sender}")]
pub(super) async fn opt_in(
    state: web::Data<AppState>,
    call: Call<Campaign, Named<WishRequest>>,
) -> Result<HttpResponse, ApiError> {
    note(&state, call.caller, call.input, false).await
}

async fn note(
    state: &AppState,
    caller: Caller,
    input: Named<WishRequest>,
    opted_out: bool,
) -> Result<HttpResponse, ApiError> {
    let wish = check(caller, &input.name, input.body, opted_out).map_err(ApiError::fields)?;
    let noted = NotedWish {
        id: wish.id,
        number: wish.number.as_str().to_owned(),
        sender: match &wish.scope {
            Scope::All => ANY.to_owned(),
            Scope::Sender(sender) => sender.as_str().to_owned(),
        },
        opted_out,
    };
    state.recorder().opt_outs(vec![wish]).await?;
    Ok(answer::ok(&noted))
}

fn check(
    caller: Caller,
    sender: &str,
    request: WishRequest,
    opted_out: bool,
) -> Result<NewOptOut, Vec<FieldError>> {
    let mut faults = Faults::default();
    let scope = match sender {
        ANY => Some(Scope::All),
        sender => faults
            .keep("sender", Sender::parse(sender))
            .map(Scope::Sender),
    };
    let number = faults.keep("number", PhoneNumber::parse(&request.number));
    faults.optional_text("reason", request.reason.as_deref(), input::TEXT_LIMIT);
    let (scope, number) = faults.finish(scope.zip(number))?;
    Ok(NewOptOut {
        id: Uuid::now_v7(),
        number,
        scope,
        opted_out,
        reason: request.reason,
        actor: caller.key_id.to_string(),
    })
}

fn check_list(query: &ListQuery, now: DateTime<Utc>) -> Result<Reading, Vec<FieldError>> {
    let mut faults = Faults::default();
    let since = query.since.as_deref();
    let since = since.and_then(|text| faults.fault(fields::time("since", text, now)));
    let after = query.after.as_deref().map(position);
    let after = after.and_then(|after| faults.keep("after", after));
    let limit = query.limit.as_deref().unwrap_or("1000").parse().ok();
    let limit = limit.filter(|limit| (1..=LIST_LIMIT).contains(limit));
    let limit = faults.keep("limit", limit.ok_or("must be between 1 and 10000"));
    faults.finish(limit.map(|limit| Reading {
        since,
        after,
        limit,
    }))
}

/// A place as an answer gives it.
fn position(text: &str) -> Result<i64, &'static str> {
    let digits = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or("must be 0, or the next of an answer")
}

fn view(wish: StandingWish) -> WishView {
    WishView {
        number: wish.number,
        sender: wish.sender,
        opted_out: wish.opted_out,
        source: wish.source,
        reason: wish.reason,
        actor: wish.actor,
        effective_at: format_time(&wish.effective_at),
        changed_at: format_time(&wish.changed_at),
    }
}
