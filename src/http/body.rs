//! Request bodies: bounded, of the right media type, read whole.

use super::problem::{ApiError, FieldError, Kind};
use crate::gateways::FieldFault;
use crate::gateways::json::item as read_item;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::time::Duration;

/// The most bytes of a body that holds one thing.
pub(super) const ONE: usize = 256 * 1024;
/// The most bytes of a body that holds up to 10,000 things.
pub(super) const MANY: usize = 32 * 1024 * 1024;
/// The most bytes of a gateway's webhook.
pub(super) const WEBHOOK: usize = 1024 * 1024;

/// How much of a body that is too large is still read, so that its sender comes to read the
/// answer: a connection that is closed on a sender in the middle of a body shows as a reset.
const DRAIN: usize = 64 * 1024 * 1024;
/// How long a body may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A body's bytes, at most `LIMIT`, of any media type.
#[derive(Debug)]
pub(super) struct RawBody<const LIMIT: usize>(pub(super) Bytes);

/// A body's bytes, at most `LIMIT`, said to be JSON.
#[derive(Debug)]
pub(super) struct JsonBytes<const LIMIT: usize>(pub(super) Bytes);

/// A body of at most [`ONE`] bytes, read as JSON.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

/// The one parameter of a path, and a JSON body of at most [`ONE`] bytes.
#[derive(Debug)]
pub(super) struct Named<T> {
    /// The path's parameter.
    pub(super) name: String,
    /// The body.
    pub(super) body: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for Named<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = web::Path::<String>::extract(request);
        let body = Json::from_request(request, payload);
        Box::pin(async move {
            Ok(Self {
                name: name.await?.into_inner(),
                body: body.await?.0,
            })
        })
    }
}

impl<const LIMIT: usize> FromRequest for RawBody<LIMIT> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        Box::pin(async move { read(payload, LIMIT).await.map(Self) })
    }
}

impl<const LIMIT: usize> FromRequest for JsonBytes<LIMIT> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        let media_type = check_media_type(request.headers());
        Box::pin(async move {
            let bytes = read(payload, LIMIT).await?;
            media_type.map(|()| Self(bytes))
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = JsonBytes::<ONE>::from_request(request, payload);
        Box::pin(async move { parse(&bytes.await?.0).map(Self) })
    }
}

/// Reads JSON; text that is none is 400, a field that is wrong is 422 and is named.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refuse(&path, error.inner())
    })?;
    reader.end().map_err(|error| refuse(".", &error))?;
    Ok(value)
}

/// Reads one item of many, telling which field is at fault.
pub(super) fn item<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Vec<FieldError>> {
    read_item(raw).map_err(fields)
}

/// Faults that a dialect found, as they stand in a problem document.
pub(super) fn fields(faults: Vec<FieldFault>) -> Vec<FieldError> {
    faults.into_iter().map(FieldError::from).collect()
}

fn refuse(path: &str, error: &serde_json::Error) -> ApiError {
    if error.is_data() {
        return ApiError::fields([FieldFault::of_json(path, error)]);
    }
    let detail = format!("the body is not JSON: {error}");
    match path {
        "." | "" => ApiError::new(Kind::Malformed, detail),
        field => ApiError::malformed_at(FieldError::new(field, error), detail),
    }
}

/// JSON, or nothing said: what is said to be something else is not guessed at.
fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        let detail = "send the body without a Content-Encoding";
        return Err(ApiError::new(Kind::UnsupportedMediaType, detail));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value.to_str().unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        Ok(())
    } else {
        let detail = "send JSON, as Content-Type: application/json";
        Err(ApiError::new(Kind::UnsupportedMediaType, detail))
    }
}

async fn read(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(TIME_LIMIT, collect(payload, limit)).await {
        Ok(result) => result,
        Err(_) => {
            let detail = format!("a body may take {} seconds", TIME_LIMIT.as_secs());
            Err(ApiError::new(Kind::TooSlow, detail))
        }
    }
}

/// Reads a body that nobody wants, so that its sender comes to read the answer.
pub(super) async fn discard(payload: Payload) {
    // Over any limit, broken off, or too slow: the answer is another one anyway.
    let _ignored = read(payload, 0).await;
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| {
            ApiError::new(Kind::Malformed, format!("the body broke off: {error}"))
        })?;
        length += chunk.len();
        if length > DRAIN {
            break;
        }
        if length <= limit {
            body.extend_from_slice(&chunk);
        }
    }
    if length > limit {
        let detail = format!("this call takes at most {limit} bytes");
        return Err(ApiError::new(Kind::TooLarge, detail));
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Sample {
        to: String,
        count: Option<u8>,
    }

    fn refused(text: &[u8]) -> String {
        parse::<Sample>(text).unwrap_err().stored().body
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let cases: [(&[u8], &str); 6] = [
            (br#"{"count":1}"#, r#""field":"to""#),
            (br#"{"to":5}"#, r#""field":"to""#),
            (br#"{"to":"a","count":300}"#, r#""field":"count""#),
            (br#"{"to":"a","count":"x"}"#, r#""field":"count""#),
            (br#"{"to":"a","form":1}"#, r#""field":"form""#),
            (b"{\"to\":\"\xff\"}", r#""field":"to""#),
        ];
        for (text, expected) in cases {
            let body = refused(text);
            assert!(body.contains(expected), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in [&b""[..], b"{", b"nul", b"{} {}", b"\x00", b"[[[["] {
            let error = parse::<Sample>(text).unwrap_err().stored();
            assert!(matches!(error.status, 400 | 422), "{text:?}");
        }
        assert_eq!(parse::<Sample>(b"{").unwrap_err().stored().status, 400);
    }
}
