//! The kinds of event: their names in the lake and their numbers in the outbox.

use serde::{Deserialize, Serialize};

/// What a log line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A send.
    Message,
    /// A hand-over to a gateway.
    Submission,
    /// A delivery receipt.
    Receipt,
    /// A parked receipt's message was found.
    Match,
    /// A visit to a short URL.
    Click,
    /// A message from a subscriber.
    Inbound,
    /// A change of a standing wish.
    OptOut,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Submission,
        Self::Receipt,
        Self::Match,
        Self::Click,
        Self::Inbound,
        Self::OptOut,
    ];

    /// The name in the `kind` field and in the lake's keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Submission => "submission",
            Self::Receipt => "receipt",
            Self::Match => "match",
            Self::Click => "click",
            Self::Inbound => "inbound",
            Self::OptOut => "opt_out",
        }
    }

    /// The kind of a name, as [`Self::as_str`] gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The number in the outbox; never reused.
    pub fn number(self) -> i16 {
        match self {
            Self::Message => 1,
            Self::Submission => 2,
            Self::Receipt => 3,
            Self::Match => 4,
            Self::Click => 5,
            Self::Inbound => 6,
            Self::OptOut => 7,
        }
    }

    /// The kind of an outbox number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
