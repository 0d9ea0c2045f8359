//! Phone numbers (E.164, through the `phonenumber` crate) and the sender's side of a message.

mod plans;

use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};

/// A subscriber's number in E.164 (`+436601234567`), with the country it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PhoneNumber {
    e164: String,
    country: Option<String>,
}

/// Why a number was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Not in international form.
    #[error("must be a phone number in international form, such as +436601234567")]
    NotInternational,
    /// No such number can exist.
    #[error("is not a number that exists in any numbering plan")]
    Invalid,
}

impl PhoneNumber {
    /// Parses international form; a leading `+` or `00` or bare digits as gateways send them.
    ///
    /// Bare digits are read as if the `+` were there, never as a number of some country at home:
    /// `6601234567` is no Austrian number. Spaces and the usual separators are passed over.
    /// Whether a number can exist is the library's word (its copy of Google's metadata), also for
    /// numbers reserved for films and tests.
    ///
    /// # Errors
    /// If it is not in international form, or no such number can exist.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let international = international(text).ok_or(PhoneError::NotInternational)?;
        plans::ready(&international);
        let number = phonenumber::parse(None, &international).map_err(|_| PhoneError::Invalid)?;
        if !number.is_valid() {
            return Err(PhoneError::Invalid);
        }
        Ok(Self {
            // The library's formatter writes the same, once it has looked for a national format.
            e164: format!("+{}{}", number.code().value(), number.national()),
            country: country(&number),
        })
    }
    /// A number that was parsed before, as it was stored.
    pub fn stored(e164: String, country: Option<String>) -> Self {
        Self { e164, country }
    }
    /// `+436601234567`.
    pub fn as_str(&self) -> &str {
        &self.e164
    }
    /// ISO 3166-1 alpha-2; none for numbers of no country (satellite, international networks).
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }
}

/// Whether a code of two capital letters is a country's that has numbers (ISO 3166-1).
pub fn is_country(code: &str) -> bool {
    code.parse::<phonenumber::country::Id>().is_ok()
}

/// `+` and 7 to 15 digits (E.164 allows no more), or none.
///
/// The library would also find a number inside a sentence, read letters as a keypad does, and take
/// extensions. None of that is an address for a text.
fn international(text: &str) -> Option<String> {
    let text = text.trim();
    let unmarked = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let mut international = String::from("+");
    for character in unmarked.unwrap_or(text).chars() {
        match character {
            '0'..='9' => international.push(character),
            ' ' | '\u{a0}' | '-' | '\u{2011}' | '.' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    (8..=16)
        .contains(&international.len())
        .then_some(international)
}

/// The library's country of a number; where it has none although the number is valid (numbers with a
/// leading zero in plans of several countries: Italy's fixed lines), the calling code's main
/// country, which its metadata lists first.
fn country(number: &phonenumber::PhoneNumber) -> Option<String> {
    if let Some(id) = number.country().id() {
        return Some(id.as_ref().to_owned());
    }
    let regions = DATABASE.region(&number.code().value())?;
    // "001" stands for the whole world: no country.
    let main = regions.into_iter().next().filter(|region| *region != "001");
    main.map(str::to_owned)
}

/// Who a message is from: an E.164 number, a short code (3 to 8 digits), or an alphanumeric sender
/// id (at most 11 characters, at least one letter; GSMA and 3GPP TS 23.040, 9.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sender(String);

/// Why a sender was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a phone number in international form, a short code of 3 to 8 digits, or a name of at most 11 letters, digits, spaces and any of & + - . _"
)]
pub struct SenderError;

impl Sender {
    /// Parses a sender; numbers are brought to E.164, names keep their case.
    ///
    /// 3 to 8 digits are a short code; more digits, with or without `+` or `00`, are a number.
    ///
    /// # Errors
    /// If it is no number, no short code and no name.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let text = text.trim();
        if is_short_code(text) || is_name(text) {
            return Ok(Self(text.to_owned()));
        }
        let number = PhoneNumber::parse(text).map_err(|_| SenderError)?;
        Ok(Self(number.e164))
    }
    /// One that was parsed before, as it was stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }
    /// As it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_short_code(text: &str) -> bool {
    (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name holds a letter, else it is a number. Of punctuation only what providers let through
/// (`T-Mobile`, `Booking.com`); no accents, which carriers replace at will.
fn is_name(text: &str) -> bool {
    text.len() <= 11
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" &+-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_come_to_e164_with_their_country() {
        for (text, e164, country) in [
            ("+436601234567", "+436601234567", Some("AT")),
            ("00436601234567", "+436601234567", Some("AT")),
            ("436601234567", "+436601234567", Some("AT")),
            (" 436601234567", "+436601234567", Some("AT")),
            ("+43 (660) 123-45.67", "+436601234567", Some("AT")),
            ("+43 (0)660 1234567", "+436601234567", Some("AT")),
            ("14155552671", "+14155552671", Some("US")),
            ("+16137827274", "+16137827274", Some("CA")),
            ("+447400123456", "+447400123456", Some("GB")),
            ("+390612345678", "+390612345678", Some("IT")),
            ("+33612345678", "+33612345678", Some("FR")),
            ("+80012345678", "+80012345678", None),
        ] {
            let number = PhoneNumber::parse(text).unwrap();
            assert_eq!(
                (number.as_str(), number.country()),
                (e164, country),
                "{text}"
            );
        }
    }

    #[test]
    fn other_words_are_not_international() {
        for text in [
            "",
            "+",
            "00",
            "call +436601234567",
            "+43660ABCDEF",
            "tel:+436601234567",
            "+4366012345678901",
            "+436601234567;ext=5",
            "++436601234567",
            "+43660",
            "+٤٣٦٦٠١٢٣٤٥٦٧",
            "+43660\u{0}123456",
        ] {
            assert_eq!(
                PhoneNumber::parse(text),
                Err(PhoneError::NotInternational),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_of_no_plan_are_refused() {
        for text in [
            "+4312",
            "+999123456789",
            "+15551234567",
            "06601234567",
            "+00000000000",
            "+1000000000",
        ] {
            assert!(PhoneNumber::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            PhoneNumber::parse("+999123456789"),
            Err(PhoneError::Invalid)
        );
    }

    #[test]
    fn senders_are_numbers_short_codes_or_names() {
        for (text, stored) in [
            ("+43 660 1234567", "+436601234567"),
            ("00436601234567", "+436601234567"),
            ("436601234567", "+436601234567"),
            ("123", "123"),
            ("12345678", "12345678"),
            (" 72404 ", "72404"),
            ("Acme Shop 1", "Acme Shop 1"),
            ("Booking.com", "Booking.com"),
            ("T-Mobile", "T-Mobile"),
            ("X", "X"),
        ] {
            assert_eq!(Sender::parse(text).unwrap().as_str(), stored, "{text}");
        }
        for text in [
            "",
            " ",
            "12",
            "123456789",
            "Twelve chars",
            "Käse",
            "A\tB",
            "A,B",
            "&&&",
            "+123",
        ] {
            assert_eq!(Sender::parse(text), Err(SenderError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}|[+]?[0-9 ()-]{0,20}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number));
            }
            if let Ok(sender) = Sender::parse(&text) {
                prop_assert_eq!(Sender::parse(sender.as_str()), Ok(sender));
            }
        }

        #[test]
        fn every_way_of_writing_is_one_number(rest in "6[0-9]{9}") {
            let plus = PhoneNumber::parse(&format!("+43{rest}"));
            prop_assert_eq!(PhoneNumber::parse(&format!("0043{rest}")), plus.clone());
            prop_assert_eq!(PhoneNumber::parse(&format!("43{rest}")), plus);
        }
    }
}
