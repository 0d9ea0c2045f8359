//! Ids that one SMSC writes in two ways. SMPP leaves the form of a message id open, and many an SMSC
//! answers a submission in hexadecimal and writes the same number in decimal into its receipts.

use serde::Deserialize;

/// How receipts write the ids that submissions were answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdForm {
    /// Alike.
    #[default]
    Same,
    /// In decimal, and the submission's answer was in hexadecimal.
    DecimalOfHex,
    /// In hexadecimal, and the submission's answer was in decimal.
    HexOfDecimal,
}

impl IdForm {
    /// A receipt's id as the submission's answer wrote it. What is no such number stays as it is.
    pub(super) fn apply(self, id: String) -> String {
        let converted = match self {
            Self::Same => None,
            Self::DecimalOfHex => id.parse().ok().map(|number: u128| format!("{number:x}")),
            Self::HexOfDecimal => u128::from_str_radix(&id, 16)
                .ok()
                .map(|number| number.to_string()),
        };
        converted.unwrap_or(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_and_decimal_name_one_message() {
        let apply = |form: IdForm, id: &str| form.apply(id.to_owned());
        assert_eq!(apply(IdForm::Same, "1a"), "1a");
        assert_eq!(apply(IdForm::DecimalOfHex, "26"), "1a");
        assert_eq!(apply(IdForm::HexOfDecimal, "1a"), "26");
        assert_eq!(apply(IdForm::DecimalOfHex, "no-number"), "no-number");
        assert_eq!(apply(IdForm::HexOfDecimal, "+1"), "1");
    }
}
