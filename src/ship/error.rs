//! Why a window was not shipped. All but a mismatch pass by themselves when tried again.

use crate::lake::store::StoreError;
use crate::ledger::session::SessionError;
use chrono::{DateTime, Utc};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] SessionError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] StoreError),
    /// An object of this key stands in the lake with another content, and the window is not yet
    /// shipped: the lake was tampered with, or two ledgers write to one prefix. Shipping stops here
    /// until someone has looked.
    #[error(
        "the lake holds another content under {key}, and keys are never overwritten: nothing is \
         shipped until someone has looked. If two ledgers write to this prefix, stop one of them or \
         give it a lake.prefix of its own; if the object was altered, move it away"
    )]
    Mismatch {
        /// The key.
        key: String,
    },
    /// The lake has a window that was sealed elsewhere while this shipper was at work: another ledger
    /// writes to the same prefix.
    #[error(
        "the lake holds {key}, sealed at {sealed_at}, while this shipper was connected and not by \
         its ledger: another ledger writes to this prefix. Nothing is shipped until one of the two \
         is stopped or has a lake.prefix of its own; then restart the shipper that stays"
    )]
    Rival {
        /// The manifest.
        key: String,
        /// When it was sealed.
        sealed_at: DateTime<Utc>,
    },
    /// The lake's newest manifest is no JSON of a manifest, so it cannot be compared with the ledger.
    #[error(
        "{key} cannot be read as a manifest, so nobody can say whether the lake is ahead of the \
         ledger: nothing is shipped until it is repaired or moved away"
    )]
    Unreadable {
        /// The manifest.
        key: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A shipped window's files are not in the lake as its manifest says: it is not verified, and
    /// the outbox is kept.
    #[error("window {window} of epoch {epoch} is not in the lake as it was shipped: {reason}")]
    NotVerified {
        /// The ledger's life.
        epoch: i32,
        /// The window.
        window: i64,
        /// What is wrong.
        reason: String,
    },
    /// A file that waited on the local disk could not be read back.
    #[error("a compressed file that waits for its upload cannot be read")]
    Spill(#[source] std::io::Error),
    /// A manifest could not be written as JSON: our mistake.
    #[error("a manifest could not be encoded")]
    Encode(#[from] serde_json::Error),
}

impl ShipError {
    /// The label of the failure in metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Ledger(_) => "ledger",
            Self::Lake(_) => "lake",
            Self::Mismatch { .. } => "mismatch",
            Self::Rival { .. } => "rival",
            Self::Unreadable { .. } => "unreadable",
            Self::NotVerified { .. } => "not_verified",
            Self::Spill(_) => "disk",
            Self::Encode(_) => "encode",
        }
    }
}
