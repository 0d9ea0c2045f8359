//! Short codes: a keyed permutation (FF1, NIST SP 800-38G, through the `fpe` crate) of a link's
//! number in base 62. Unguessable, free of collisions, and most guesses are refused without asking
//! the database. Each length is a permutation of its own.

/// Encodes link numbers as codes and back.
pub struct ShortCodes {
    key: [u8; 32],
    length: usize,
}

impl ShortCodes {
    /// Codes of `length` characters (4 to 16) under a 32-byte key.
    pub fn new(key: [u8; 32], length: usize) -> Self {
        Self { key, length }
    }
    /// The code of a number (>= 0), or none if it is a route's word or beyond the length's space:
    /// then that number is skipped and another is drawn.
    pub fn encode(&self, number: i64) -> Option<String> {
        todo!("{number} {:?} {}", self.key, self.length)
    }
    /// The number that a code of any supported length would stand for; none if it cannot be a code.
    pub fn decode(&self, code: &str) -> Option<i64> {
        todo!("{code}")
    }
}

/// Takes off what phones glue to a URL's end: punctuation, brackets, quotes.
pub fn forgive(code: &str) -> &str {
    todo!("{code}")
}
