//! The few pages that a subscriber may see: small, without anything from elsewhere.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

/// No such link.
pub(super) fn unknown() -> HttpResponse {
    page(
        StatusCode::NOT_FOUND,
        "This link does not exist",
        "Check that it was copied whole. Links in text messages are sometimes broken in two.",
    )
}

/// The link has expired.
pub(super) fn expired() -> HttpResponse {
    page(
        StatusCode::GONE,
        "This link has expired",
        "What it led to is no longer offered.",
    )
}

/// Try again.
pub(super) fn unavailable() -> HttpResponse {
    let mut response = page(
        StatusCode::SERVICE_UNAVAILABLE,
        "One moment, please",
        "This link cannot be opened right now. Please try again in a few seconds.",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn page(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>body{{font:18px/1.5 system-ui,sans-serif;max-width:32em;\
         margin:20vh auto;padding:0 1em;color:#222;background:#fff}}\
         @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#111}}}}</style></head>\
         <body><h1>{title}</h1><p>{text}</p></body></html>"
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_never_cached() {
        for response in [unknown(), expired(), unavailable()] {
            assert_eq!(
                response.headers().get(header::CACHE_CONTROL).unwrap(),
                "private, no-store"
            );
            assert_eq!(response.headers().get("x-robots-tag").unwrap(), "noindex");
        }
        assert!(unavailable().headers().contains_key(header::RETRY_AFTER));
    }
}
