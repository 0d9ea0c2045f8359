//! `sig`: a hash over all parameters, by one of five methods that an account chooses from.

use super::super::form::Form;
use super::super::mac::{self, Hash};
use super::super::registry::own_id;
use super::super::{Refusal, Secrets, Webhook, tags, window};
use md5::{Digest, Md5};

/// What we put into callback URLs.
const OURS: [&str; 2] = [own_id::PARAMETER, tags::PARAMETER];

/// How an account signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// MD5 over the parameters and the secret, the default of accounts.
    Md5OfAll,
    Hmac(Hash),
}

/// What the account's signature secrets sign.
pub(super) struct Signature {
    secrets: Secrets,
    method: Method,
}

impl Signature {
    pub(super) fn new(secrets: &Secrets, method: Option<&str>) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err(
                "needs `secret` or `secret_file`: the account's signature secret".to_owned(),
            );
        }
        let method = match method.unwrap_or("md5hash") {
            "md5hash" => Method::Md5OfAll,
            "md5" => Method::Hmac(Hash::Md5),
            "sha1" => Method::Hmac(Hash::Sha1),
            "sha256" => Method::Hmac(Hash::Sha256),
            "sha512" => Method::Hmac(Hash::Sha512),
            other => {
                return Err(format!(
                    "cannot use signature = {other:?}: it must be the method chosen in Vonage's API \
                     settings, md5hash (their default), md5, sha1, sha256 (recommended) or sha512"
                ));
            }
        };
        Ok(Self {
            secrets: secrets.clone(),
            method,
        })
    }

    pub(super) fn verify(&self, webhook: &Webhook<'_>) -> Result<(), Refusal> {
        let carried = Form::of_call_or_json(webhook)
            .map_err(|_| Refusal::Unverified("the body is neither a form nor a JSON object"))?;
        let signature = carried
            .get("sig")
            .ok_or(Refusal::Unverified("the parameter sig is missing"))?;
        let signature = hex::decode(signature.trim())
            .map_err(|_| Refusal::Unverified("sig is not hexadecimal"))?;
        // Names are signed as they are, so one that holds a separator could stand for several.
        if carried.names().any(|name| name.contains(['&', '='])) {
            return Err(Refusal::Unverified("a parameter's name holds & or ="));
        }
        let readings = readings(webhook, &carried);
        let fits = |secret: &str| {
            readings.iter().fold(false, |found, form| {
                mac::equal(&self.hash(secret, form), &signature) | found
            })
        };
        if !self.secrets.any(fits) {
            return Err(Refusal::Unverified(
                "sig does not fit: the signature secret, or the method `signature`, is another",
            ));
        }
        in_time(&carried, webhook)
    }

    /// The signature of these parameters under the newest secret, in the case that Vonage writes.
    pub(super) fn sign(&self, form: &Form) -> Option<String> {
        let hash = self.hash(self.secrets.first()?, form);
        Some(match self.method {
            Method::Md5OfAll => hex::encode(hash),
            Method::Hmac(_) => hex::encode_upper(hash),
        })
    }

    fn hash(&self, secret: &str, form: &Form) -> Vec<u8> {
        let text = signed_text(form);
        match self.method {
            Method::Md5OfAll => Md5::new()
                .chain_update(text)
                .chain_update(secret)
                .finalize()
                .to_vec(),
            Method::Hmac(hash) => mac::hmac(hash, secret.as_bytes(), &[text.as_bytes()]),
        }
    }
}

/// What Vonage may have signed: everything in the call, as its SDKs take it, or all but what we put into
/// the callback URL ourselves. Its documentation does not say which. Of the URL of a POST only our own
/// parameters are taken: what else is signed has to stand where the facts are read.
fn readings(webhook: &Webhook<'_>, carried: &Form) -> [Form; 2] {
    match webhook.method {
        "GET" => [carried.clone(), carried.without(&OURS)],
        _ => [
            Form::of_query(webhook).only(&OURS).and(carried),
            carried.clone(),
        ],
    }
}

/// `&name=value` in the order of the names; `&` and `=` in a value become `_`.
fn signed_text(form: &Form) -> String {
    let mut text = String::new();
    for (name, value) in form.without(&["sig"]).sorted() {
        text.push('&');
        text.push_str(name);
        text.push('=');
        text.push_str(&value.replace(['&', '='], "_"));
    }
    text
}

/// The time of the first try, which stands in every signed call: Vonage tries again for 24 hours.
fn in_time(form: &Form, webhook: &Webhook<'_>) -> Result<(), Refusal> {
    let timestamp = form
        .get("timestamp")
        .ok_or(Refusal::Unverified("the parameter timestamp is missing"))?;
    let signed_at = timestamp
        .trim()
        .parse()
        .map_err(|_| Refusal::Unverified("timestamp is not seconds since 1970"))?;
    if window::holds(signed_at, webhook.arrived_at, window::ONCE) {
        return Ok(());
    }
    Err(Refusal::Unverified("timestamp is too old, or ahead"))
}
