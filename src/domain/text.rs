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
///
/// # Errors
/// The first that holds: it is too long, holds a control character, or is blank.
pub fn check(text: &str, limit: usize) -> Result<(), TextError> {
    let length = text.chars().count();
    if length > limit {
        return Err(TextError::TooLong { limit, length });
    }
    match text
        .chars()
        .find(|c| c.is_control() && !"\t\n\r".contains(*c))
    {
        Some(control) => Err(TextError::Control(u32::from(control))),
        // Last: some callers take a blank text, and no endless one.
        None if text.trim().is_empty() => Err(TextError::Empty),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blank_texts_are_refused() {
        for blank in ["", " ", "\t\r\n", "\u{3000}\u{a0}"] {
            assert_eq!(check(blank, 10), Err(TextError::Empty), "{blank:?}");
        }
        let (limit, length) = (10, 11);
        assert_eq!(
            check(&" ".repeat(length), limit),
            Err(TextError::TooLong { limit, length })
        );
    }

    #[test]
    fn characters_count_and_not_bytes() {
        assert_eq!(check("ääää", 4), Ok(()));
        assert_eq!(
            check("äääää", 4),
            Err(TextError::TooLong {
                limit: 4,
                length: 5
            })
        );
    }

    #[test]
    fn control_characters_are_named() {
        assert_eq!(check("one\ttwo\r\nthree", 100), Ok(()));
        assert_eq!(check("a\0b", 100), Err(TextError::Control(0)));
        assert_eq!(check("a\u{1b}b", 100), Err(TextError::Control(0x1b)));
        assert_eq!(check("a\u{9f}b", 100), Err(TextError::Control(0x9f)));
        assert_eq!(
            TextError::Control(0).to_string(),
            "must not hold the control character U+0000"
        );
    }

    proptest! {
        #[test]
        fn what_passes_is_bounded_and_storable(text in "\\PC*|.*", limit in 0_usize..20) {
            if check(&text, limit).is_ok() {
                prop_assert!(!text.trim().is_empty());
                prop_assert!(text.chars().count() <= limit);
                prop_assert!(!text.contains('\0'));
            }
        }
    }
}
