//! Short codes: a keyed permutation (FF1, NIST SP 800-38G, through the `fpe` crate) of a link's
//! number in base 62. Unguessable, free of collisions, and most guesses are refused without asking
//! the database. Each length is a permutation of its own.

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};
use std::ops::RangeInclusive;

/// The lengths of a code, in characters. FF1 permutes no fewer than a million values, which rules
/// out three characters; sixteen hold far more numbers than an `i64`.
pub const LENGTHS: RangeInclusive<usize> = 4..=16;

/// The digits of base 62, by value.
const ALPHABET: &[u8; RADIX as usize] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RADIX: u16 = 62;

/// Paths of ours that could be read as codes, in lower case. They are refused in any case: a phone's
/// keyboard and some proxies change it.
const ROUTES: [&str; 9] = [
    "docs", "healthz", "livez", "metrics", "openapi", "readyz", "robots", "swagger", "v1",
];

/// Encodes link numbers as codes and back.
pub struct ShortCodes {
    cipher: FF1<Aes256>,
    length: usize,
}

impl ShortCodes {
    /// Codes of `length` characters under a 32-byte key. A length outside [`LENGTHS`] is brought to
    /// its nearer end.
    pub fn new(key: [u8; 32], length: usize) -> Self {
        Self {
            cipher: FF1::new(&key, u32::from(RADIX)).expect("62 is a radix that FF1 takes"),
            length: length.clamp(*LENGTHS.start(), *LENGTHS.end()),
        }
    }
    /// The code of a number (>= 0), or none if it is a route's word or beyond the length's space:
    /// then that number is skipped and another is drawn.
    pub fn encode(&self, number: i64) -> Option<String> {
        let numerals = to_numerals(u64::try_from(number).ok()?, self.length)?;
        let code = self.cipher.encrypt(&tweak(self.length), &numerals).ok()?;
        let code = to_text(&Vec::from(code))?;
        (!is_route(&code)).then_some(code)
    }
    /// The number that a code of any supported length would stand for; none if it cannot be a code.
    pub fn decode(&self, code: &str) -> Option<i64> {
        if !LENGTHS.contains(&code.len()) || is_route(code) {
            return None;
        }
        let numerals = FlexibleNumeralString::from(from_text(code)?);
        let number = self.cipher.decrypt(&tweak(code.len()), &numerals).ok()?;
        from_numerals(&Vec::from(number))
    }
}

/// Each length under a tweak of its own: codes of two lengths have nothing in common.
fn tweak(length: usize) -> [u8; 8] {
    (length as u64).to_be_bytes()
}

fn is_route(code: &str) -> bool {
    ROUTES.iter().any(|route| route.eq_ignore_ascii_case(code))
}

/// The base 62 digits of a number, most significant first; none if it needs more than `length`.
fn to_numerals(mut number: u64, length: usize) -> Option<FlexibleNumeralString> {
    let radix = u64::from(RADIX);
    let mut numerals = vec![0; length];
    for numeral in numerals.iter_mut().rev() {
        *numeral = u16::try_from(number % radix).ok()?;
        number /= radix;
    }
    (number == 0).then(|| numerals.into())
}

/// The number of base 62 digits; none beyond an `i64`.
fn from_numerals(numerals: &[u16]) -> Option<i64> {
    numerals.iter().try_fold(0_i64, |number, numeral| {
        number
            .checked_mul(i64::from(RADIX))?
            .checked_add(i64::from(*numeral))
    })
}

fn to_text(numerals: &[u16]) -> Option<String> {
    numerals
        .iter()
        .map(|numeral| ALPHABET.get(usize::from(*numeral)).copied().map(char::from))
        .collect()
}

fn from_text(code: &str) -> Option<Vec<u16>> {
    code.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' => Some(u16::from(byte - b'0')),
            b'A'..=b'Z' => Some(u16::from(byte - b'A') + 10),
            b'a'..=b'z' => Some(u16::from(byte - b'a') + 36),
            _ => None,
        })
        .collect()
}

/// Takes off what phones glue to a URL's end: punctuation, brackets, quotes.
pub fn forgive(code: &str) -> &str {
    code.trim_end_matches(is_glue)
}

/// ASCII punctuation and white space; and in Unicode the blocks General Punctuation (quotes, dashes,
/// ellipsis, joiners and direction marks that cannot be seen), CJK Symbols and Punctuation,
/// half and full width forms of punctuation, and the few of Latin-1. No letter of any script: a
/// code with a letter at its end that is not ours is another word.
fn is_glue(character: char) -> bool {
    character.is_ascii_punctuation()
        || character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '¡' | '§' | '«' | '\u{ad}' | '¶' | '·' | '»' | '¿'
                | '\u{2000}'..='\u{206f}'
                | '\u{3000}'..='\u{3004}'
                | '\u{3008}'..='\u{3020}'
                | '\u{30fb}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ff01}'..='\u{ff0f}'
                | '\u{ff1a}'..='\u{ff20}'
                | '\u{ff3b}'..='\u{ff40}'
                | '\u{ff5b}'..='\u{ff65}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn codes(length: usize) -> ShortCodes {
        ShortCodes::new([7; 32], length)
    }

    /// Numbers below 62^length, as far as an `i64` goes.
    fn space(length: usize) -> i64 {
        i64::from(RADIX)
            .checked_pow(u32::try_from(length).unwrap())
            .unwrap_or(i64::MAX)
    }

    #[test]
    fn codes_never_change() {
        // Printed links depend on these: a new version of a crate must not alter them.
        let expected = [
            (4, 0, "YAu0"),
            (10, 0, "5exxrEx4rw"),
            (10, 1, "VN6u42S4ro"),
            (10, 1_000_000, "wgknvqpE3Y"),
            (16, i64::MAX, "O547DRpBoUg17af2"),
        ];
        for (length, number, code) in expected {
            assert_eq!(codes(length).encode(number).as_deref(), Some(code));
        }
    }

    /// FF1-AES256 sample 7 of NIST's example values: the cipher is the standard's.
    #[test]
    fn the_cipher_is_the_standards() {
        let key = hex::decode("2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94");
        let cipher = FF1::<Aes256>::new(&key.unwrap(), 10).unwrap();
        let plain = FlexibleNumeralString::from((0..10).collect::<Vec<u16>>());
        let sealed = cipher.encrypt(&[], &plain).unwrap();
        assert_eq!(Vec::from(sealed), [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
    }

    #[test]
    fn neighbours_share_nothing() {
        let codes = codes(10);
        let issued: HashSet<String> = (0..2_000).filter_map(|n| codes.encode(n)).collect();
        assert_eq!(issued.len(), 2_000);
        let first: HashSet<&str> = issued.iter().map(|code| &code[..3]).collect();
        assert!(first.len() > 1_900, "{}", first.len());
    }

    #[test]
    fn a_length_is_a_space_of_its_own() {
        let four = codes(4);
        assert!(four.encode(62_i64.pow(4)).is_none());
        assert!(four.encode(62_i64.pow(4) - 1).is_some());
        assert!(four.encode(-1).is_none());
        let (long, longer) = (codes(10).encode(5).unwrap(), codes(11).encode(5).unwrap());
        assert_ne!(long, longer[..10]);
        assert_ne!(codes(10).encode(5), ShortCodes::new([8; 32], 10).encode(5));
    }

    #[test]
    fn a_wrong_length_is_brought_to_the_nearer_end() {
        assert_eq!(codes(0).encode(1).unwrap().len(), 4);
        assert_eq!(codes(99).encode(1).unwrap().len(), 16);
    }

    #[test]
    fn a_routes_word_is_never_a_code() {
        let codes = codes(4);
        for route in [
            "docs", "DOCS", "Docs", "healthz", "ReadyZ", "metrics", "openapi",
        ] {
            assert_eq!(codes.decode(route), None, "{route}");
        }
        let numerals = FlexibleNumeralString::from(from_text("docs").unwrap());
        let number = codes.cipher.decrypt(&tweak(4), &numerals).unwrap();
        assert_eq!(
            codes.encode(from_numerals(&Vec::from(number)).unwrap()),
            None
        );
    }

    #[test]
    fn what_cannot_be_a_code_is_refused() {
        for text in [
            "",
            "abc",
            "abcdefghijklmnopq",
            "abc-efghij",
            "abcdefghiä",
            "äöüß",
            "zzzzzzzzz ",
        ] {
            assert_eq!(codes(10).decode(text), None, "{text}");
        }
        // Of the 62^16 codes of sixteen characters few stand for an i64.
        assert_eq!(codes(16).decode("zzzzzzzzzzzzzzzz"), None);
    }

    #[test]
    fn glued_punctuation_is_forgiven() {
        for glued in [
            "aB3",
            "aB3.",
            "aB3)",
            "aB3\"",
            "aB3’",
            "aB3”",
            "aB3…",
            "aB3»",
            "aB3!?).",
            "aB3/",
            "aB3,",
            "aB3>",
            "aB3。",
            "aB3）",
            "aB3」",
            "aB3\u{200b}",
            "aB3\u{a0}",
            "aB3\r\n",
            "aB3*_~",
        ] {
            assert_eq!(forgive(glued), "aB3", "{glued:?}");
        }
        for kept in ["aB3é", "aB3я", ".aB3", "a.B3", "aB3日"] {
            assert_eq!(forgive(kept), kept);
        }
        assert_eq!(forgive("…"), "");
    }

    proptest! {
        #[test]
        fn a_code_leads_back_from_any_length(length in LENGTHS, seed in 0..=i64::MAX, other in LENGTHS) {
            let number = seed % space(length);
            if let Some(code) = codes(length).encode(number) {
                prop_assert_eq!(code.len(), length);
                prop_assert_eq!(forgive(&code), code.as_str());
                prop_assert_eq!(codes(other).decode(&code), Some(number));
            }
        }

        #[test]
        fn a_guess_never_panics(text in "\\PC{0,20}|[0-9A-Za-z]{4,16}") {
            if let Some(number) = codes(10).decode(&text) {
                prop_assert_eq!(codes(text.len()).encode(number), Some(text));
            }
        }
    }
}
