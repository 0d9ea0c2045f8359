//! Short texts that callers give us: bounded, without NUL, not blank.

/// Why a text was refused; the words are made to stand in a problem document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("must be at most {limit} characters, and has {length}")]
    TooLong {
        /// The most characters taken.
        limit: usize,
        /// The characters given.
        length: usize,
    },
    /// NUL, which PostgreSQL cannot store, or another control character but tab and line break.
    #[error("must not hold the control character U+{0:04X}")]
    Control(u32),
}

/// Checks a text: not blank, at most `limit` characters, no control characters but tab, LF and CR.
pub fn check(text: &str, limit: usize) -> Result<(), TextError> {
    todo!("{text}{limit}")
}
