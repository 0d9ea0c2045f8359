//! The running server that a command asks.

use super::data_directory::{self, Note};
use crate::cli;
use anyhow::{Context, Result, bail};
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
        Self::of(flags, note)
    }

    fn of(flags: &cli::Server, note: Note) -> Result<Self> {
        let url = flags.url.clone().unwrap_or_else(|| note.url.clone());
        let key = match &flags.key {
            Some(key) => key.clone(),
            // An admin's key goes to the server that it is for, and to no other.
            None if url == note.url || Some(&url) == note.public_url.as_ref() => note.api_key,
            None => bail!("{url} is not the server of the data folder: say --key"),
        };
        Ok(Self { url, key })
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
    let said = problem_of(response).await;
    bail!("the server answered {status}: {said}")
}

/// What an answer that is none says.
pub(super) async fn problem_of(response: Response) -> String {
    let text = response.text().await.unwrap_or_default();
    let said = serde_json::from_str(&text).map_or(text, |problem| describe(&problem));
    said.trim().to_owned()
}

fn describe(problem: &Problem) -> String {
    let mut text = problem.detail.as_ref().unwrap_or(&problem.title).clone();
    for error in &problem.errors {
        text.push_str(&format!("\n  {}: {}", error.field, error.message));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: Option<&str>, key: Option<&str>) -> Result<Server> {
        let flags = cli::Server {
            url: url.map(|url| url.parse().unwrap()),
            key: key.map(ToOwned::to_owned),
            ..cli::Server::default()
        };
        let note = Note {
            url: "http://127.0.0.1:8080/".parse().unwrap(),
            public_url: Some("https://sms.example.com/".parse().unwrap()),
            api_key: "folder".to_owned(),
            database_url: String::new(),
        };
        Server::of(&flags, note)
    }

    #[test]
    fn the_data_folders_key_goes_to_its_server_alone() {
        for own in [
            None,
            Some("http://127.0.0.1:8080"),
            Some("https://sms.example.com"),
        ] {
            assert_eq!(found(own, None).unwrap().key, "folder");
        }
        let other = Some("https://elsewhere.example.com");
        let refused = found(other, None).err().unwrap().to_string();
        assert!(refused.contains("say --key"), "{refused}");
        assert_eq!(found(other, Some("k")).unwrap().key, "k");
    }
}
