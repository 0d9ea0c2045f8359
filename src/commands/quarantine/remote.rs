//! The quarantine of another process, over HTTP.

use crate::commands::owner::Owner;
use crate::commands::server::problem_of;
use crate::http::{
    QuarantineError, QuarantineList, QuarantineOutcome, QuarantineQuery, QuarantineRetry,
    Quarantines,
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

/// A retry may load many files.
const LIMIT: Duration = Duration::from_secs(600);

/// A server or a loader, and a key for it.
#[derive(Clone)]
pub(in crate::commands) struct RemoteQuarantine {
    client: reqwest::Client,
    base: Url,
    key: Option<String>,
}

impl std::fmt::Debug for RemoteQuarantine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RemoteQuarantine")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl RemoteQuarantine {
    pub(in crate::commands) fn new(owner: Owner) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(LIMIT)
            .connect_timeout(Duration::from_secs(3))
            .build()
            .context("could not make an HTTP client")?;
        Ok(Self {
            client,
            base: owner.url,
            key: owner.key,
        })
    }

    fn url(&self, path: &str) -> Result<Url, QuarantineError> {
        let url = self.base.join(path);
        url.map_err(|error| QuarantineError::Unavailable(error.into()))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, QuarantineError> {
        let unavailable = |error: reqwest::Error| {
            let what = format!("{} does not answer", self.base);
            QuarantineError::Unavailable(anyhow::Error::new(error).context(what))
        };
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.map_err(unavailable);
        }
        let said = problem_of(response).await;
        Err(match status {
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
                QuarantineError::Refused(said)
            }
            _ => QuarantineError::Unavailable(anyhow!("{} answered {status}: {said}", self.base)),
        })
    }
}

#[async_trait]
impl Quarantines for RemoteQuarantine {
    async fn list(&self, query: QuarantineQuery) -> Result<QuarantineList, QuarantineError> {
        let request = self.client.get(self.url("v1/quarantine")?).query(&query);
        self.ask(request).await
    }

    async fn retry(&self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError> {
        let request = self.client.post(self.url("v1/quarantine/retry")?);
        self.ask(request.json(&retry)).await
    }
}
