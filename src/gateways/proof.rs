//! What proves a webhook where the gateway signs nothing: a secret that we gave it. And secrets
//! themselves: one, or two while one replaces the other.

use super::registry::own_id;
use super::{Refusal, Webhook};
use actix_web::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};
use url::Url;
use uuid::Uuid;

/// The secrets of one gateway, newest first. Both verify; the first is what we show and sign with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Takes secrets, newest first.
    pub fn new(secrets: Vec<String>) -> Self {
        Self(secrets)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The newest.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Each, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether any of them satisfies a check. All are tried, so that time does not tell which.
    pub fn any(&self, check: impl Fn(&str) -> bool) -> bool {
        self.0
            .iter()
            .fold(false, |found, secret| check(secret) | found)
    }

    /// Whether what came is one of them. Hashes are compared, in constant time, so that not even the
    /// length shows.
    pub fn contain(&self, came: &[u8]) -> bool {
        let came = Sha256::digest(came);
        let equal = |secret: &String| came.as_slice().ct_eq(&Sha256::digest(secret.as_bytes()));
        let found = self
            .0
            .iter()
            .fold(Choice::from(0), |found, secret| found | equal(secret));
        found.into()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({} …)", self.0.len())
    }
}

/// The proof of a gateway that signs nothing: one of the secrets as the `secret` parameter of the URL
/// that we gave it, as the password of basic auth, or as a bearer token.
#[derive(Clone, Debug)]
pub struct SharedSecret(Secrets);

impl SharedSecret {
    /// Takes the secrets.
    ///
    /// # Errors
    /// Without one, anyone could report deliveries and opt people out.
    pub fn new(secrets: &Secrets) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err(
                "needs `secret` or `secret_file`: this provider signs nothing, so a secret \
                        in the URL or in basic auth is all that proves its calls"
                    .to_owned(),
            );
        }
        Ok(Self(secrets.clone()))
    }

    /// Whether a webhook carries one of the secrets.
    ///
    /// # Errors
    /// [`Refusal::Unverified`] says whether there was none, or a wrong one.
    pub fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let in_url = webhook.parameter("secret");
        let in_header = webhook.header(&AUTHORIZATION).and_then(credential);
        let given = [
            in_url.as_deref().map(|text| text.as_bytes().to_vec()),
            in_header,
        ];
        let mut given = given.into_iter().flatten().peekable();
        if given.peek().is_none() {
            return Err(Refusal::Unverified(
                "there is neither a parameter `secret` nor an authorization",
            ));
        }
        given
            .any(|came| self.0.contain(&came))
            .then_some(())
            .ok_or(Refusal::Unverified("the secret is wrong"))
    }

    /// A message's callback at `endpoint`: our id of it, and the newest secret.
    pub(super) fn receipt_url(&self, mut endpoint: Url, message_id: Uuid) -> Url {
        endpoint
            .query_pairs_mut()
            .append_pair(own_id::PARAMETER, &message_id.to_string());
        self.add_to(&mut endpoint);
        endpoint
    }

    /// Puts the newest secret into a URL.
    pub fn add_to(&self, url: &mut Url) {
        if let Some(secret) = self.0.first() {
            url.query_pairs_mut().append_pair("secret", secret);
        }
    }
}

/// A bearer token, or the password of basic auth (RFC 7617); the scheme's case is free (RFC 9110,
/// 11.1).
fn credential(header: &str) -> Option<Vec<u8>> {
    let (scheme, value) = header.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(value).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderMap, HeaderValue};
    use chrono::Utc;

    fn verify(query: &str, authorization: Option<&'static str>) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
        }
        let webhook = Webhook {
            method: "POST",
            url: &format!("https://t.example/r?{query}"),
            headers: &headers,
            body: b"",
            arrived_at: Utc::now(),
        };
        let secrets = Secrets::new(vec!["n:ew ö".to_owned(), "old".to_owned()]);
        SharedSecret::new(&secrets).unwrap().verify(&webhook)
    }

    #[test]
    fn a_secret_comes_in_the_url_or_in_the_header() {
        assert_eq!(verify("secret=n%3Aew+%C3%B6", None), Ok(()));
        assert_eq!(verify("secret=old", None), Ok(()));
        assert_eq!(verify("", Some("bearer old")), Ok(()));
        assert_eq!(verify("", Some("Basic YW55b25lOm9sZA==")), Ok(()));
        assert_eq!(verify("", Some("Basic Om46ZXcgw7Y=")), Ok(()));
        assert_eq!(verify("secret=wrong", Some("Bearer old")), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = Err(Refusal::Unverified("the secret is wrong"));
        for query in ["secret=", "secret=ol", "secret=oldd", "secret=OLD"] {
            assert_eq!(verify(query, None), wrong, "{query}");
        }
        assert_eq!(verify("", Some("Basic b2xkOg==")), wrong);
        for authorization in ["Basic", "Basic b2xk", "Basic %%%", "Digest old", "old"] {
            assert!(verify("", Some(authorization)).is_err(), "{authorization}");
        }
        assert!(verify("Secret=old", None).is_err());
        assert!(SharedSecret::new(&Secrets::default()).is_err());
    }
}
