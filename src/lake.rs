//! The lake: any S3-compatible bucket. Knows objects, keys and manifests, and nothing of ours.

pub mod keys;
pub mod manifest;
pub mod s3;
pub mod store;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod faulty;
#[cfg(test)]
pub(crate) mod memory;
