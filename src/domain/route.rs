//! What a gateway calls us about: one URL each.

use serde::{Deserialize, Serialize};

/// Which of a gateway's two URLs a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Delivery receipts.
    Receipts,
    /// Subscribers' messages.
    Inbound,
}

impl Route {
    /// Its name in the URL and in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Inbound => "inbound",
        }
    }

    /// The route of a name.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Receipts, Self::Inbound];
        all.into_iter().find(|route| route.as_str() == text)
    }
}
