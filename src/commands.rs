//! commands: see the design.
pub mod demo;
