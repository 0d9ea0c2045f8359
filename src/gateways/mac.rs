//! Keyed hashes (HMAC, RFC 2104) as gateways sign with them, and comparison in constant time.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// The hash functions that gateways use. MD5 and SHA-1 are theirs to choose; as HMAC neither is
/// broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// The HMAC of parts, one after the other, under a secret.
pub(super) fn hmac(hash: Hash, secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Md5 => run::<Hmac<Md5>>(secret, parts),
        Hash::Sha1 => run::<Hmac<Sha1>>(secret, parts),
        Hash::Sha256 => run::<Hmac<Sha256>>(secret, parts),
        Hash::Sha512 => run::<Hmac<Sha512>>(secret, parts),
    }
}

fn run<M: Mac + KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(secret)
        .expect("HMAC takes keys of any length (RFC 2104, 3)");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Whether two signatures are the same, in time that depends on their length alone.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Whether a text is the SHA-256 of some bytes in hexadecimal, in either case.
pub(super) fn is_sha256_of(hex: &str, bytes: &[u8]) -> bool {
    let of_bytes = hex::encode(Sha256::digest(bytes));
    equal(of_bytes.as_bytes(), hex.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 (MD5, SHA-1) and RFC 4231 (SHA-2), test case 2, in two parts.
    #[test]
    fn the_rfcs_vectors() {
        let of = |hash| hex::encode(hmac(hash, b"Jefe", &[b"what do ya want ", b"for nothing?"]));
        assert_eq!(of(Hash::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(of(Hash::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            of(Hash::Sha256),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(of(Hash::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
        assert!(equal(b"a", b"a") && !equal(b"a", b"b") && !equal(b"a", b"ab"));
    }
}
