//! What `textrail up` starts beside itself, so that one machine needs nothing else.

pub mod object_store;
pub mod postgres;
