//! Numbers that would stop a server, or make it spin, if they were zero.

use serde::de::{Deserialize, Deserializer, Error};

/// Reads a number, and refuses zero.
pub(super) fn read<'de, D, N>(deserializer: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + Default + PartialEq,
{
    let number = N::deserialize(deserializer)?;
    if number == N::default() {
        return Err(D::Error::custom("must be at least 1"));
    }
    Ok(number)
}
