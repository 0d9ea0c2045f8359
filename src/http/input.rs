//! Checks of fields: every field of a call is looked at, and all that is wrong is told at once.

use super::problem::{ApiError, FieldError};
use crate::domain::text;
use crate::gateways::FieldFault;
use actix_web::http::header::HeaderMap;
use std::fmt::Display;
use url::Url;
use uuid::Uuid;

/// The most characters of a campaign's name and type.
pub(super) const NAME_LIMIT: usize = 100;
/// The most characters of a text that people read: a title, a reason, a client's reference.
pub(super) const TEXT_LIMIT: usize = 255;
/// The most characters of a message's body: more than ten segments, well under what the air takes.
pub(super) const BODY_LIMIT: usize = 4_000;
/// The most URLs of a message that become short ones: each takes as much of the server's memory as a
/// message does.
pub(super) const LINKS_LIMIT: usize = 20;
/// The most bytes of a URL.
pub(super) const URL_LIMIT: usize = 2_048;

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    /// The value, or a note of the fault.
    pub(super) fn keep<T>(&mut self, field: &str, result: Result<T, impl Display>) -> Option<T> {
        result
            .map_err(|error| self.0.push(FieldError::new(field, error)))
            .ok()
    }

    /// The value, or a note of a fault that names its field.
    pub(super) fn fault<T>(&mut self, result: Result<T, FieldFault>) -> Option<T> {
        result.map_err(|fault| self.0.push(fault.into())).ok()
    }

    /// A text that is not blank and has no control characters.
    pub(super) fn text(&mut self, field: &str, text: &str, limit: usize) -> Option<()> {
        self.keep(field, text::check(text, limit))
    }

    /// The same of a text that may be absent.
    pub(super) fn optional_text(&mut self, field: &str, text: Option<&str>, limit: usize) {
        if let Some(text) = text {
            self.text(field, text, limit);
        }
    }

    /// The value if nothing was wrong. `None` only stands for a value whose fault was noted.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }
}

/// A campaign's name. It stands in a path, so it has no slash.
pub(super) fn campaign_name(name: &str) -> Result<(), String> {
    text::check(name, NAME_LIMIT).map_err(|error| error.to_string())?;
    if name.contains(['/', '\n', '\r', '\t']) || name.trim() != name {
        return Err("must not hold a slash, a line break, or white space at its ends".to_owned());
    }
    Ok(())
}

/// A name that a gateway can have.
pub(super) fn gateway_name(name: &str) -> Result<(), &'static str> {
    crate::gateways::is_name(name)
        .then_some(())
        .ok_or("must be 1 to 64 of a-z, 0-9, - and _")
}

/// An http or https URL with a host.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let refuse = || "must be an http or https URL".to_owned();
    if text.len() > URL_LIMIT {
        return Err(format!("must be at most {URL_LIMIT} bytes"));
    }
    let url = Url::parse(text).map_err(|_| refuse())?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_web.then_some(url).ok_or_else(refuse)
}

/// A host, with or without a port, as it stands in short URLs.
pub(super) fn short_domain(text: &str) -> Result<String, &'static str> {
    let refuse = "must be a host such as go.example.com, with or without a port";
    let url = Url::parse(&format!("https://{text}")).map_err(|_| refuse)?;
    let host = url.host_str().ok_or(refuse)?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && text.len() <= 255
        && !text.ends_with('/')
        && !text
            .chars()
            .any(|char| char.is_whitespace() || char.is_control());
    match url.port() {
        _ if !bare => Err(refuse),
        Some(port) => Ok(format!("{host}:{port}")),
        None => Ok(host.to_owned()),
    }
}

/// An id in a path. What cannot be an id is a wrong field; what could be and is none is a 404.
pub(super) fn path_id(field: &str, text: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(text).map_err(|_| ApiError::field(field, "must be a UUID"))
}

/// The caller's `Idempotency-Key`, if any: at most 255 visible ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    const NAME: &str = "Idempotency-Key";
    let mut values = headers.get_all(NAME);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.as_bytes();
    let visible = key.iter().all(u8::is_ascii_graphic);
    if values.next().is_some() {
        return Err(ApiError::field(NAME, "must come once"));
    }
    match std::str::from_utf8(key) {
        Ok(key) if visible && (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(ApiError::field(
            NAME,
            "must be 1 to 255 visible ASCII characters",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn short_domains_are_hosts() {
        assert_eq!(short_domain("Go.Example.com").unwrap(), "go.example.com");
        assert_eq!(short_domain("localhost:8080").unwrap(), "localhost:8080");
        for bad in [
            "",
            "a/b",
            "a?b",
            "a#b",
            "u@a",
            "a b",
            "https://a",
            "a\n",
            "a/",
            "a:99999",
        ] {
            assert!(short_domain(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_web_urls_are_targets() {
        assert!(web_url("https://example.com/?a=b#c").is_ok());
        for bad in [
            "javascript:alert(1)",
            "ftp://example.com",
            "example.com",
            "https://",
            "data:,",
        ] {
            assert!(web_url(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn idempotency_keys_are_bounded() {
        let read = |value: &str| {
            let request = TestRequest::default().insert_header(("Idempotency-Key", value));
            idempotency_key(request.to_http_request().headers())
        };
        assert_eq!(read("a-1").unwrap().as_deref(), Some("a-1"));
        assert!(read("a b").is_err());
        assert!(read("").is_err());
        assert!(read(&"x".repeat(256)).is_err());
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    }
}
