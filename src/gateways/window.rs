//! The time that a provider signs with a call: it limits how long a copy of the call is worth
//! anything.

use super::Refusal;
use chrono::{DateTime, TimeDelta, Utc};

/// How far a signed time may be from ours, before or after: what the providers recommend. It has to
/// cover their way to us and the difference of the clocks.
pub(super) const REPLAY: TimeDelta = TimeDelta::minutes(5);

/// Holds a signed time, in whole seconds since 1970, to the window.
///
/// # Errors
/// [`Refusal::Unverified`] if it is no such time, or outside.
pub(super) fn hold(signed: &str, arrived_at: DateTime<Utc>) -> Result<(), Refusal> {
    let seconds: i64 = signed.trim().parse().map_err(|_| {
        Refusal::Unverified("the signed time is not a number of seconds since 1970")
    })?;
    if seconds.abs_diff(arrived_at.timestamp()) > REPLAY.num_seconds().unsigned_abs() {
        return Err(Refusal::Unverified(
            "the signed time is more than five minutes off: a copy of an older call, or one of the \
             clocks is wrong",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_minutes_either_way_and_no_second_more() {
        let now = DateTime::from_timestamp(1_795_043_200, 0).unwrap();
        for seconds in ["1795043200", "1795042900", "1795043500", " 1795043200 "] {
            assert_eq!(hold(seconds, now), Ok(()), "{seconds}");
        }
        let words = ["1795042899", "1795043501", "0", "-1795043200"];
        let extremes = [
            "9223372036854775807",
            "-9223372036854775808",
            "1e9",
            "",
            "now",
        ];
        for seconds in words.into_iter().chain(extremes) {
            assert!(hold(seconds, now).is_err(), "{seconds}");
        }
    }
}
