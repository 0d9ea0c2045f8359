//! `GET /{code}`: the way from a short URL to its target.
//!
//! The target is kept exactly as it was sent, its own query string with it. What a visitor's phone
//! adds to the short URL is dropped: nobody signed it, and a target's own parameters must not be
//! overwritten by it.

use super::problem::ApiError;
use super::state::AppState;
use super::{client_address, pages};
use crate::domain::click::{self, Visit};
use crate::domain::short_code::forgive;
use crate::ledger::facts::{LinkTarget, NewClick, RecordError};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError, route, web};
use chrono::Utc;
use std::sync::Arc;
use uuid::Uuid;

/// The most bytes kept of a browser's own words. They are judged by what is kept, which is less than
/// [`click::judge`] would read.
pub(super) const AGENT_LIMIT: usize = 512;

/// Follow a short URL. Punctuation that a phone glued to its end is forgiven. The click is durable
/// before the answer. `HEAD` answers alike and records nothing.
#[utoipa::path(
    method(get, head),
    path = "/{code}",
    tag = "links",
    operation_id = "follow",
    params(("code" = String, Path, description = "The short code")),
    responses(
        (status = 302, description = "To the target, or to the campaign's fallback once expired; never cached"),
        (status = 404, description = "No such link; a small page", content_type = "text/html"),
        (status = 410, description = "Expired, and no fallback; a small page", content_type = "text/html"),
        (status = 503, description = "Not right now; a small page with Retry-After", content_type = "text/html"),
    )
)]
#[route("/{code}", method = "GET", method = "HEAD")]
pub(super) async fn follow(
    request: HttpRequest,
    state: web::Data<AppState>,
    code: web::Path<String>,
) -> HttpResponse {
    visit(&request, &state, &code).await
}

/// A slash behind the code, which some add to what has none, is forgiven, too.
pub(super) fn with_slash(config: &mut web::ServiceConfig) -> &mut web::ServiceConfig {
    config.service(follow_with_slash)
}

#[route("/{code}/", method = "GET", method = "HEAD")]
async fn follow_with_slash(
    request: HttpRequest,
    state: web::Data<AppState>,
    code: web::Path<String>,
) -> HttpResponse {
    visit(&request, &state, &code).await
}

async fn visit(request: &HttpRequest, state: &AppState, code: &str) -> HttpResponse {
    let code = forgive(code);
    let link = match state.links().find(code).await {
        Ok(Some(link)) => link,
        Ok(None) => return pages::unknown(),
        Err(error) => return refuse(&error.into()),
    };
    if link.expires_at.is_some_and(|expiry| expiry <= Utc::now()) {
        return link
            .fallback_url
            .as_deref()
            .map_or_else(pages::expired, lead_to);
    }
    if request.method() == Method::GET
        && let Err(error) = record(request, state, &link).await
    {
        return refuse(&error);
    }
    lead_to(&link.target_url)
}

async fn record(
    request: &HttpRequest,
    state: &AppState,
    link: &Arc<LinkTarget>,
) -> Result<(), ApiError> {
    let click = read_visit(request, state, link.clone());
    match state.recorder().click(click).await {
        // A gap in our parsing is no reason to keep a person from the target. It is counted and
        // logged: the click is the one thing that is missing.
        Err(RecordError::Refused(error)) => {
            metrics::counter!("textrail_clicks_refused_total").increment(1);
            tracing::error!(error = format!("{error:#}"), "a click was not recorded");
            Ok(())
        }
        other => Ok(other?),
    }
}

fn read_visit(request: &HttpRequest, state: &AppState, link: Arc<LinkTarget>) -> NewClick {
    let headers = request.headers();
    let user_agent = text(headers, header::USER_AGENT.as_str(), AGENT_LIMIT);
    let referrer = text(headers, header::REFERER.as_str(), 2_048);
    let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
    let purpose = purposes
        .into_iter()
        .find_map(|name| text(headers, name, 64));
    let peer = request.peer_addr().map(|peer| peer.ip());
    NewClick {
        id: Uuid::now_v7(),
        link,
        judgement: state.judgements().of(&Visit {
            user_agent: user_agent.as_deref(),
            purpose: purpose.as_deref(),
        }),
        ip: client_address::of(peer, headers, &state.settings().trusted_proxies),
        referrer_host: referrer.as_deref().and_then(click::referrer_host),
        user_agent,
    }
}

/// A header as text that PostgreSQL can hold, cut at a whole character.
fn text(headers: &HeaderMap, name: &str, limit: usize) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    let clean = if text.contains(char::is_control) {
        text.chars().filter(|char| !char.is_control()).collect()
    } else {
        text
    };
    let clean = clean.trim();
    let cut = clean.floor_char_boundary(limit);
    (cut > 0).then(|| clean[..cut].to_owned())
}

fn lead_to(target: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::FOUND)
        .insert_header((header::LOCATION, target))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        // The target learns that someone came, not by which personal link.
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .finish()
}

/// A page rather than a problem document: a person is waiting.
fn refuse(error: &ApiError) -> HttpResponse {
    let status = error.status_code();
    if let Some(inside) = error.inside() {
        tracing::error!(error = format!("{inside:#}"), %status, "a link could not be followed");
    }
    pages::unavailable()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn targets_are_kept_exactly_and_never_cached() {
        let response = lead_to("https://example.com/a?b=%20c&d=1#e");
        assert_eq!(response.status(), StatusCode::FOUND);
        let headers = response.headers();
        assert_eq!(
            headers.get(header::LOCATION).unwrap(),
            "https://example.com/a?b=%20c&d=1#e"
        );
        assert_eq!(
            headers.get(header::CACHE_CONTROL).unwrap(),
            "private, no-store"
        );
        assert_eq!(headers.get(header::REFERRER_POLICY).unwrap(), "no-referrer");
    }

    #[test]
    fn header_texts_are_cut_at_characters() {
        let agent = "é".repeat(300);
        let request = TestRequest::default()
            .insert_header((header::USER_AGENT, agent.as_bytes()))
            .to_http_request();
        let read = text(request.headers(), "user-agent", 511).unwrap();
        assert_eq!(read.len(), 510);
        assert_eq!(text(request.headers(), "referer", 10), None);
    }
}
