//! Announce: which manifests may be new.
//!
//! An announcement is a doorbell, never the truth: it may come twice, late, out of order, for a
//! window that is loaded, or not at all. The loader asks the warehouse what is loaded, reads the
//! manifest itself, and has a [`sweep`] look for what nobody announced. Where S3 posts to a queue,
//! [`sqs`] rings first, and the sweep goes on beside it ([`both`]).

use crate::lake::store::StoreError;
use async_trait::async_trait;

pub mod both;
pub mod sqs;
pub mod sweep;

/// A manifest that may be new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its key in the lake.
    pub manifest_key: String,
    /// By what its source knows the announcement, where it must be acknowledged: a queue's handle.
    pub handle: Option<String>,
}

/// Why nothing was announced, or an acknowledgement was not taken. Trying again may help.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// The lake could not be listed.
    #[error(transparent)]
    Lake(#[from] StoreError),
    /// The queue did not do it.
    #[error("the queue {queue} could not {action}")]
    Queue {
        /// Its URL.
        queue: String,
        /// What it could not do, such as `receive` or `tell of its dead letters`.
        action: &'static str,
        /// What the service or the client said.
        #[source]
        source: anyhow::Error,
    },
}

/// A source of announcements.
///
/// What was not acknowledged is announced again, in the source's own time: after a queue's
/// visibility timeout, at a sweep's next look back. The loader tries a window again at once when the
/// failure is expected to pass; for any other it waits for the next announcement.
#[async_trait]
pub trait Announcer: Send + Sync + std::fmt::Debug {
    /// What may be new. `mark` is the key of the manifest up to which all windows are loaded; none
    /// before the first.
    ///
    /// A source may wait for news, in reasonable bounds. Dropping the future loses nothing that is
    /// not announced again.
    ///
    /// # Errors
    /// If the lake cannot be listed, or the queue does not answer.
    async fn next(&mut self, mark: Option<&str>) -> Result<Vec<Announcement>, AnnounceError>;

    /// These windows are durably loaded: they need not be announced again. If this fails, they are,
    /// and are found loaded.
    ///
    /// # Errors
    /// If the source does not take it.
    async fn acknowledge(&mut self, loaded: &[Announcement]) -> Result<(), AnnounceError>;

    /// These windows cannot be loaded now and are no longer held: the source may announce them again.
    fn release(&mut self, _stopped: &[Announcement]) {}

    /// Whether [`next`](Self::next) itself waits for news: the loader then need not pause.
    fn waits(&self) -> bool {
        false
    }
}
