//! JSON Web Tokens (RFC 7519) in which gateways carry the hash of what they send.

use super::Secrets;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest header of a token: `{"alg":"HS256","typ":"JWT"}` has 36 characters. It is read before any
/// proof, and into `serde_json`'s values (see [`super::json::Plain`]).
const HEADER_LIMIT: usize = 1024;

/// The claims of a token that one of the secrets signed by one of the algorithms, all of them HMACs:
/// the token's own header must not choose. None if it is no such token. All secrets are tried. Times
/// are for the caller, who knows when the call arrived.
pub(super) fn claims<T: DeserializeOwned + Clone>(
    token: &str,
    secrets: &Secrets,
    algorithms: &[Algorithm],
) -> Option<T> {
    let (header, _) = token.split_once('.')?;
    if header.len() > HEADER_LIMIT {
        return None;
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = algorithms.to_vec();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    secrets.iter().fold(None, |found, secret| {
        let key = DecodingKey::from_secret(secret.as_bytes());
        let read = decode::<T>(token, &key, &validation).ok();
        found.or(read.map(|token| token.claims))
    })
}

/// A token of these claims, HS256, under the newest secret.
pub(super) fn sign(secrets: &Secrets, claims: &impl Serialize) -> Option<String> {
    let key = EncodingKey::from_secret(secrets.first()?.as_bytes());
    encode(&Header::new(Algorithm::HS256), claims, &key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(token: &str, secrets: &[&str]) -> Option<Value> {
        let secrets = Secrets::new(secrets.iter().map(|text| (*text).to_owned()).collect());
        claims(token, &secrets, &[Algorithm::HS256])
    }

    #[test]
    fn a_long_header_is_not_read() {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        let bait = crate::gateways::json::nested(100);
        let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","x":{bait}}}"#));
        assert_eq!(read(&format!("{header}.e30.AA"), &["key"]), None);
    }

    #[test]
    fn only_the_algorithm_that_was_agreed_on_counts() {
        let claims = json!({"a": 1, "exp": 1, "nbf": 9_999_999_999_u64, "aud": "x"});
        let signed = sign(&Secrets::new(vec!["s".to_owned()]), &claims).unwrap();
        assert_eq!(read(&signed, &["s"]), Some(claims.clone()));
        assert_eq!(read(&signed, &["new", "s"]), Some(claims.clone()));
        assert_eq!(read(&signed, &["other"]), None);
        let key = EncodingKey::from_secret(b"s");
        let stronger = encode(&Header::new(Algorithm::HS512), &claims, &key).unwrap();
        assert_eq!(read(&stronger, &["s"]), None);
        // {"alg":"none"}, as jsonwebtoken would never write it.
        let payload = signed.split('.').nth(1).unwrap();
        assert_eq!(
            read(&format!("eyJhbGciOiJub25lIn0.{payload}."), &["s"]),
            None
        );
        for torn in ["", ".", "..", "a.b.c", &signed[1..]] {
            assert_eq!(read(torn, &["s"]), None, "{torn}");
        }
    }
}
