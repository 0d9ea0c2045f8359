//! Reports from another process: the loader, which owns the warehouse, answers over HTTP.

use super::{
    ErrorsReport, GroupBy, MessagesReport, ReportError, ReportQuery, Reports, statements::MOST_ROWS,
};
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

/// A little longer than the loader itself gives a report.
const LIMIT: Duration = Duration::from_secs(35);

/// Asks the loader at its address, with the key that both were configured with.
#[derive(Clone)]
pub struct RemoteReports {
    client: reqwest::Client,
    base: Url,
    key: Option<String>,
}

impl std::fmt::Debug for RemoteReports {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RemoteReports")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl RemoteReports {
    /// Reports from the process at `base`, such as `http://127.0.0.1:8081/`.
    pub fn new(base: Url, key: Option<String>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(LIMIT)
            .connect_timeout(Duration::from_secs(3))
            .build()
            .context("could not make an HTTP client")?;
        Ok(Self { client, base, key })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        report: &str,
        query: &ReportQuery,
    ) -> Result<T, ReportError> {
        let unavailable = |error| ReportError::Unavailable(error);
        let url = self
            .base
            .join(&format!("v1/reports/{report}"))
            .map_err(|error| unavailable(error.into()))?;
        let columns: Vec<_> = query
            .group_by
            .iter()
            .copied()
            .map(GroupBy::as_str)
            .collect();
        let mut request = self.client.get(url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request
            .query(&[
                ("start", query.start.to_rfc3339()),
                ("end", query.end.to_rfc3339()),
                ("tz", query.tz.name().to_owned()),
                ("group_by", columns.join(",")),
            ])
            .send()
            .await
            .map_err(|error| unavailable(error.into()))?;
        match response.status() {
            StatusCode::OK => response
                .json()
                .await
                .map_err(|error| unavailable(error.into())),
            // The query was parsed here, so nothing but its size is left to be refused.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(ReportError::TooLarge { limit: MOST_ROWS })
            }
            status => Err(unavailable(anyhow!("the loader answered {status}"))),
        }
    }
}

#[async_trait]
impl Reports for RemoteReports {
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        self.ask("messages", query).await
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        self.ask("errors", query).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loader_that_is_away_is_unavailable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let reports = RemoteReports::new(base.parse().unwrap(), Some("secret".to_owned())).unwrap();
        let query = ReportQuery::parse(None, None, None, None, chrono::Utc::now()).unwrap();
        let error = reports.messages(&query).await.unwrap_err();
        assert!(matches!(error, ReportError::Unavailable(_)));
        assert!(!format!("{reports:?}").contains("secret"));
    }
}
