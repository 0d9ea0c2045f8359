//! Load: new windows of the lake become rows of the warehouse.
//!
//! 1. [`announce`](crate::announce) says which manifests may be new; the warehouse, which of them are.
//! 2. `fetch` reads the manifest and its files; `stage` holds each against its checksums, unpacks it,
//!    and has `decode` check every line and read it into a `row`; `columns` writes rows to a file.
//! 3. `quarantine` puts aside the lines that cannot be loaded.
//! 4. One transaction of the warehouse takes a window, or many when it lags behind.
//! 5. The announcements are acknowledged.
//!
//! [`reprocess`] does the same for all windows at once, into another generation.
//!
//! Each step is safe to repeat. A window that is not what its manifest says is stopped, loudly, and
//! no other with it.

mod ask;
mod batch;
mod columns;
mod corrections;
mod decode;
pub mod download;
mod drain;
mod fault;
mod fetch;
mod lines;
mod loader;
mod measure;
mod proof;
mod quarantine;
mod recall;
pub mod reprocess;
mod retry;
mod row;
mod settings;
mod stage;
mod staging;
mod tidy;
mod waiting;

pub use corrections::Correction;
pub use decode::decode;
pub use drain::Drained;
pub use fault::{Fault, LoadError};
pub use loader::{Loader, Stopped, TickReport};
pub use retry::{CorrectionError, Quarantine, RetryReport};
pub use row::Row;
pub use settings::LoadSettings;

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
