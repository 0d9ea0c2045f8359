//! What the stories share.

pub mod app;
#[path = "../support/test_database.rs"]
pub mod database;
pub mod ledger;
pub mod proxy;
pub mod reports;
