//! What the stories share.

pub mod app;
pub mod chain;
pub mod cluster;
#[path = "../support/test_database.rs"]
pub mod database;
pub mod deployment;
pub mod eventually;
pub mod gate;
pub mod kannel;
pub mod ledger;
pub mod moto;
pub mod outage;
pub mod pipeline;
pub mod proxy;
