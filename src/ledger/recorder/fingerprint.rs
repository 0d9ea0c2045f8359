//! Fingerprints: the same fact told twice has the same one.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The first 128 bits of SHA-256 over the parts, each with its length (so that "ab","c" and
/// "a","bc" differ) and absent ones told apart from empty ones.
pub(super) fn fingerprint(parts: &[Option<&str>]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        match part {
            Some(text) => {
                hash.update([1]);
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
            None => hash.update([0]),
        }
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(
            fingerprint(&[Some("ab"), Some("c")]),
            fingerprint(&[Some("a"), Some("bc")])
        );
        assert_ne!(fingerprint(&[None]), fingerprint(&[Some("")]));
        assert_eq!(
            fingerprint(&[Some("a"), None]),
            fingerprint(&[Some("a"), None])
        );
    }
}
