//! Whether a gateway's calls get through: a signed sample must be taken, a forged one refused.

use super::super::output;
use super::super::server::problem_of;
use crate::gateways::{Gateway, Sample};
use anyhow::{Context, Result, ensure};
use chrono::Utc;
use reqwest::{Client, Method, Response, StatusCode};
use std::time::{Duration, Instant};
use url::Url;

/// Gateways give up after 5 to 15 seconds.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// Stands in the server's answer to a check: it was verified and read, and recorded nowhere.
const CHECKED: &str = "textrail-check";

/// Posts both, and tells what came. The call is about the message of no id, which the server takes
/// for a check and does not record.
pub(super) async fn run(gateway: &Gateway, base: &Url, via: Option<&Url>) -> Result<()> {
    let client = Client::builder().timeout(TIME_LIMIT).build()?;
    let public = gateway.receipt_url_of_check(base);
    let to = |url: &str| match via {
        Some(via) => rebase(url, via),
        None => Url::parse(url).context("the public URL cannot be read"),
    };
    let forged = Sample {
        method: "POST",
        url: public.clone(),
        // A proof that is wrong, not one that is missing: that, some ask to be sent again.
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("authorization", "Bearer forged".to_owned()),
        ],
        body: b"{}".to_vec(),
    };
    let url = to(&forged.url)?;
    let answer = send(&client, &forged, url.clone()).await?;
    ensure!(
        answer.status() == StatusCode::UNAUTHORIZED,
        "{url} answered a forged call with {}, not 401: does this URL lead to textrail, and is the \
         gateway {} configured there? {}",
        answer.status(),
        gateway.name(),
        problem_of(answer).await
    );
    output::line("refused   a forged call: 401")?;
    let status = gateway.kind().statuses.first().map_or("", |(raw, _)| *raw);
    let Some(sample) = gateway.sample(&public, "check", status, Utc::now()) else {
        output::line(format!(
            "not tried a signed call: only {} can sign one. Send a test message there, and look at \
             its journey.",
            gateway.kind().provider
        ))?;
        return Ok(());
    };
    let started = Instant::now();
    let answer = send(&client, &sample, to(&sample.url)?).await?;
    let (code, checked) = (answer.status(), answer.headers().contains_key(CHECKED));
    ensure!(
        code.is_success() && checked,
        "the signed sample was answered {code}: does the server have the same secret and public URL? \
         Its log says which part failed. {}",
        problem_of(answer).await
    );
    output::line(format!(
        "taken     a signed call: {code}, in {} ms; read as a receipt of status {status:?}, and not \
         recorded",
        started.elapsed().as_millis()
    ))?;
    Ok(())
}

/// The same path and query at another base.
fn rebase(url: &str, base: &Url) -> Result<Url> {
    let url = Url::parse(url).context("the public URL cannot be read")?;
    let mut other = base.clone();
    other.set_path(url.path());
    other.set_query(url.query());
    Ok(other)
}

async fn send(client: &Client, sample: &Sample, url: Url) -> Result<Response> {
    let method = Method::from_bytes(sample.method.as_bytes())?;
    let shown = url.host_str().unwrap_or_default().to_owned();
    let mut request = client.request(method, url).body(sample.body.clone());
    for (name, value) in &sample.headers {
        request = request.header(*name, value);
    }
    // Without the URL: it may carry a secret.
    let answer = request.send().await.map_err(reqwest::Error::without_url);
    answer.with_context(|| format!("{shown} does not answer"))
}
