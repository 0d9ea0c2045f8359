//! What is kept of gateways' webhooks.

use crate::ledger::requests::LONGEST_KEPT;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What is kept of gateways' webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    /// For how many days verified webhooks are kept as they arrived, 0 to 30; 0 = none is.
    #[serde(deserialize_with = "days")]
    pub keep_requests_days: u32,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            keep_requests_days: 7,
        }
    }
}

/// Beyond the longest time a replay would take an inbound message for a new one.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(deserializer)?;
    let most = LONGEST_KEPT.num_days();
    if i64::from(days) > most {
        return Err(D::Error::custom(format!("must be 0 to {most}")));
    }
    Ok(days)
}
