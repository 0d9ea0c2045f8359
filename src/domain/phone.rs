//! Phone numbers (E.164, through the `phonenumber` crate) and the sender's side of a message.

/// A subscriber's number in E.164 (`+436601234567`), with the country it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        todo!("{text}")
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

/// Who a message is from: an E.164 number, a short code (3 to 8 digits), or an alphanumeric sender
/// id (at most 11 characters, at least one letter; GSMA and 3GPP TS 23.040, 9.1.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sender(String);

/// Why a sender was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a phone number in international form, a short code of 3 to 8 digits, or a name of at most 11 letters, digits and spaces"
)]
pub struct SenderError;

impl Sender {
    /// Parses a sender; numbers are brought to E.164, names keep their case.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        todo!("{text}")
    }
    /// As it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
