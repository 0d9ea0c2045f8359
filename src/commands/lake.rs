//! The way to the lake.

use crate::config::Lake;
use crate::lake::s3::{S3Settings, S3Store};
use crate::lake::store::ObjectStore;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The configured bucket.
///
/// # Errors
/// If none is configured.
pub(super) async fn connect(lake: &Lake) -> Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(S3Store::connect(settings(lake)?).await))
}

/// The configured bucket, and how it is reached.
pub(super) fn settings(lake: &Lake) -> Result<S3Settings> {
    let bucket = lake
        .bucket
        .as_ref()
        .context("no lake is configured: set lake.bucket")?;
    Ok(S3Settings {
        endpoint: lake.endpoint_url.as_ref().map(Url::to_string),
        region: lake.region.clone(),
        path_style: lake.path_style,
        attempt_timeout: Duration::from_secs(lake.timeout_seconds),
        ..S3Settings::new(bucket, &lake.prefix)
    })
}
