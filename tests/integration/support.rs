//! What the stories share.

pub mod app;
pub mod calls;
pub mod chain;
pub mod cluster;
#[path = "../support/test_database.rs"]
pub mod database;
pub mod deployment;
pub mod eventually;
pub mod gateways;
pub mod kannel;
pub mod ledger;
pub mod moto;
pub mod pipeline;
pub mod proxy;
pub mod service;
