//! Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over an id, a time and the body.
//!
//! Not by the crate of that name: it takes another HTTP library's headers, signs nothing that is no
//! UTF-8, and subtracts a time from the header without a check, so that a forged call could overflow it.

use super::super::mac::{self, Hash};
use super::super::{Refusal, Secrets, Webhook, window};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// What begins a secret that is base64.
const PREFIX: &str = "whsec_";

/// What the shared secrets sign.
pub(super) struct Signature {
    /// Newest first.
    keys: Vec<Vec<u8>>,
}

impl Signature {
    /// Takes the secrets: after `whsec_` base64, else the text's own bytes.
    ///
    /// # Errors
    /// If one is no base64 and says so.
    pub(super) fn new(secrets: &Secrets) -> Result<Self, String> {
        let keys: Result<_, String> = secrets.iter().map(key).collect();
        Ok(Self { keys: keys? })
    }

    /// Whether a webhook is signed at all; if it is, its signature decides.
    pub(super) fn is_on(webhook: &Webhook<'_>) -> bool {
        webhook.headers.contains_key(SIGNATURE)
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let given = |name| webhook.header(name).map(str::trim);
        let (Some(id), Some(timestamp), Some(signatures)) =
            (given(&ID), given(&TIMESTAMP), given(&SIGNATURE))
        else {
            return Err(Refusal::Unverified(
                "one of webhook-id, webhook-timestamp and webhook-signature is missing",
            ));
        };
        let signatures: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .collect();
        let fits = |key: &Vec<u8>| {
            let hash = hash(key, id, timestamp, webhook.body);
            signatures.iter().fold(false, |found, signature| {
                mac::equal(&hash, signature) | found
            })
        };
        if !self.keys.iter().fold(false, |found, key| fits(key) | found) {
            return Err(Refusal::Unverified(
                "webhook-signature does not fit: no v1 signature is of this secret",
            ));
        }
        let signed_at = timestamp
            .parse()
            .map_err(|_| Refusal::Unverified("webhook-timestamp is not seconds since 1970"))?;
        window::holds(signed_at, webhook.arrived_at, window::EACH_TRY)
            .then_some(())
            .ok_or(Refusal::Unverified(
                "webhook-timestamp is too old, or ahead",
            ))
    }

    /// The header `webhook-signature` of a call, under the newest secret.
    pub(super) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
        let hash = hash(self.keys.first()?, id, timestamp, body);
        Some(format!("v1,{}", STANDARD.encode(hash)))
    }
}

fn key(secret: &str) -> Result<Vec<u8>, String> {
    match secret.strip_prefix(PREFIX) {
        None => Ok(secret.as_bytes().to_vec()),
        Some(encoded) => match STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(key),
            _ => Err(
                "has a `secret` that begins with whsec_, and what follows is not base64".to_owned(),
            ),
        },
    }
}

fn hash(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    mac::hmac(Hash::Sha256, key, &parts)
}
