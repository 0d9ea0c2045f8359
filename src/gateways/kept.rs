//! A webhook in the form in which it can be kept and read again: all that reading needs, and nothing
//! that proved where it came from.

use super::registry::own_id;
use super::{Webhook, tags};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// The headers that a dialect may read beside its proof.
const READ: [HeaderName; 1] = [CONTENT_TYPE];

/// Parameters of a URL that prove the caller, or our id of the message: our own, and providers'
/// signatures.
const PROOFS: [&str; 4] = ["secret", "sig", "signature", tags::PARAMETER];

/// A webhook without its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// `GET` or `POST`.
    pub method: String,
    /// As it arrived, without the parameters that prove the caller.
    pub path_and_query: String,
    /// The headers that reading needs, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Kept {
    /// Takes a webhook; `path_and_query` is what arrived, without an id that is not believed.
    pub fn of(webhook: &Webhook<'_>, path_and_query: &str) -> Self {
        let headers = READ.iter().filter_map(|name| {
            let value = webhook.header(name)?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Self {
            method: webhook.method.to_owned(),
            path_and_query: without(path_and_query, &PROOFS),
            headers: headers.collect(),
            body: webhook.body.to_vec(),
        }
    }

    /// Its headers, as a webhook has them.
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                map.insert(name, value);
            }
        }
        map
    }

    /// The webhook, to be read and not to be verified.
    pub fn webhook<'a>(
        &'a self,
        url: &'a str,
        headers: &'a HeaderMap,
        arrived_at: DateTime<Utc>,
    ) -> Webhook<'a> {
        Webhook {
            method: &self.method,
            url,
            headers,
            body: &self.body,
            arrived_at,
        }
    }
}

/// What arrived, without the id of ours in it, which nothing proves: it would be believed when the call
/// is read, and whenever it is read again.
pub fn without_message_id(path_and_query: &str) -> String {
    without(path_and_query, &[own_id::PARAMETER])
}

/// Leaves all else of the query byte for byte: its encoding is the dialect's to judge.
fn without(path_and_query: &str, names: &[&str]) -> String {
    let Some((path, query)) = path_and_query.split_once('?') else {
        return path_and_query.to_owned();
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !is_one_of(pair, names))
        .collect();
    if kept.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", kept.join("&"))
}

/// Whether a `name=value` is of these names; its own may be written in percents, and is compared without
/// regard to case.
fn is_one_of(pair: &str, names: &[&str]) -> bool {
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .is_some_and(|(name, _)| names.iter().any(|one| name.eq_ignore_ascii_case(one)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::AUTHORIZATION;
    use proptest::prelude::*;

    fn kept(path_and_query: &str) -> Kept {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            HeaderName::from_static("x-twilio-signature"),
            HeaderValue::from_static("c2ln"),
        );
        let url = format!("https://t.example{path_and_query}");
        let webhook = Webhook {
            method: "POST",
            url: &url,
            headers: &headers,
            body: b"\xff\0",
            arrived_at: Utc::now(),
        };
        Kept::of(&webhook, path_and_query)
    }

    #[test]
    fn neither_a_secret_nor_a_signature_nor_an_authorization_is_kept() {
        let call = kept("/r?a=1&secret=s3cret&s%65cret=s3cret&text=%E4&SIG=ab&signature=cd&flag");
        assert_eq!(call.path_and_query, "/r?a=1&text=%E4&flag");
        let headers: Vec<_> = call.headers.iter().collect();
        assert_eq!(
            format!("{headers:?}"),
            r#"[("content-type", "application/json")]"#
        );
        assert_eq!(call.body, b"\xff\0");
        assert_eq!(kept("/r?secret=s3cret").path_and_query, "/r");
        assert_eq!(kept("/r").path_and_query, "/r");
    }

    #[test]
    fn a_kept_call_is_read_like_the_one_that_came() {
        let call = kept("/r?a=1&secret=s3cret&b=%C3%B6");
        let headers = call.header_map();
        let url = format!("https://t.example{}", call.path_and_query);
        let webhook = call.webhook(&url, &headers, Utc::now());
        assert!(webhook.is_of("application/json"));
        assert_eq!(webhook.parameter("b").as_deref(), Some("ö"));
        assert_eq!(webhook.parameter("secret"), None);
    }

    proptest! {
        #[test]
        fn only_proofs_are_taken_out_of_a_query(query in "[a-c=&%5+sig]{0,40}") {
            let all: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let kept = without(&format!("/r?{query}"), &PROOFS);
            let left = kept.split_once('?').map_or("", |(_, query)| query);
            let left: Vec<_> = form_urlencoded::parse(left.as_bytes()).into_owned().collect();
            let expected: Vec<_> = all
                .into_iter()
                .filter(|(name, _)| !PROOFS.iter().any(|proof| name.eq_ignore_ascii_case(proof)))
                .collect();
            prop_assert_eq!(left, expected);
        }
    }
}
