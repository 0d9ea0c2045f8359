//! The one error of the HTTP side: a problem document (RFC 9457).
//!
//! What is not foreseen is a 500 whose inside text stays inside: the access log writes it once, the
//! caller sees none of it.

use crate::gateways::{FieldFault, Refusal};
use crate::ledger::facts::{RecordError, StoredAnswer};
use crate::ledger::pool::LedgerError;
use crate::report::ReportError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// The media type of problem documents.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";
/// When to come again while something is away, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// A field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// Which: a path such as `to` or `messages[3].to`, a query parameter, or a header.
    pub(super) field: String,
    /// What is wrong, and what would be right.
    pub(super) message: String,
}

impl FieldError {
    /// An error of a field.
    pub(super) fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self {
            field: field.into(),
            message: message.to_string(),
        }
    }
}

impl From<FieldFault> for FieldError {
    fn from(fault: FieldFault) -> Self {
        Self::new(fault.field, fault.message)
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// A stable name of the kind of problem: a relative URI such as `/problems/invalid-fields`.
    r#type: String,
    /// The kind of problem, in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this call.
    detail: String,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// The kinds of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    InvalidFields,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    InFlight,
    TooLarge,
    UnsupportedMediaType,
    RecipientOptedOut,
    KeyReused,
    ReportTooLarge,
    TooSlow,
    Internal,
    Unavailable,
}

impl Kind {
    /// Name in the `type` URI, title, HTTP status.
    fn spec(self) -> (&'static str, &'static str, StatusCode) {
        use StatusCode as S;
        match self {
            Self::Malformed => ("malformed", "The request cannot be read", S::BAD_REQUEST),
            Self::InvalidFields => (
                "invalid-fields",
                "Fields were refused",
                S::UNPROCESSABLE_ENTITY,
            ),
            Self::Unauthenticated => (
                "unauthenticated",
                "A valid API key is needed",
                S::UNAUTHORIZED,
            ),
            Self::Forbidden => ("forbidden", "The API key may not do this", S::FORBIDDEN),
            Self::NotFound => ("not-found", "There is no such thing", S::NOT_FOUND),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "The method is not offered here",
                S::METHOD_NOT_ALLOWED,
            ),
            Self::InFlight => (
                "idempotency-in-flight",
                "The first call with this key has not ended",
                S::CONFLICT,
            ),
            Self::TooLarge => (
                "too-large",
                "The request is too large",
                S::PAYLOAD_TOO_LARGE,
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "The body's media type is not taken here",
                S::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::RecipientOptedOut => (
                "recipient-opted-out",
                "The recipient is opted out",
                S::UNPROCESSABLE_ENTITY,
            ),
            Self::KeyReused => (
                "idempotency-key-reused",
                "This key was used for another payload",
                S::UNPROCESSABLE_ENTITY,
            ),
            Self::ReportTooLarge => (
                "report-too-large",
                "The report has too many rows",
                S::UNPROCESSABLE_ENTITY,
            ),
            Self::TooSlow => (
                "request-timeout",
                "The body came too slowly",
                S::REQUEST_TIMEOUT,
            ),
            Self::Internal => (
                "internal",
                "Something went wrong here",
                S::INTERNAL_SERVER_ERROR,
            ),
            Self::Unavailable => (
                "unavailable",
                "Not available for the moment",
                S::SERVICE_UNAVAILABLE,
            ),
        }
    }
}

/// Any answer that is not a success.
#[derive(Debug)]
pub(super) struct ApiError {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    header: Option<(HeaderName, HeaderValue)>,
    source: Option<anyhow::Error>,
}

impl ApiError {
    /// A problem of a kind; `detail` is what the caller reads.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            header: None,
            source: None,
        }
    }

    /// Fields were refused.
    pub(super) fn fields(errors: impl IntoIterator<Item = impl Into<FieldError>>) -> Self {
        let errors: Vec<FieldError> = errors.into_iter().map(Into::into).collect();
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("refused: {}", names.join(", "));
        Self {
            errors,
            ..Self::new(Kind::InvalidFields, detail)
        }
    }

    /// One field was refused.
    pub(super) fn field(field: impl Into<String>, message: impl ToString) -> Self {
        Self::fields([FieldError::new(field, message)])
    }

    /// The request cannot be read, and this is where.
    pub(super) fn malformed_at(error: FieldError, detail: String) -> Self {
        Self {
            errors: vec![error],
            ..Self::new(Kind::Malformed, detail)
        }
    }

    /// No such thing; `field` is the path parameter that named it.
    pub(super) fn not_found(field: &str, what: &str) -> Self {
        let message = format!("no such {what}");
        Self {
            errors: vec![FieldError::new(field, &message)],
            ..Self::new(Kind::NotFound, message)
        }
    }

    /// No key, or not one of ours (RFC 6750, 3).
    pub(super) fn unauthenticated(detail: &str, challenge: &'static str) -> Self {
        let challenge = HeaderValue::from_static(challenge);
        Self::new(Kind::Unauthenticated, detail).with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// The path exists, the method does not.
    pub(super) fn method_not_allowed(allowed: &[Method]) -> Self {
        let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let names = names.join(", ");
        let detail = format!("this path takes {names}");
        let error = Self::new(Kind::MethodNotAllowed, detail);
        match HeaderValue::from_str(&names) {
            Ok(allow) => error.with_header(header::ALLOW, allow),
            Err(_) => error,
        }
    }

    /// Try again after a while.
    pub(super) fn unavailable(detail: &str) -> Self {
        Self::new(Kind::Unavailable, detail).with_header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// Our mistake; only the log sees it.
    pub(super) fn internal(source: impl Into<anyhow::Error>) -> Self {
        let detail = "The call was not carried out. The server's log says why.";
        Self {
            source: Some(source.into()),
            ..Self::new(Kind::Internal, detail)
        }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    fn caused_by(mut self, source: anyhow::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// What the log should say and the caller should not.
    pub(super) fn inside(&self) -> Option<&anyhow::Error> {
        self.source.as_ref()
    }

    fn problem(&self) -> Problem {
        let (name, title, status) = self.kind.spec();
        Problem {
            r#type: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
        }
    }

    /// The same document as an answer that can be stored and given again.
    pub(super) fn stored(&self) -> StoredAnswer {
        StoredAnswer {
            status: self.status_code().as_u16(),
            body: super::answer::encode(&self.problem()),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind.spec().1, self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.spec().2
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type(MEDIA_TYPE);
        if let Some(header) = self.header.clone() {
            response.insert_header(header);
        }
        response.body(super::answer::encode(&self.problem()))
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Unavailable => {
                Self::unavailable("Nothing was recorded. Send the same call again.")
            }
            RecordError::IdempotencyMismatch => {
                Self::new(Kind::KeyReused, "Give every payload a key of its own.")
            }
            RecordError::IdempotencyInFlight => {
                let detail = "Send the same call again to read the answer of the first.";
                Self::new(Kind::InFlight, detail).with_header(header::RETRY_AFTER, RETRY_AFTER)
            }
            RecordError::Refused(source) => Self::internal(source),
        }
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Unavailable(source) => {
                Self::unavailable("The ledger cannot be reached.").caused_by(source)
            }
            error @ LedgerError::Query(_) => Self::internal(error),
        }
    }
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Unavailable(source) => {
                Self::unavailable("The warehouse cannot be reached.").caused_by(source)
            }
            ReportError::TooLarge { limit } => {
                let detail =
                    format!("It has more than {limit} rows: group by less, or ask for less time.");
                Self::new(Kind::ReportTooLarge, detail)
            }
            ReportError::Query(source) => Self::internal(source),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Unverified(_) => {
                Self::unauthenticated(&refusal.to_string(), "Bearer realm=\"gateway\"")
            }
            Refusal::Malformed(_) => Self::new(Kind::Malformed, refusal.to_string()),
            Refusal::TooMany { .. } => Self::new(Kind::TooLarge, refusal.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[actix_web::test]
    async fn inside_text_stays_inside() {
        let error = ApiError::internal(anyhow::anyhow!("password=hunter2"));
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            MEDIA_TYPE
        );
        let body = to_bytes(response.into_body()).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
        assert!(error.inside().is_some());
    }

    #[test]
    fn a_field_error_is_a_problem_document() {
        let answer = ApiError::field("to", "must be a number").stored();
        assert_eq!(answer.status, 422);
        insta::assert_snapshot!(answer.body, @r#"{"type":"/problems/invalid-fields","title":"Fields were refused","status":422,"detail":"refused: to","errors":[{"field":"to","message":"must be a number"}]}"#);
    }

    #[test]
    fn what_is_away_says_when_to_come_again() {
        let response = ApiError::from(RecordError::Unavailable).error_response();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}
