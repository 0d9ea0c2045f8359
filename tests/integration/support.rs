//! What the stories share.

pub mod database;
pub mod ledger;
pub mod proxy;
