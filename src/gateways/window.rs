//! How long ago a gateway may have signed a call. What is older is a replay.

use chrono::{DateTime, Utc};

/// For gateways that sign each try anew: five minutes, in seconds.
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
        }
    }
}
