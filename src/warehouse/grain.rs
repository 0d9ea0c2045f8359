//! How much of the messages' time a bucket spans.
//!
//! Every bucket is there three times: of a quarter of an hour, of its hour, of its day. A report over weeks
//! adds up days, and has a hundredth of the rows to read.

/// A span, aligned to UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// 15 minutes. The days of every time zone are sums of these.
    Quarter,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Grain {
    /// From the shortest.
    pub const ALL: [Self; 3] = [Self::Quarter, Self::Hour, Self::Day];

    /// The table of its buckets.
    pub fn table(self) -> &'static str {
        match self {
            Self::Quarter => "message_stats",
            Self::Hour => "hourly_stats",
            Self::Day => "daily_stats",
        }
    }

    /// Its length.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Quarter => 15 * 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// The next shorter one.
    pub fn shorter(self) -> Option<Self> {
        match self {
            Self::Quarter => None,
            Self::Hour => Some(Self::Quarter),
            Self::Day => Some(Self::Hour),
        }
    }
}
