//! `MessageBird-Signature-JWT`: a token that lives a minute and carries the hashes of URL and body.

use super::super::{Refusal, Secrets, Webhook, mac, token, window};
use actix_web::http::header::HeaderName;
use chrono::{DateTime, Utc};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const HEADER: HeaderName = HeaderName::from_static("messagebird-signature-jwt");
/// What MessageBird's SDKs take. All are HMACs under one key.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
const ISSUER: &str = "MessageBird";

/// What the account's signing keys sign.
pub(super) struct Signature {
    keys: Secrets,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    iss: Option<String>,
    nbf: Option<i64>,
    exp: Option<i64>,
    url_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_hash: Option<String>,
}

impl Signature {
    pub(super) fn new(keys: &Secrets) -> Result<Self, String> {
        if keys.is_empty() {
            return Err("needs `secret` or `secret_file`: the account's signing key".to_owned());
        }
        Ok(Self { keys: keys.clone() })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        self.check(webhook).map_err(Refusal::Unverified)
    }

    fn check(&self, webhook: &Webhook<'_>) -> Result<(), &'static str> {
        let token = webhook
            .header(&HEADER)
            .ok_or("the header MessageBird-Signature-JWT is missing")?;
        let claims: Claims = token::claims(token.trim(), &self.keys, &ALGORITHMS)
            .ok_or("the token is not signed with the signing key")?;
        if claims.iss.as_deref() != Some(ISSUER) {
            return Err("the token's iss is not MessageBird");
        }
        claims.in_time(webhook.arrived_at)?;
        let url_hash = claims.url_hash.ok_or("the token has no claim url_hash")?;
        if !mac::is_sha256_of(&url_hash, webhook.url.as_bytes()) {
            return Err("url_hash is not the URL's hash: the public URL is another");
        }
        match claims.payload_hash {
            None if webhook.body.is_empty() => Ok(()),
            None => Err("the token has no claim payload_hash, and there is a body"),
            Some(_) if webhook.body.is_empty() => {
                Err("the body that payload_hash is of is missing")
            }
            Some(hash) if mac::is_sha256_of(&hash, webhook.body) => Ok(()),
            Some(_) => Err("payload_hash is not the body's hash"),
        }
    }

    /// A token for a call made at a time, under the newest key.
    pub(super) fn sign(&self, url: &str, body: &[u8], at: DateTime<Utc>) -> Option<String> {
        let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let claims = Claims {
            iss: Some(ISSUER.to_owned()),
            nbf: Some(at.timestamp()),
            exp: Some(at.timestamp().saturating_add(60)),
            url_hash: Some(hash(url.as_bytes())),
            payload_hash: (!body.is_empty()).then(|| hash(body)),
        };
        token::sign(&self.keys, &claims)
    }
}

impl Claims {
    /// From `nbf` to `exp`, give or take the window. No token counts for longer than twice that: one made
    /// out for years would be as good as none.
    fn in_time(&self, now: DateTime<Utc>) -> Result<(), &'static str> {
        let from = self.nbf.ok_or("the token has no claim nbf")?;
        let until = self.exp.ok_or("the token has no claim exp")?;
        let lives = until.saturating_sub(from).clamp(0, window::EACH_TRY);
        window::holds(from, now, lives + window::EACH_TRY)
            .then_some(())
            .ok_or("the token's nbf and exp do not hold now")
    }
}
