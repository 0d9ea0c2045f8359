//! `X-Twilio-Signature`: HMAC-SHA1 over the URL and what the body holds.

use super::super::form::Form;
use super::super::mac::{self, Hash};
use super::super::{Refusal, Secrets, Webhook};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

const HEADER: HeaderName = HeaderName::from_static("x-twilio-signature");
/// A parameter of the URL that carries the hash of a body that is no form.
const BODY_HASH: &str = "bodySHA256";

/// What the account's auth tokens sign.
pub(super) struct Signature {
    tokens: Secrets,
}

impl Signature {
    pub(super) fn new(tokens: &Secrets) -> Result<Self, String> {
        if tokens.is_empty() {
            return Err("needs `secret` or `secret_file`: the account's auth token".to_owned());
        }
        Ok(Self {
            tokens: tokens.clone(),
        })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let signature = webhook.header(&HEADER).ok_or(Refusal::Unverified(
            "the header X-Twilio-Signature is missing",
        ))?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| Refusal::Unverified("X-Twilio-Signature is not base64"))?;
        let body_hash = webhook.parameter(BODY_HASH);
        let form = match &body_hash {
            Some(hash) if !mac::is_sha256_of(hash, webhook.body) => {
                return Err(Refusal::Unverified("bodySHA256 is not the body's hash"));
            }
            // The hash stands for the body.
            Some(_) => Form::default(),
            None => Form::of_body(webhook),
        };
        let urls = spellings(webhook.url);
        let signed = |token: &str, url: &str| mac::equal(&hash(token, url, &form), &signature);
        let proven = self.tokens.any(|token| {
            urls.iter()
                .fold(false, |found, url| signed(token, url) | found)
        });
        proven.then_some(()).ok_or(Refusal::Unverified(
            "X-Twilio-Signature does not fit: the auth token, or the public URL, is another",
        ))
    }

    /// The signature of a form posted to a URL, under the newest token.
    pub(super) fn sign_form(&self, url: &str, form: &Form) -> Option<String> {
        let token = self.tokens.first()?;
        Some(STANDARD.encode(hash(token, url, form)))
    }
}

/// The URL, then each parameter's name and value in the order of the names; a value that came twice
/// counts once.
fn hash(token: &str, url: &str, form: &Form) -> Vec<u8> {
    let mut pairs = form.sorted();
    pairs.dedup();
    let pairs = pairs
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let parts: Vec<&[u8]> = std::iter::once(url.as_bytes()).chain(pairs).collect();
    mac::hmac(Hash::Sha1, token.as_bytes(), &parts)
}

/// The URL as it is, and with its port left away or the scheme's own put in: Twilio signs either.
fn spellings(url: &str) -> [Cow<'_, str>; 2] {
    let other = respell(url).map_or(Cow::Borrowed(url), Cow::Owned);
    [Cow::Borrowed(url), other]
}

fn respell(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    // Not the colons within an IPv6 address.
    let after_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let host_end = authority
        .get(after_host..)?
        .find(':')
        .map(|colon| after_host + colon);
    let port = match scheme {
        "https" => 443,
        _ => 80,
    };
    Some(match host_end {
        Some(host_end) => format!("{scheme}://{}{path}", authority.get(..host_end)?),
        None => format!("{scheme}://{authority}:{port}{path}"),
    })
}
