//! `GET /v1/messages/{id}`.

use super::view::LinkView;
use crate::event::format_time;
use crate::http::auth::{Call, Campaign};
use crate::http::problem::{ApiError, Problem};
use crate::http::state::AppState;
use crate::http::{answer, input};
use crate::ledger::journey::{self as ledger, Journey, Step, StepKind};
use actix_web::http::Method;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Names that are no ids, but other paths, which take another method.
const OTHER_PATHS: [&str; 2] = ["batch", "preview"];

/// A message and all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct JourneyView {
    /// Its id.
    id: Uuid,
    /// `recorded` or `suppressed`.
    outcome: String,
    /// Where it stands: `recorded`, `accepted`, `queued`, `sent`, `unknown`, `delivered`,
    /// `undelivered`, `failed`, `rejected`, `expired` or `canceled`.
    status: String,
    /// The recipient, E.164.
    to: String,
    /// The sender.
    from: String,
    /// The rendered text.
    body: String,
    /// The campaign's name.
    campaign: String,
    /// The campaign's type when it was recorded.
    campaign_type: String,
    /// The gateway that it was meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference: Option<String>,
    /// `gsm7` or `ucs2`.
    encoding: String,
    /// SMS segments.
    segments: i32,
    /// Whether it is a test.
    test: bool,
    /// When it was recorded.
    #[schema(format = "date-time")]
    recorded_at: String,
    /// Its links, in order.
    links: Vec<LinkView>,
    /// What happened, by time.
    journey: Vec<StepView>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StepView {
    /// When: by the gateway's clock if it gave a time, else when it was recorded.
    #[schema(format = "date-time")]
    at: String,
    /// When it was recorded.
    #[schema(format = "date-time")]
    recorded_at: String,
    /// What.
    #[serde(flatten)]
    what: What,
}

/// The kinds of step.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(in crate::http) enum What {
    /// Handed to a gateway, or refused by it.
    Submission {
        /// To whom.
        gateway: String,
        /// The gateway's id for the message.
        #[serde(skip_serializing_if = "Option::is_none")]
        gateway_message_id: Option<String>,
        /// `accepted`, `refused` or `canceled`.
        outcome: String,
        /// The gateway's own code.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_code: Option<String>,
    },
    /// A delivery receipt.
    Receipt {
        /// Who reported.
        gateway: String,
        /// In our words.
        status: String,
        /// In the gateway's words.
        raw_status: String,
        /// The gateway's own code.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_code: Option<String>,
        /// The segment it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        segment_number: Option<i32>,
        /// Whether it was read again and is something else now: it counts no longer.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        corrected: bool,
    },
    /// A visit to one of its short URLs.
    Click {
        /// Which.
        code: String,
        /// `human`, `bot` or `suspect`.
        verdict: String,
    },
    /// The subscriber's answer.
    Reply {
        /// The inbound message's id, by which its verdict can be overturned.
        inbound_id: Uuid,
        /// The text.
        body: String,
        /// `stop`, `start`, `help`, `possible_stop` or `none`, as the verdict stands.
        intent: String,
    },
}

/// Read a message and its journey: submissions, receipts, clicks and replies, in time order.
#[utoipa::path(
    tag = "messages",
    operation_id = "journey",
    params(("id" = Uuid, Path, description = "The message's id")),
    responses(
        (status = 200, description = "The message", body = JourneyView),
        (status = 404, description = "No such message", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an id", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[get("/v1/messages/{id}")]
pub(in crate::http) async fn get_message(
    state: web::Data<AppState>,
    call: Call<Campaign, web::Path<String>>,
) -> Result<HttpResponse, ApiError> {
    if OTHER_PATHS.contains(&call.input.as_str()) {
        return Err(ApiError::method_not_allowed(&[Method::POST]));
    }
    let id = input::path_id("id", &call.input)?;
    let found = state
        .pool()
        .run("journey", move |conn| ledger::find(conn, id))
        .await?;
    let journey = found.ok_or_else(|| ApiError::not_found("id", "message"))?;
    Ok(answer::ok(&view(&state, journey)))
}

fn view(state: &AppState, journey: Journey) -> JourneyView {
    let link = |(code, domain, target): (String, String, String)| {
        let short_url = state.short_url(Some(&domain), &code);
        LinkView::new(code, short_url, target)
    };
    JourneyView {
        id: journey.id,
        outcome: journey.outcome,
        status: journey.status,
        to: journey.to,
        from: journey.from,
        body: journey.body,
        campaign: journey.campaign,
        campaign_type: journey.campaign_type,
        gateway: journey.gateway,
        client_reference: journey.client_reference,
        encoding: journey.encoding,
        segments: journey.segments,
        test: journey.test,
        recorded_at: format_time(&journey.recorded_at),
        links: journey.links.into_iter().map(link).collect(),
        journey: journey.steps.into_iter().map(step).collect(),
    }
}

fn step(step: Step) -> StepView {
    let what = match step.what {
        StepKind::Submission {
            gateway,
            gateway_message_id,
            outcome,
            error_code,
        } => What::Submission {
            gateway,
            gateway_message_id,
            outcome,
            error_code,
        },
        StepKind::Receipt {
            gateway,
            status,
            raw_status,
            error_code,
            segment_number,
            corrected,
        } => What::Receipt {
            gateway,
            status,
            raw_status,
            error_code,
            segment_number,
            corrected,
        },
        StepKind::Click { code, verdict } => What::Click { code, verdict },
        StepKind::Reply {
            inbound_id,
            body,
            intent,
        } => What::Reply {
            inbound_id,
            body,
            intent,
        },
    };
    StepView {
        at: format_time(&step.at),
        recorded_at: format_time(&step.recorded_at),
        what,
    }
}
