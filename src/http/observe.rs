//! What is seen of every request: metrics and the access log. The log names the route's pattern,
//! never the path or the query: they may hold numbers, codes and secrets.

use super::problem::ApiError;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use std::time::Instant;

/// Counts, times and logs a request.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let method = method_name(request.method());
    let result = next.call(request).await;
    let seconds = began.elapsed().as_secs_f64();
    match &result {
        Ok(response) => {
            let route = response.request().match_pattern();
            let route = route.unwrap_or_else(|| "unmatched".to_owned());
            note(
                method,
                route,
                response.status(),
                seconds,
                response.response().error(),
            );
        }
        Err(error) => {
            let status = error.as_response_error().status_code();
            note(method, "unmatched".to_owned(), status, seconds, Some(error));
        }
    }
    result
}

/// A bounded set: what a client makes up must not become a metric's label.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn note(
    method: &'static str,
    route: String,
    status: StatusCode,
    seconds: f64,
    error: Option<&Error>,
) {
    let labels = [
        ("route", route.clone()),
        ("method", method.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!("textrail_http_requests_total", &labels).increment(1);
    metrics::histogram!("textrail_http_request_duration_seconds", "route" => route.clone())
        .record(seconds);
    let status = status.as_u16();
    let inside = error
        .and_then(Error::as_error::<ApiError>)
        .and_then(ApiError::inside);
    match (inside, error) {
        (Some(inside), _) => {
            let error = format!("{inside:#}");
            tracing::error!(method, route, status, seconds, error, "request failed");
        }
        (None, Some(error)) if status >= 500 && status != 503 => {
            tracing::error!(method, route, status, seconds, %error, "request failed");
        }
        _ => tracing::info!(target: "textrail::access", method, route, status, seconds, "request"),
    }
}
