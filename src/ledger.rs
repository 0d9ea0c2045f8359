//! The ledger: PostgreSQL, the truth as it happens.
//!
//! Reads go through [`Pool::run`], the one door to a connection; writes of facts go through the
//! [`recorder`], whose threads have connections of their own. No connection is ever seen in an async
//! signature.

pub mod api_keys;
pub mod campaigns;
pub mod connection;
pub mod counts;
pub mod epochs;
pub mod essential;
pub mod facts;
pub mod gate;
pub mod journey;
mod link_numbers;
pub mod links;
mod messages;
pub mod migrate;
pub mod opt_outs;
pub mod outbox;
pub mod pool;
pub mod prune;
pub mod recorder;
pub mod requests;
pub mod review;
#[expect(
    clippy::doc_markdown,
    reason = "generated from the database's comments"
)]
#[allow(missing_docs, unused_qualifications, reason = "generated")]
pub mod schema;
pub mod secrets;
pub mod session;
pub mod snapshot;
pub mod spool;
mod statement;
mod subscribers;
mod tls;
pub mod windows;

#[cfg(test)]
#[path = "../tests/support/test_database.rs"]
pub(crate) mod test_database;

pub use pool::{LedgerError, Pool};
