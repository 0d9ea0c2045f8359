//! What `textrail up` starts beside itself, so that one machine needs nothing else.

pub mod postgres;
