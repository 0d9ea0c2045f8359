//! `x-sinch-webhook-signature`: HMAC-SHA256 over the body, a nonce and a time (Sinch, "Webhooks",
//! "Authorization"; the official SDKs' `HmacAuthenticationValidation`).

use super::super::mac::{self, Hash};
use super::super::{Refusal, Secrets, Webhook, window};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

const SIGNATURE: HeaderName = HeaderName::from_static("x-sinch-webhook-signature");
const NONCE: HeaderName = HeaderName::from_static("x-sinch-webhook-signature-nonce");
const TIME: HeaderName = HeaderName::from_static("x-sinch-webhook-signature-timestamp");

/// What the account's secrets sign.
pub(super) struct Signature {
    secrets: Secrets,
}

impl Signature {
    pub(super) fn new(secrets: &Secrets) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err(
                "needs `secret` or `secret_file`: what Sinch signs the callbacks with; ask Sinch \
                 to sign them if it does not"
                    .to_owned(),
            );
        }
        Ok(Self {
            secrets: secrets.clone(),
        })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let signature = webhook.header(&SIGNATURE).ok_or(Refusal::Unverified(
            "the header x-sinch-webhook-signature is missing: callbacks of this account may not be \
             signed yet",
        ))?;
        let nonce = webhook.header(&NONCE).ok_or(Refusal::Unverified(
            "the header x-sinch-webhook-signature-nonce is missing",
        ))?;
        let time = webhook.header(&TIME).ok_or(Refusal::Unverified(
            "the header x-sinch-webhook-signature-timestamp is missing",
        ))?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| Refusal::Unverified("x-sinch-webhook-signature is not base64"))?;
        let signed = |secret: &str| {
            let own = hash(secret, webhook.body, nonce, time);
            mac::equal(&own, &signature)
        };
        if !self.secrets.any(signed) {
            return Err(Refusal::Unverified(
                "x-sinch-webhook-signature does not fit: the secret is another",
            ));
        }
        // Sinch tries again for the better part of a day, and nowhere says that it signs anew.
        window::hold(time, webhook.arrived_at, window::ONCE)
    }

    /// The headers of a body, under the newest secret.
    pub(super) fn sign(
        &self,
        body: &[u8],
        nonce: &str,
        at: DateTime<Utc>,
    ) -> Option<Vec<(&'static str, String)>> {
        let time = at.timestamp().to_string();
        let signature = hash(self.secrets.first()?, body, nonce, &time);
        Some(vec![
            ("x-sinch-webhook-signature", STANDARD.encode(signature)),
            ("x-sinch-webhook-signature-nonce", nonce.to_owned()),
            ("x-sinch-webhook-signature-timestamp", time),
        ])
    }
}

fn hash(secret: &str, body: &[u8], nonce: &str, time: &str) -> Vec<u8> {
    let parts: [&[u8]; 5] = [body, b".", nonce.as_bytes(), b".", time.as_bytes()];
    mac::hmac(Hash::Sha256, secret.as_bytes(), &parts)
}
