//! How long ago a gateway may have signed a call. What is older is a replay.

use super::Refusal;
use chrono::{DateTime, Utc};

/// For gateways that sign each try anew: five minutes, in seconds, which is what they recommend. It
/// covers the call's way to us and the difference of the clocks.
pub(super) const EACH_TRY: i64 = 300;
/// For gateways that sign once and, after an outage of ours, send for a day what they signed then: 25
/// hours, in seconds. A replay within it is known by its ids and changes nothing; a call refused would
/// be lost.
pub(super) const ONCE: i64 = 25 * 3600;
/// How far the gateway's clock may be ahead of ours, in seconds.
const AHEAD: i64 = 300;

/// Whether what was signed at a time, in seconds since 1970, is no older than `age` seconds.
pub(super) fn holds(signed_at: i64, arrived_at: DateTime<Utc>, age: i64) -> bool {
    let passed = arrived_at.timestamp().saturating_sub(signed_at);
    (-AHEAD..=age).contains(&passed)
}

/// Holds a signed time as a header writes it, in whole seconds since 1970, to an age in seconds.
///
/// # Errors
/// [`Refusal::Unverified`] if it is no such time, or outside.
pub(super) fn hold(signed: &str, arrived_at: DateTime<Utc>, age: i64) -> Result<(), Refusal> {
    let signed_at: i64 = signed.trim().parse().map_err(|_| {
        Refusal::Unverified("the signed time is not a number of seconds since 1970")
    })?;
    holds(signed_at, arrived_at, age)
        .then_some(())
        .ok_or(Refusal::Unverified(
            "the signed time is too far off: a copy of an older call, or one of the clocks is wrong",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_both_ways() {
        let at = DateTime::from_timestamp(1_000_000, 0).unwrap();
        for (signed_at, inside) in [
            (1_000_000 - 301, false),
            (1_000_000 - 300, true),
            (1_000_000 + 300, true),
            (1_000_000 + 301, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(holds(signed_at, at, EACH_TRY), inside, "{signed_at}");
            assert_eq!(hold(&format!(" {signed_at}"), at, EACH_TRY).is_ok(), inside);
        }
        for word in ["1e9", "", "now", "-9223372036854775809"] {
            assert!(hold(word, at, EACH_TRY).is_err(), "{word}");
        }
    }
}
