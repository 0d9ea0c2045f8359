//! `messagebird-signature`: HMAC-SHA256 over the time, the URL and the body's hash, a line each.

use super::super::mac::{self, Hash};
use super::super::{Refusal, Secrets, Webhook, window};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const HEADER: HeaderName = HeaderName::from_static("messagebird-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("messagebird-request-timestamp");

/// What the subscription's signing keys sign.
pub(super) struct Signature {
    keys: Secrets,
}

impl Signature {
    pub(super) fn new(keys: &Secrets) -> Result<Self, String> {
        if keys.is_empty() {
            return Err(
                "needs `secret` or `secret_file`: the subscription's signing key".to_owned(),
            );
        }
        Ok(Self { keys: keys.clone() })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let signature = webhook.header(&HEADER).ok_or(Refusal::Unverified(
            "the header messagebird-signature is missing",
        ))?;
        let signature = STANDARD
            .decode(signature.trim())
            .map_err(|_| Refusal::Unverified("messagebird-signature is not base64"))?;
        let timestamp = webhook.header(&TIMESTAMP).ok_or(Refusal::Unverified(
            "the header messagebird-request-timestamp is missing",
        ))?;
        let fits = |key: &str| {
            let hash = hash(key, timestamp, webhook.url, webhook.body);
            mac::equal(&hash, &signature)
        };
        if !self.keys.any(fits) {
            return Err(Refusal::Unverified(
                "messagebird-signature does not fit: the signing key, or the public URL, is another",
            ));
        }
        in_time(timestamp, webhook)
    }

    /// The signature of a call, under the newest key.
    pub(super) fn sign(&self, timestamp: &str, url: &str, body: &[u8]) -> Option<String> {
        let key = self.keys.first()?;
        Some(STANDARD.encode(hash(key, timestamp, url, body)))
    }
}

fn hash(key: &str, timestamp: &str, url: &str, body: &[u8]) -> Vec<u8> {
    let of_body = Sha256::digest(body);
    let parts = [
        timestamp.as_bytes(),
        b"\n",
        url.as_bytes(),
        b"\n",
        of_body.as_slice(),
    ];
    mac::hmac(Hash::Sha256, key.as_bytes(), &parts)
}

/// Bird repeats a call for a day as it signed it first: hours later it still has the first try's time.
fn in_time(timestamp: &str, webhook: &Webhook<'_>) -> Result<(), Refusal> {
    let signed_at = timestamp.trim().parse().map_err(|_| {
        Refusal::Unverified("messagebird-request-timestamp is not seconds since 1970")
    })?;
    window::holds(signed_at, webhook.arrived_at, window::ONCE)
        .then_some(())
        .ok_or(Refusal::Unverified(
            "messagebird-request-timestamp is too old, or ahead",
        ))
}
