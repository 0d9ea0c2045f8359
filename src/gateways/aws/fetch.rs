//! Fetching from SNS.

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::time::Duration;
use url::Url;

/// A certificate has about 2 KB, the answer to a confirmation less.
const BODY_LIMIT: usize = 64 * 1024;
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Where certificates come from, and subscriptions are confirmed.
pub(super) trait Fetch: Send + Sync {
    /// The body of a successful answer.
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, String>>;
}

/// The real one: https alone, and no redirects, which could lead away from SNS.
pub(super) struct Https(Client);

impl Https {
    pub(super) fn new() -> Result<Self, String> {
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::none())
            .timeout(TIME_LIMIT)
            .build();
        let client = client.map_err(|error| format!("could not make an HTTPS client: {error}"))?;
        Ok(Self(client))
    }
}

impl Fetch for Https {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        async move {
            // A confirmation's URL holds a token: errors never show it.
            let shown = |error: reqwest::Error| error.without_url().to_string();
            let answer = self.0.get(url.clone()).send().await.map_err(shown)?;
            if !answer.status().is_success() {
                return Err(format!("SNS answered {}", answer.status()));
            }
            read(answer).await
        }
        .boxed()
    }
}

/// The body, as far as it is allowed to go.
async fn read(mut answer: Response) -> Result<Vec<u8>, String> {
    let shown = |error: reqwest::Error| error.without_url().to_string();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(shown)? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(format!("SNS answered more than {BODY_LIMIT} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
