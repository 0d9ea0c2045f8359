//! Delivery status: a pure function of the *set* of what is known about a message, never of its
//! order or repetition (invariant I11).

mod rule;

use serde::{Deserialize, Serialize};

pub use rule::{Evidence, current, of_sort_key, sort_key};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Recorded here, not yet submitted.
    Recorded,
    /// The gateway took it.
    Accepted,
    /// It waits at the gateway.
    Queued,
    /// It went to the carrier.
    Sent,
    /// The gateway does not know.
    Unknown,
    /// It arrived. Final, like all that follow.
    Delivered,
    /// The carrier said no.
    Undelivered,
    /// It never left the platform.
    Failed,
    /// The gateway refused it.
    Rejected,
    /// Its validity ran out.
    Expired,
    /// It was called back.
    Canceled,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Self; 11] = [
        Self::Recorded,
        Self::Accepted,
        Self::Queued,
        Self::Sent,
        Self::Unknown,
        Self::Delivered,
        Self::Undelivered,
        Self::Failed,
        Self::Rejected,
        Self::Expired,
        Self::Canceled,
    ];
    /// `recorded`, `accepted`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
        }
    }
    /// The status of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
    /// 0, 10, 20, 30, 40, and 50 for all finals.
    pub fn rank(self) -> u8 {
        match self {
            Self::Recorded => 0,
            Self::Accepted => 10,
            Self::Queued => 20,
            Self::Sent => 30,
            Self::Unknown => 40,
            Self::Delivered
            | Self::Undelivered
            | Self::Failed
            | Self::Rejected
            | Self::Expired
            | Self::Canceled => 50,
        }
    }
    /// Whether no better news is to be expected.
    pub fn is_final(self) -> bool {
        self.rank() == 50
    }
    /// How well a segment fares, 0 = worst: the status of a message in several segments is the
    /// smallest of its segments' standings.
    ///
    /// A text with a hole in it has not arrived, so a segment's failure decides at once, whatever
    /// the others do; among failures the one that got least far. Else the least advanced segment
    /// counts. `delivered` is best: it needs all segments.
    pub fn standing(self) -> u8 {
        match self {
            Self::Canceled => 0,
            Self::Failed => 1,
            Self::Rejected => 2,
            Self::Undelivered => 3,
            Self::Expired => 4,
            Self::Recorded => 5,
            Self::Accepted => 6,
            Self::Queued => 7,
            Self::Sent => 8,
            Self::Unknown => 9,
            Self::Delivered => 10,
        }
    }
    /// The place in [`Status::ALL`].
    pub(super) fn position(self) -> u8 {
        match self {
            Self::Recorded => 0,
            Self::Accepted => 1,
            Self::Queued => 2,
            Self::Sent => 3,
            Self::Unknown => 4,
            Self::Delivered => 5,
            Self::Undelivered => 6,
            Self::Failed => 7,
            Self::Rejected => 8,
            Self::Expired => 9,
            Self::Canceled => 10,
        }
    }
}

/// Why a message did not arrive, in our classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Switched off, out of reach, busy.
    Unreachable,
    /// No such number.
    InvalidNumber,
    /// It cannot receive texts.
    Landline,
    /// Held back as spam or by policy.
    Filtered,
    /// The provider knows the subscriber's STOP.
    OptedOut,
    /// Validity ran out.
    Expired,
    /// Our account: funds, permissions.
    Account,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Unreachable,
        Self::InvalidNumber,
        Self::Landline,
        Self::Filtered,
        Self::OptedOut,
        Self::Expired,
        Self::Account,
        Self::Other,
    ];
    /// `unreachable`, `invalid_number`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::InvalidNumber => "invalid_number",
            Self::Landline => "landline",
            Self::Filtered => "filtered",
            Self::OptedOut => "opted_out",
            Self::Expired => "expired",
            Self::Account => "account",
            Self::Other => "other",
        }
    }
    /// The class of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// Who confirmed a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryLevel {
    /// The carrier took it for delivered.
    Carrier,
    /// The handset did.
    Handset,
}

impl DeliveryLevel {
    /// `carrier` or `handset`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Handset => "handset",
        }
    }
    /// The level of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Carrier, Self::Handset]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for (position, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::json!(status), status.as_str());
            assert_eq!(usize::from(status.position()), position);
        }
        for class in ErrorClass::ALL {
            assert_eq!(ErrorClass::parse(class.as_str()), Some(class));
            assert_eq!(serde_json::json!(class), class.as_str());
        }
        for level in [DeliveryLevel::Carrier, DeliveryLevel::Handset] {
            assert_eq!(DeliveryLevel::parse(level.as_str()), Some(level));
        }
        assert_eq!(Status::parse("Delivered"), None);
        assert_eq!(ErrorClass::parse(""), None);
        assert_eq!(DeliveryLevel::parse("network"), None);
    }
}
