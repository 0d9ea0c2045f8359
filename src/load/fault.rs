//! What stops a window, and what stops the loader.

use crate::{announce::AnnounceError, lake::store::StoreError, warehouse::WarehouseError};
use std::io;

/// Why one window is not loaded; the others go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An object is missing, or the lake did not answer.
    #[error(transparent)]
    Lake(#[from] StoreError),
    /// The manifest is none, or not this window's.
    #[error("{key} is not a manifest that this version can load: {problem}")]
    Manifest {
        /// The manifest.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// Its window is loaded already, from another manifest: two ledgers wrote the same window, or a
    /// manifest was put by hand. What is loaded stays; the events of this one are in no report.
    #[error(
        "{key} tells of a window that was loaded from {loaded}: one of the two is not of this ledger"
    )]
    Twice {
        /// This manifest.
        key: String,
        /// The one that was loaded.
        loaded: String,
    },
    /// A file's object or text is not the one that the manifest tells of.
    #[error("the {what} of {key} is not what its manifest says")]
    Altered {
        /// The file.
        key: String,
        /// `object` or `text`.
        what: &'static str,
    },
    /// A file has another number of lines than the manifest says.
    #[error("{key} has {found} lines where its manifest says {expected}")]
    RowCount {
        /// The file.
        key: String,
        /// By the manifest.
        expected: u64,
        /// In the file.
        found: u64,
    },
    /// A correction of a quarantined line is none.
    #[error("{key} is no correction: {problem}")]
    Correction {
        /// Its key.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// The staging directory cannot be written.
    #[error("{key} cannot be staged on the local disk")]
    Disk {
        /// The file.
        key: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its bad lines could not be written as JSON: our mistake.
    #[error("a quarantine file could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// The warehouse took the windows beside it and refused this one.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// A step panicked: our mistake.
    #[error("a step of the load panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

impl Fault {
    /// The label of the failure in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Lake(StoreError::NotFound { .. }) => "missing",
            Self::Lake(StoreError::Unavailable { .. }) => "lake",
            Self::Manifest { .. } => "manifest",
            Self::Twice { .. } => "twice",
            Self::Altered { .. } => "checksum",
            Self::Correction { .. } => "correction",
            Self::RowCount { .. } => "row_count",
            Self::Disk { .. } => "disk",
            Self::Encode(_) => "encode",
            Self::Warehouse(_) => "warehouse",
            Self::Panicked(_) => "panic",
        }
    }

    /// Whether it is expected to pass by itself, so that the window is tried again soon. Others wait
    /// until they are announced again.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Lake(StoreError::Unavailable { .. }) | Self::Disk { .. }
        )
    }
}

/// Why a tick could not go on. Nothing is lost: all that waits is tried again.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody could say what is new.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] WarehouseError),
    /// No staging directory.
    #[error("no staging directory can be made")]
    Staging(#[source] io::Error),
    /// A step panicked: our mistake.
    #[error("a step of the load panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

impl LoadError {
    /// The label of the failure in metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Announce(_) => "announce",
            Self::Warehouse(_) => "warehouse",
            Self::Staging(_) => "disk",
            Self::Panicked(_) => "panic",
        }
    }
}
