//! The lake: any S3-compatible bucket. Knows objects, keys and manifests, and nothing of ours.

pub mod keys;
pub mod manifest;
pub mod store;
