//! Delivery status: a pure function of the *set* of what is known about a message, never of its
//! order or repetition (invariant I11).

use chrono::{DateTime, Utc};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        todo!("{self:?}")
    }
    /// The status of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{text}")
    }
    /// 0, 10, 20, 30, 40, and 50 for all finals.
    pub fn rank(self) -> u8 {
        todo!("{self:?}")
    }
    /// Whether no better news is to be expected.
    pub fn is_final(self) -> bool {
        self.rank() == 50
    }
}

/// One thing known about a message: a receipt, or its submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it says.
    pub status: Status,
    /// The gateway's own guess after long silence.
    pub synthetic: bool,
    /// The gateway's time, if it gave one.
    pub gateway_time: Option<DateTime<Utc>>,
    /// The segment it is about; none = the whole message.
    pub segment_number: Option<i32>,
}

/// The rule of one segment as one sortable integer: the larger wins. Rank; among finals a real one
/// before a synthetic one, then the earliest gateway time (none = last), then a fixed order of the
/// statuses. The warehouse computes the same number in SQL, so its status is a `max()`.
pub fn sort_key(evidence: &Evidence) -> i64 {
    todo!("{evidence:?}")
}

/// The status of a sort key.
pub fn of_sort_key(key: i64) -> Status {
    todo!("{key}")
}

/// The current status: within a segment the largest key; over segments the worst.
pub fn current(evidence: impl IntoIterator<Item = Evidence>) -> Status {
    let _evidence: Vec<Evidence> = evidence.into_iter().collect();
    todo!()
}

/// Why a message did not arrive, in our classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// `unreachable`, `invalid_number`, …
    pub fn as_str(self) -> &'static str {
        todo!("{self:?}")
    }
    /// The class of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{text}")
    }
}

/// Who confirmed a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryLevel {
    /// The carrier took it for delivered.
    Carrier,
    /// The handset did.
    Handset,
}

impl DeliveryLevel {
    /// `carrier` or `handset`.
    pub fn as_str(self) -> &'static str {
        todo!("{self:?}")
    }
    /// The level of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{text}")
    }
}
