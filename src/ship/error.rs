//! Why a window was not shipped. All but a mismatch pass by themselves when tried again.

use crate::lake::store::StoreError;
use crate::ledger::session::SessionError;

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
    #[error("the lake holds another content under {key}: is this bucket another ledger's?")]
    Mismatch {
        /// The key.
        key: String,
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
            Self::NotVerified { .. } => "not_verified",
            Self::Spill(_) => "disk",
            Self::Encode(_) => "encode",
        }
    }
}
