//! Windows: which boundary of the clock an instant belongs to, and the names of windows.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// One unbroken life of the ledger and a window's number in it: a window's whole name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct WindowId {
    /// The ledger's life, from 1.
    pub epoch: i32,
    /// The window in it, from 1 (0 is the empty beginning).
    pub number: i64,
}

/// How long a window is: 1 second to 1 hour, a whole number of seconds that divides a day, so that
/// boundaries fall on the clock's own marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLength(Duration);

/// Why a window length was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be between 1s and 1h and divide a day evenly, such as 5s, 30s, 5m or 1h")]
pub struct WindowLengthError;

impl WindowLength {
    /// Checks a length.
    pub fn new(length: Duration) -> Result<Self, WindowLengthError> {
        todo!("{length:?}")
    }
    /// The length.
    pub fn get(self) -> Duration {
        self.0
    }
    /// The latest boundary at or before an instant.
    pub fn boundary_before(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        todo!("{instant}")
    }
    /// The first boundary after an instant.
    pub fn boundary_after(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        todo!("{instant}")
    }
}

impl std::str::FromStr for WindowLength {
    type Err = WindowLengthError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        todo!("{text}")
    }
}
