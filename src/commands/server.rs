//! The running server that a command asks.

use super::data_directory::{self, Note};
use crate::cli;
use anyhow::{Context, Result};
use reqwest::Response;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// Where a server is, and a key for it.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: Url,
    pub(super) key: String,
}

/// What a problem document says.
#[derive(Deserialize)]
struct Problem {
    title: String,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldProblem>,
}

#[derive(Deserialize)]
struct FieldProblem {
    field: String,
    message: String,
}

impl Server {
    /// The server of the flags and variables; what they leave open comes from the data folder.
    pub(super) fn find(flags: &cli::Server) -> Result<Self> {
        if let (Some(url), Some(key)) = (&flags.url, &flags.key) {
            return Ok(Self {
                url: url.clone(),
                key: key.clone(),
            });
        }
        let directory = data_directory::path(&flags.data)?;
        let note = Note::read(&directory)?.with_context(|| {
            format!(
                "which server? No `textrail up` ran on {}: say --data, or --url and --key",
                directory.display()
            )
        })?;
        Ok(Self {
            url: flags.url.clone().unwrap_or(note.url),
            key: flags.key.clone().unwrap_or(note.api_key),
        })
    }

    /// Asks for a path with a query.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Response> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .build()?;
        let url = self.url.join(path)?;
        let response = client
            .get(url)
            .bearer_auth(&self.key)
            .query(query)
            .send()
            .await;
        let response = response
            .with_context(|| format!("{} does not answer; does `textrail up` run?", self.url))?;
        refuse_problems(response).await
    }
}

/// Turns an answer that is none into an error that says what the server said.
async fn refuse_problems(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let said = serde_json::from_str(&text).map_or(text, |problem| describe(&problem));
    anyhow::bail!("the server answered {status}: {}", said.trim())
}

fn describe(problem: &Problem) -> String {
    let mut text = problem.detail.as_ref().unwrap_or(&problem.title).clone();
    for error in &problem.errors {
        text.push_str(&format!("\n  {}: {}", error.field, error.message));
    }
    text
}
