//! SMS text: which encoding it needs and how many segments it takes (3GPP TS 23.038, 23.040).

/// The alphabet a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// GSM 7-bit default alphabet with its extension table.
    Gsm7,
    /// UTF-16 units.
    Ucs2,
}

impl Encoding {
    /// `gsm7` or `ucs2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }
}

/// What a text takes on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// The alphabet.
    pub encoding: Encoding,
    /// Septets (an extension character is two) or UTF-16 units.
    pub code_units: u32,
    /// SMS segments: 160/153 septets or 70/67 units; a pair is never split.
    pub segments: u32,
}

/// Counts a text; an empty one takes one segment.
pub fn segment(text: &str) -> Segmentation {
    todo!("{text}")
}

/// The characters, each once and in order, that force UCS-2.
pub fn forcing_ucs2(text: &str) -> Vec<char> {
    todo!("{text}")
}
