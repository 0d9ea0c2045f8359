//! embedded: see the design.

pub mod object_store;
