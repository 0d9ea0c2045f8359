//! What the stories share.

pub mod app;
pub mod chain;
#[path = "../support/test_database.rs"]
pub mod database;
pub mod eventually;
pub mod kannel;
pub mod ledger;
pub mod moto;
pub mod pipeline;
pub mod proxy;
