//! `telnyx-signature-ed25519`: Ed25519 (RFC 8032) over the time, a bar and the body.

use super::super::{Refusal, Secrets, Webhook, window};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519, VerifyingKey};

const SIGNATURE: HeaderName = HeaderName::from_static("telnyx-signature-ed25519");
const TIME: HeaderName = HeaderName::from_static("telnyx-timestamp");

/// The public keys that verify.
pub(super) struct Signature {
    keys: Vec<VerifyingKey>,
}

impl Signature {
    pub(super) fn new(keys: &Secrets) -> Result<Self, String> {
        if keys.is_empty() {
            return Err("needs `secret` or `secret_file`: the account's public key".to_owned());
        }
        let keys: Result<Vec<_>, String> = keys.iter().map(key).collect();
        Ok(Self { keys: keys? })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let signature = webhook.header(&SIGNATURE).ok_or(Refusal::Unverified(
            "the header telnyx-signature-ed25519 is missing",
        ))?;
        let time = webhook.header(&TIME).ok_or(Refusal::Unverified(
            "the header telnyx-timestamp is missing",
        ))?;
        let signature = STANDARD
            .decode(signature)
            .ok()
            .and_then(|bytes| Ed25519::from_slice(&bytes).ok())
            .ok_or(Refusal::Unverified(
                "telnyx-signature-ed25519 is not 64 bytes in base64",
            ))?;
        let signed = [time.as_bytes(), b"|", webhook.body].concat();
        // Strictly: a signature that several messages or keys would fit proves nothing.
        let fits = |key: &VerifyingKey| key.verify_strict(&signed, &signature).is_ok();
        if !self.keys.iter().any(fits) {
            return Err(Refusal::Unverified(
                "telnyx-signature-ed25519 does not fit: the public key is another account's",
            ));
        }
        window::hold(time, webhook.arrived_at, window::EACH_TRY)
    }
}

/// A public key as Telnyx shows it.
fn key(text: &str) -> Result<VerifyingKey, String> {
    let refuse = || {
        "has a `secret` that is no public key of Telnyx's: it must be the 44 characters of base64 \
         that Mission Control shows"
            .to_owned()
    };
    let bytes = STANDARD.decode(text.trim()).map_err(|_| refuse())?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| refuse())?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| refuse())?;
    if key.is_weak() {
        return Err(refuse());
    }
    Ok(key)
}
