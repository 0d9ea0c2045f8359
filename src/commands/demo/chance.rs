//! Choices by weight, from a generator that a seed makes repeatable.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// A generator for one part of a plan: the same seed and part, the same choices, whatever was
/// chosen for other parts.
pub(super) fn generator(seed: u64, part: u64) -> StdRng {
    // An odd constant near 2^64 divided by the golden ratio spreads neighbouring parts.
    StdRng::seed_from_u64(seed ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// One entry of a table of weights and values; the first if all weights are 0.
///
/// # Panics
/// Never: the tables are constants with at least one entry, and an index stays inside.
pub(super) fn pick<T: Copy>(rng: &mut StdRng, table: &[(u32, T)]) -> T {
    let total: u32 = table.iter().map(|(weight, _)| weight).sum();
    let mut left = rng.random_range(0..total.max(1));
    for (weight, value) in table {
        if left < *weight {
            return *value;
        }
        left -= weight;
    }
    table[0].1
}

/// True in `per_mille` of 1,000 cases.
pub(super) fn happens(rng: &mut StdRng, per_mille: u32) -> bool {
    rng.random_range(0..1000) < per_mille
}

/// A duration between two numbers of milliseconds.
pub(super) fn millis(rng: &mut StdRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.random_range(from..=to))
}
