//! One call of a gateway, as it arrived.

use actix_web::http::header::{HeaderMap, HeaderName};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use url::form_urlencoded;

/// One webhook call. Signatures are checked over the raw URL and the raw body.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The URL that the gateway called: scheme and host as configured, since a proxy changes them;
    /// path and query as they arrived, percent-encoding and all.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body's raw bytes.
    pub body: &'a [u8],
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
}

impl<'a> Webhook<'a> {
    /// The query's raw text; empty if there is none.
    pub fn query(&self) -> &'a str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// A parameter of the query, decoded; the first, if it came twice.
    pub fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// A header that stands once and is text.
    pub fn header(&self, name: &HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is said to be of a media type, such as `application/json`.
    pub fn is_of(&self, media_type: &str) -> bool {
        self.header(&actix_web::http::header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next())
            .is_some_and(|said| said.trim().eq_ignore_ascii_case(media_type))
    }
}

/// Why a webhook was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not prove that it comes from this gateway. Which part failed is for the operator's
    /// log, never for the answer: it would guide a forger.
    #[error("the webhook does not carry this gateway's proof: {0}")]
    Unverified(&'static str),
    /// It is not what this gateway sends at all.
    #[error("the webhook cannot be read: {0}")]
    Malformed(String),
    /// More items than one call may hold.
    #[error("a call holds at most {limit} items")]
    TooMany {
        /// The most items taken.
        limit: usize,
    },
    /// What it has to be verified with could not be fetched: the gateway has to send it again.
    #[error("the webhook cannot be verified now: {0}")]
    Unavailable(String),
}
