//! What inputs are drawn with: the same ones at each run.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::{Builder, Uuid};

/// Inputs of a list.
pub const MANY: usize = 1_000;

/// The one source of chance of a list of inputs.
pub fn chance() -> StdRng {
    StdRng::seed_from_u64(20_261_123)
}

/// A time of the last 30 days before the 23rd of November 2026, in microseconds.
pub fn time(chance: &mut StdRng) -> DateTime<Utc> {
    let end = DateTime::from_timestamp(1_795_392_000, 0).expect("a time");
    end - TimeDelta::microseconds(chance.random_range(0..30 * 86_400_000_000))
}

/// An id as the service draws them at a time.
pub fn id(chance: &mut StdRng, at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).expect("after 1970");
    Builder::from_unix_timestamp_millis(millis, &chance.random()).into_uuid()
}

/// One of several.
pub fn one<'a, T: ?Sized>(chance: &mut StdRng, of: &[&'a T]) -> &'a T {
    of[chance.random_range(0..of.len())]
}
