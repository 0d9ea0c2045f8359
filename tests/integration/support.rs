//! What the stories share.

pub mod app;
pub mod database;
pub mod ledger;
pub mod proxy;
pub mod reports;
