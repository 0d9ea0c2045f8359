//! `X-Plivo-Signature-V3`: HMAC-SHA256 over the URL, the parameters and a nonce. No time is signed.

use super::super::form::Form;
use super::super::mac::{self, Hash};
use super::super::{Refusal, Secrets, Webhook};
use actix_web::http::header::HeaderName;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const HEADER: HeaderName = HeaderName::from_static("x-plivo-signature-v3");
const NONCE: HeaderName = HeaderName::from_static("x-plivo-signature-v3-nonce");

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

    /// The header holds a list while a token is replaced at Plivo: any of them may fit.
    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let missing = "the header X-Plivo-Signature-V3 or its -Nonce is missing";
        let header = webhook
            .header(&HEADER)
            .ok_or(Refusal::Unverified(missing))?;
        let nonce = webhook.header(&NONCE).ok_or(Refusal::Unverified(missing))?;
        let signatures: Vec<Vec<u8>> = header
            .split(',')
            .filter_map(|signature| STANDARD.decode(signature.trim()).ok())
            .collect();
        let text = match webhook.method {
            "GET" => text_of_get(webhook.url),
            _ => text_of_post(webhook.url, &Form::of_body(webhook)),
        };
        let fits = |token: &str| {
            let hash = hash(token, &text, nonce);
            signatures.iter().fold(false, |found, signature| {
                mac::equal(&hash, signature) | found
            })
        };
        self.tokens
            .any(fits)
            .then_some(())
            .ok_or(Refusal::Unverified(
                "X-Plivo-Signature-V3 does not fit: the auth token, or the public URL, is another",
            ))
    }

    /// The signature of a form posted to a URL, under the newest token.
    pub(super) fn sign_form(&self, url: &str, nonce: &str, form: &Form) -> Option<String> {
        let token = self.tokens.first()?;
        Some(STANDARD.encode(hash(token, &text_of_post(url, form), nonce)))
    }
}

fn hash(token: &str, text: &str, nonce: &str) -> Vec<u8> {
    let parts = [text.as_bytes(), b".", nonce.as_bytes()];
    mac::hmac(Hash::Sha256, token.as_bytes(), &parts)
}

/// The URL with its parameters decoded and in the order of their names.
fn text_of_get(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    if query.is_empty() {
        return base.to_owned();
    }
    format!("{base}?{}", sorted_query(query))
}

/// The same, and then the form's names and values in the order of the names, one after the other. The
/// dots and ampersands at the end are cut off as Plivo's SDKs do it.
fn text_of_post(url: &str, form: &Form) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = form.sorted();
    let form: String = pairs
        .into_iter()
        .flat_map(|(name, value)| [name, value])
        .collect();
    match (query, form.as_str()) {
        ("", "") => base.to_owned(),
        ("", form) => format!("{base}?{form}"),
        (query, form) => {
            let text = format!("{base}?{}.{form}", sorted_query(query));
            text.trim_end_matches('.').to_owned()
        }
    }
}

fn sorted_query(query: &str) -> String {
    let form = Form::parse(query.as_bytes());
    let pairs: Vec<String> = form
        .sorted()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&").trim_end_matches('&').to_owned()
}
