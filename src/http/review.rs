//! Verdicts on subscribers' texts: those at which a person should look, and what the person decides.

use super::answer;
use super::auth::{Call, Campaign};
use super::body::Named;
use super::input::{self, Faults};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use crate::domain::opt_out::Intent;
use crate::event::format_time;
use crate::ledger::facts::{NewVerdict, VerdictReply};
use crate::ledger::review::{self, Judged};
use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The most inbound messages in one answer.
const LIST_LIMIT: i64 = 1_000;

/// Which inbound messages to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReviewQuery {
    /// What they ask for by the rules: `possible_stop` unless given. Of those that nobody looked at, no
    /// others wait for anyone.
    #[param(example = "possible_stop")]
    intent: Option<String>,
    /// `true` lists those that somebody decided about, `false` (unless given) those that wait.
    #[param(example = "false")]
    reviewed: Option<String>,
    /// The most to list: 1 to 1,000, 100 unless given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Only those after this one: the answer's `next`.
    #[param(format = "uuid")]
    after: Option<String>,
}

/// An inbound message with the verdict on it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JudgedView {
    /// Its id.
    id: Uuid,
    /// The subscriber, E.164.
    from: String,
    /// The platform's number that it was sent to.
    to: String,
    /// The text.
    body: String,
    /// When it came, by the gateway's clock if that gave a time.
    #[schema(format = "date-time")]
    received_at: String,
    /// What it asks for by the rules, or by the gateway: `stop`, `start`, `help`, `possible_stop` or
    /// `none`.
    intent: String,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Its rule set.
    ruleset: String,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    /// What a person decided, which stands before `intent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewView>,
}

/// What a person decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewView {
    /// `stop`, `start`, `help` or `none`.
    intent: String,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Who: an API key's id.
    actor: String,
    /// When.
    #[schema(format = "date-time")]
    decided_at: String,
}

/// Inbound messages, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JudgedList {
    /// One an inbound message.
    inbound: Vec<JudgedView>,
    /// What to give as `after` to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Uuid>,
}

/// A person's verdict.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerdictRequest {
    /// `stop`, `start`, `help` or `none`.
    #[schema(example = "stop")]
    intent: String,
    /// Why, in words.
    #[schema(max_length = 255)]
    reason: Option<String>,
}

/// The verdict that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandingVerdict {
    /// The inbound message.
    id: Uuid,
    /// `stop`, `start`, `help` or `none`.
    intent: &'static str,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// List subscribers' messages at which a person should look: they may be a STOP. Those that come while
/// the list is read may stand before its cursor: begin anew until it is empty.
#[utoipa::path(
    tag = "opt-outs",
    operation_id = "list_inbound",
    params(ReviewQuery),
    responses(
        (status = 200, description = "The messages, by id", body = JudgedList),
        (status = 422, description = "Parameters were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[get("/v1/inbound")]
pub(super) async fn list_inbound(
    state: web::Data<AppState>,
    call: Call<Campaign, web::Query<ReviewQuery>>,
) -> Result<HttpResponse, ApiError> {
    let asked = check_list(&call.input).map_err(ApiError::fields)?;
    let (limit, full) = (asked.limit, usize::try_from(asked.limit).ok());
    let read = move |conn: &mut _| {
        if asked.reviewed {
            review::reviewed(conn, asked.intent.as_str(), asked.after, limit)
        } else {
            review::waiting(conn, asked.after, limit)
        }
    };
    let judged = state.pool().run("review", read).await?;
    let last = judged.last().map(|judged| judged.id);
    let next = last.filter(|_| Some(judged.len()) == full);
    let inbound = judged.into_iter().map(view).collect();
    Ok(answer::ok(&JudgedList { inbound, next }))
}

/// Decide what a subscriber's message asks for, whatever was decided before. A `stop` opts the
/// subscriber out of the messages of the sender that it was written to, from when it was written; a
/// `start` opts in. A wrong STOP that is found to be `none` or `help` is taken back, unless something
/// else has said the same since.
#[utoipa::path(
    tag = "opt-outs",
    operation_id = "put_verdict",
    params(("id" = Uuid, Path, description = "The inbound message's id")),
    request_body(content = VerdictRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 200, description = "It stands, durably. The same verdict again changes nothing", body = StandingVerdict),
        (status = 404, description = "No such inbound message", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not known to be noted: send the same call again", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[put("/v1/inbound/{id}/verdict")]
pub(super) async fn put_verdict(
    state: web::Data<AppState>,
    call: Call<Campaign, Named<VerdictRequest>>,
) -> Result<HttpResponse, ApiError> {
    let inbound_id = input::path_id("id", &call.input.name)?;
    let request = call.input.body;
    let mut faults = Faults::default();
    let intent = faults.keep("intent", decided(&request.intent));
    faults.optional_text("reason", request.reason.as_deref(), input::TEXT_LIMIT);
    let intent = faults.finish(intent).map_err(ApiError::fields)?;
    let verdict = NewVerdict {
        id: Uuid::now_v7(),
        inbound_id,
        intent,
        reason: request.reason.clone(),
        actor: call.caller.key_id.to_string(),
    };
    match state.recorder().verdict(verdict).await? {
        VerdictReply::Recorded | VerdictReply::Unchanged => Ok(answer::ok(&StandingVerdict {
            id: inbound_id,
            intent: intent.as_str(),
            reason: request.reason,
        })),
        VerdictReply::UnknownInbound => Err(ApiError::not_found("id", "inbound message")),
    }
}

/// A person decides: nothing is left that may be a STOP.
fn decided(text: &str) -> Result<Intent, &'static str> {
    Intent::parse(text)
        .filter(|intent| *intent != Intent::PossibleStop)
        .ok_or("must be stop, start, help or none")
}

#[derive(Debug)]
struct Asked {
    intent: Intent,
    reviewed: bool,
    limit: i64,
    after: Uuid,
}

fn check_list(query: &ReviewQuery) -> Result<Asked, Vec<FieldError>> {
    let mut faults = Faults::default();
    let reviewed = match query.reviewed.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err("must be true or false"),
    };
    let reviewed = faults.keep("reviewed", reviewed);
    let intent = query.intent.as_deref().unwrap_or("possible_stop");
    let intent = Intent::parse(intent).ok_or("must be stop, start, help, possible_stop or none");
    let intent = faults.keep("intent", intent);
    if reviewed == Some(false) && intent.is_some_and(|intent| intent != Intent::PossibleStop) {
        let only = "must be possible_stop where reviewed is false: no others wait for a person";
        faults.keep("intent", Err::<(), _>(only));
    }
    let limit = query.limit.as_deref().unwrap_or("100").parse().ok();
    let limit = limit.filter(|limit| (1..=LIST_LIMIT).contains(limit));
    let limit = faults.keep("limit", limit.ok_or("must be between 1 and 1000"));
    let after = query.after.as_deref().map_or(Ok(Uuid::nil()), |text| {
        Uuid::try_parse(text).map_err(|_| "must be an id, a UUID")
    });
    let after = faults.keep("after", after);
    let all = intent.zip(reviewed).zip(limit.zip(after));
    let ((intent, reviewed), (limit, after)) = faults.finish(all)?;
    Ok(Asked {
        intent,
        reviewed,
        limit,
        after,
    })
}

fn view(judged: Judged) -> JudgedView {
    let decided = judged.reviewed_intent.zip(judged.reviewed_at);
    let review = decided.map(|(intent, decided_at)| ReviewView {
        intent,
        reason: judged.review_reason,
        actor: judged.reviewer.unwrap_or_default(),
        decided_at: format_time(&decided_at),
    });
    JudgedView {
        id: judged.id,
        from: judged.from_number,
        to: judged.sender,
        body: judged.body,
        received_at: format_time(&judged.received_at),
        intent: judged.intent,
        reason: judged.intent_reason,
        ruleset: judged.ruleset,
        message_id: judged.message_id,
        review,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(query: &str) -> Vec<String> {
        let query = web::Query::<ReviewQuery>::from_query(query).unwrap();
        let faults = check_list(&query).unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let all = "intent=stopp&reviewed=1&limit=0&after=x";
        assert_eq!(faults(all), ["reviewed", "intent", "limit", "after"]);
        assert_eq!(faults("intent=stop"), ["intent"], "none of these wait");
        assert_eq!(faults("limit=1001"), ["limit"]);
    }

    #[test]
    fn what_waits_is_listed_unless_more_is_asked() {
        let check = |query: &str| {
            let query = web::Query::<ReviewQuery>::from_query(query).unwrap();
            check_list(&query).unwrap()
        };
        let asked = check("");
        assert!(!asked.reviewed && asked.after.is_nil() && asked.limit == 100);
        assert_eq!(check("intent=stop&reviewed=true").intent, Intent::Stop);
        assert!(decided("possible_stop").is_err());
    }
}
