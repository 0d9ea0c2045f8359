//! Windows: which boundary of the clock an instant belongs to, and the names of windows.

use chrono::{DateTime, Utc};
use std::fmt;
use std::str::FromStr;
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

/// Why a text names no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an epoch and a number, such as 1-42")]
pub struct WindowIdError;

/// A window that is not at its next station this long after its seal is late: not in the lake, not
/// loaded, not proven. Until then it is on its way.
pub const ON_ITS_WAY: Duration = Duration::from_mins(10);

/// As people and `textrail verify` write it: `1-42`. Keys of the lake have zeros before the numbers.
impl fmt::Display for WindowId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.epoch, self.number)
    }
}

/// With the zeros of a key, `0001-0000000042`, or without.
impl FromStr for WindowId {
    type Err = WindowIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, number) = text.split_once('-').ok_or(WindowIdError)?;
        let id = Self {
            epoch: epoch.parse().map_err(|_| WindowIdError)?,
            number: number.parse().map_err(|_| WindowIdError)?,
        };
        if id.epoch < 1 || id.number < 1 {
            return Err(WindowIdError);
        }
        Ok(id)
    }
}

/// How long a window is: 1 second to 1 hour, a whole number of seconds that divides a day, so that
/// boundaries fall on the clock's own marks.
///
/// Written as a number and a unit: `5s`, `30s`, `5m`, `1h`. Five minutes unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WindowLength(Duration);

/// Why a window length was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be between 1s and 1h and divide a day evenly, such as 5s, 30s, 5m or 1h")]
pub struct WindowLengthError;

/// The longest window, in seconds.
const LONGEST: u64 = 3_600;
/// Every length divides it, in seconds.
const DAY: u64 = 86_400;

impl WindowLength {
    /// Checks a length.
    ///
    /// # Errors
    /// If it is no whole number of seconds, out of bounds, or does not divide a day.
    pub fn new(length: Duration) -> Result<Self, WindowLengthError> {
        let seconds = length.as_secs();
        let whole = length.subsec_nanos() == 0;
        if whole && (1..=LONGEST).contains(&seconds) && DAY.is_multiple_of(seconds) {
            Ok(Self(length))
        } else {
            Err(WindowLengthError)
        }
    }
    /// The length.
    pub fn get(self) -> Duration {
        self.0
    }
    /// The latest boundary at or before an instant.
    pub fn boundary_before(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let seconds = instant.timestamp();
        // 1970 began at midnight UTC and days have no leap seconds here, so the marks of every day
        // are the multiples of the length.
        let boundary = seconds - seconds.rem_euclid(self.seconds());
        DateTime::from_timestamp(boundary, 0).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
    /// The first boundary after an instant.
    pub fn boundary_after(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let boundary = self.boundary_before(instant).timestamp() + self.seconds();
        DateTime::from_timestamp(boundary, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
    /// The length in whole seconds, 1 to 3,600.
    fn seconds(self) -> i64 {
        self.0.as_secs().cast_signed()
    }
}

impl Default for WindowLength {
    fn default() -> Self {
        Self(Duration::from_secs(300))
    }
}

impl FromStr for WindowLength {
    type Err = WindowLengthError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let unit = text.chars().last().ok_or(WindowLengthError)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            _ => return Err(WindowLengthError),
        };
        let count = &text[..text.len() - unit.len_utf8()];
        // `parse` alone would take "+5".
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WindowLengthError);
        }
        let count: u64 = count.parse().map_err(|_| WindowLengthError)?;
        let length = count.checked_mul(seconds).ok_or(WindowLengthError)?;
        Self::new(Duration::from_secs(length))
    }
}

impl fmt::Display for WindowLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds if seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl TryFrom<String> for WindowLength {
    type Error = WindowLengthError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WindowLength> for String {
    fn from(length: WindowLength) -> Self {
        length.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn length(text: &str) -> WindowLength {
        text.parse().unwrap()
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn lengths_are_read_and_written() {
        for (text, seconds, shown) in [
            ("1s", 1, "1s"),
            ("5s", 5, "5s"),
            (" 30s ", 30, "30s"),
            ("90s", 90, "90s"),
            ("300s", 300, "5m"),
            ("60m", 3_600, "1h"),
            ("1h", 3_600, "1h"),
        ] {
            assert_eq!(length(text).get(), Duration::from_secs(seconds), "{text}");
            assert_eq!(length(text).to_string(), shown);
        }
        assert_eq!(WindowLength::default(), length("5m"));
    }

    #[test]
    fn other_lengths_are_refused() {
        for text in [
            "",
            "s",
            "5",
            "0s",
            "7s",
            "7m",
            "2h",
            "61m",
            "-5s",
            "+5s",
            "1.5s",
            "5ms",
            "5 s",
            "5é",
            "99999999999999999999s",
            "9999999999999999999h",
        ] {
            assert_eq!(
                text.parse::<WindowLength>(),
                Err(WindowLengthError),
                "{text}"
            );
        }
        assert!(WindowLength::new(Duration::from_millis(1_500)).is_err());
    }

    #[test]
    fn boundaries_are_the_clocks_marks() {
        let five = length("5m");
        let mark = instant("2026-11-23T05:05:00Z");
        assert_eq!(
            five.boundary_before(instant("2026-11-23T05:09:59.999999Z")),
            mark
        );
        assert_eq!(five.boundary_before(mark), mark);
        assert_eq!(five.boundary_after(mark), instant("2026-11-23T05:10:00Z"));
        let before_1970 = instant("1969-12-31T23:59:59.5Z");
        assert_eq!(
            five.boundary_after(before_1970),
            instant("1970-01-01T00:00:00Z")
        );
        assert_eq!(
            length("1h").boundary_before(before_1970),
            instant("1969-12-31T23:00:00Z")
        );
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let hour = length("1h");
        assert!(hour.boundary_before(DateTime::<Utc>::MIN_UTC) <= DateTime::<Utc>::MIN_UTC);
        assert!(hour.boundary_after(DateTime::<Utc>::MAX_UTC) >= DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn configuration_reads_it_as_text() {
        let read: WindowLength = serde_json::from_str("\"30s\"").unwrap();
        assert_eq!(read, length("30s"));
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"30s\"");
        assert!(serde_json::from_str::<WindowLength>("\"7s\"").is_err());
    }

    proptest! {
        #[test]
        fn boundaries_hold_the_instant_between_them(
            micros in -4_000_000_000_000_000_i64..8_000_000_000_000_000,
            seconds in prop::sample::select(vec![1_u64, 5, 30, 90, 300, 900, 3_600]),
        ) {
            let length = WindowLength::new(Duration::from_secs(seconds)).unwrap();
            let instant = DateTime::from_timestamp_micros(micros).unwrap();
            let (before, after) = (length.boundary_before(instant), length.boundary_after(instant));
            prop_assert!(before <= instant && instant < after);
            prop_assert_eq!((after - before).to_std().unwrap(), length.get());
            prop_assert_eq!(length.boundary_before(before), before);
            prop_assert_eq!(before.timestamp() % 86_400 % length.seconds(), 0);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}|[0-9]{1,25}[smh]") {
            if let Ok(length) = text.parse::<WindowLength>() {
                prop_assert_eq!(length.to_string().parse(), Ok(length));
            }
        }
    }
}
