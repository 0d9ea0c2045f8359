//! textrail: the transactional backend of an SMS marketing platform. See the README.
//!
//! A row travels through `http` (a webhook through `gateways`), `ledger`, `ship`, `lake`, `announce`, `load`,
//! `warehouse` and `report`; `verify` holds them against each other. Dependencies run one way, and
//! `tests/architecture.rs` holds them to it.

// Test support is shared with the integration tests, which know this crate by its name.
#[cfg(test)]
extern crate self as textrail;

pub mod domain;
pub mod event;

pub mod announce;
pub mod gateways;
pub mod http;
pub mod lake;
pub mod ledger;
pub mod load;
pub mod report;
pub mod ship;
pub mod verify;
pub mod warehouse;

pub mod cause;
pub mod cli;
pub mod commands;
pub mod config;
pub mod embedded;
pub mod failpoint;
pub mod file_lock;
pub mod pauses;
pub mod telemetry;

#[cfg(test)]
#[path = "../tests/support/measured.rs"]
mod measured;
