//! The way to the lake.

use super::{data_directory, up};
use crate::cli;
use crate::config::{Config, Lake};
use crate::embedded::object_store::{Credentials, EmbeddedStore};
use crate::lake::s3::{S3Settings, S3Store};
use crate::lake::store::ObjectStore;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// A lake, and the folder of its `up` where it is one's.
pub(super) struct Opened {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The data folder; none for a configured bucket.
    pub(super) data: Option<PathBuf>,
    /// Serves that folder for as long as this lives, beside the `up` that may do so, too.
    _server: Option<EmbeddedStore>,
}

/// The configured bucket, unless `--data` is given; else the lake of that folder's `up`, whether it
/// runs or not.
///
/// # Errors
/// If there is no lake in the folder.
pub(super) async fn open(config: &Config, data: &cli::DataDirectory) -> Result<Opened> {
    if config.lake.bucket.is_some() && data.path.is_none() {
        return Ok(Opened {
            store: connect(&config.lake).await?,
            data: None,
            _server: None,
        });
    }
    let data = data_directory::path(data)?;
    let folder = up::lake_folder(&data);
    ensure!(
        folder.is_dir(),
        "no lake is configured (lake.bucket), and there is none in {}: say --data",
        data.display()
    );
    let credentials = Credentials::random();
    let server = EmbeddedStore::beside(&data.join(up::LAKE), &credentials).await?;
    Ok(Opened {
        store: Arc::new(connect_embedded(&server, credentials).await),
        data: Some(data),
        _server: Some(server),
    })
}

/// The bucket of an embedded store.
pub(super) async fn connect_embedded(server: &EmbeddedStore, credentials: Credentials) -> S3Store {
    S3Store::connect(S3Settings {
        endpoint: Some(server.endpoint()),
        region: Some("local".to_owned()),
        credentials: Some((credentials.access_key, credentials.secret_key)),
        path_style: Some(true),
        ..S3Settings::new(up::BUCKET, "")
    })
    .await
}

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
        ..S3Settings::new(bucket, &lake.prefix)
    })
}
