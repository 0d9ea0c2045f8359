//! Successful answers.

use super::problem;
use crate::ledger::facts::{SendReply, StoredAnswer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

/// The header of an answer that was given before.
pub(super) const REPLAYED: &str = "Idempotent-Replayed";

/// JSON text of an answer.
pub(super) fn encode(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("answers are structs of text and numbers with text keys")
}

/// A 200 with JSON.
pub(super) fn ok(value: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, encode(value))
}

/// Results of a call: 202 if any of them waits on this server's disk, for a ledger that is away.
pub(super) fn of_results(spooled: bool, results: &impl Serialize) -> HttpResponse {
    let status = if spooled {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    json(status, encode(results))
}

/// An answer with JSON.
pub(super) fn json(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("application/json")
        .body(body)
}

/// A stored answer with JSON.
pub(super) fn stored(status: StatusCode, value: &impl Serialize) -> StoredAnswer {
    StoredAnswer {
        status: status.as_u16(),
        body: encode(value),
    }
}

/// The answer that the recorder stored, now or before.
pub(super) fn of_reply(reply: SendReply) -> HttpResponse {
    let status =
        StatusCode::from_u16(reply.answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if status.is_success() {
        "application/json"
    } else {
        problem::MEDIA_TYPE
    };
    let mut response = HttpResponse::build(status);
    response.content_type(media_type);
    if reply.replayed {
        response.insert_header((REPLAYED, "true"));
    }
    response.body(reply.answer.body)
}
