//! How long workers wait before they try again what failed.

use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// Pauses between attempts, without end: half a second, doubling, up to half a minute, each longer by
/// chance, so that many who failed together do not come back together.
pub fn between_attempts() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .with_jitter()
        .without_max_times()
        .build()
}
