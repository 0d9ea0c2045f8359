//! Reports from another process: the loader, which owns the warehouse, answers over HTTP.

use super::{
    ErrorsReport, GroupBy, MessagesReport, ReportError, ReportQuery, Reports, WindowsQuery,
    WindowsReport,
    local::{DEEP_LIMIT, LIMIT as MAKING_LIMIT, TURN_LIMIT},
    statements::MOST_ROWS,
};
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

/// On top of what the loader itself gives a report and its waiting: its answer's way. Whoever goes away
/// before leaves a report that is made for nobody.
const ON_THE_WAY: Duration = Duration::from_secs(5);
const LIMIT: Duration = MAKING_LIMIT
    .saturating_add(TURN_LIMIT)
    .saturating_add(ON_THE_WAY);

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
    ///
    /// # Errors
    /// If no HTTP client can be made.
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
        query: &[(&str, String)],
        limit: Duration,
    ) -> Result<T, ReportError> {
        let unavailable = |error| ReportError::Unavailable(error);
        let url = self
            .base
            .join(&format!("v1/reports/{report}"))
            .map_err(|error| unavailable(error.into()))?;
        let mut request = self.client.get(url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let response = request
            .query(query)
            .timeout(limit)
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

fn parameters(query: &ReportQuery) -> Vec<(&'static str, String)> {
    let columns = query.group_by.iter().copied().map(GroupBy::as_str);
    let mut parameters = vec![
        ("start", query.start.to_rfc3339()),
        ("end", query.end.to_rfc3339()),
        ("tz", query.tz.name().to_owned()),
        ("group_by", columns.collect::<Vec<_>>().join(",")),
    ];
    // Told only where it matters: an older loader refuses a parameter that it does not know.
    if !query.percentiles {
        parameters.push(("percentiles", "false".to_owned()));
    }
    parameters
}

/// To the microsecond, which is what times of sealing have.
fn format_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[async_trait]
impl Reports for RemoteReports {
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        self.ask("messages", &parameters(query), LIMIT).await
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        self.ask("errors", &parameters(query), LIMIT).await
    }

    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        let limit = if query.deep {
            DEEP_LIMIT + TURN_LIMIT + ON_THE_WAY
        } else {
            LIMIT
        };
        let parameters = [
            ("start", format_time(query.start)),
            ("end", format_time(query.end)),
            ("deep", query.deep.to_string()),
        ];
        self.ask("windows", &parameters, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_loader_is_not_told_of_percentiles_unless_they_are_left_out() {
        let with = ReportQuery::parse(None, None, None, Some("day"), Utc::now()).unwrap();
        let without = ReportQuery {
            percentiles: false,
            ..with.clone()
        };
        let told = parameters(&with);
        let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["start", "end", "tz", "group_by"]);
        let percentiles = ("percentiles", "false".to_owned());
        assert_eq!(parameters(&without), [told, vec![percentiles]].concat());
    }

    #[tokio::test]
    async fn a_loader_that_is_away_is_unavailable() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let reports = RemoteReports::new(base.parse().unwrap(), Some("secret".to_owned())).unwrap();
        let query = ReportQuery::parse(None, None, None, None, Utc::now()).unwrap();
        let error = reports.messages(&query).await.unwrap_err();
        assert!(matches!(error, ReportError::Unavailable(_)));
        assert!(!format!("{reports:?}").contains("secret"));
    }
}
