//! Who has the warehouse: its files belong to one process, and others ask that one.

use super::api;
use super::server::Server;
use crate::cli;
use crate::config::{Config, Loader};
use anyhow::{Context, Result};
use std::time::Duration;
use url::Url;

/// How long a process may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process that answers for a warehouse, and a key for it.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) url: Url,
    pub(super) key: Option<String>,
}

impl Owner {
    /// The loader of the configuration, wherever it runs.
    pub(super) fn loader(loader: &Loader) -> Result<Self> {
        let url = match &loader.url {
            Some(url) => url.clone(),
            None => api::url_of(loader.listen)?,
        };
        let key = loader.key.as_ref().map(|key| key.expose().to_owned());
        Ok(Self { url, key })
    }

    /// Whether anybody answers there at all.
    async fn answers(&self) -> Result<bool> {
        let client = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .build()
            .context("could not make an HTTP client")?;
        let asked = client.get(self.url.join("healthz")?).send().await;
        Ok(!asked.is_err_and(|error| error.is_connect()))
    }
}

/// The server of the flags or of the data folder; where a lake is configured, the loader. `None` if
/// that does not run: then this process may open the warehouse, which is on this machine.
pub(super) async fn find(config: &Config, flags: &cli::Server) -> Result<Option<Owner>> {
    let names_a_server = flags.url.is_some() || flags.data.path.is_some();
    if names_a_server || config.lake.bucket.is_none() {
        let server = Server::find(flags)?;
        return Ok(Some(Owner {
            url: server.url,
            key: Some(server.key),
        }));
    }
    let loader = Owner::loader(&config.loader)?;
    // Without a warehouse here the loader is on another machine; asking it says what is wrong.
    let is_there = loader.answers().await? || !config.warehouse.directory.is_dir();
    Ok(is_there.then_some(loader))
}
