//! `textrail demo`: a realistic traffic generator against a running server.
//!
//! It speaks HTTP only, as a campaign tool, its gateways and its subscribers do, and counts what
//! the server acknowledged. Those numbers are what the report must show, whatever happened to the
//! server meanwhile.

use anyhow::{Context, ensure};
use chrono::Utc;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

mod agents;
mod campaigns;
mod chance;
mod client;
mod drive;
mod expectation;
mod people;
mod plan;
mod progress;
mod replies;
mod tally;
mod verify;
mod wire;

use client::Client;
use drive::Run;
use expectation::Expectation;
use plan::Plan;

/// How long a report may take to have a run: a window of an hour, and its load.
const REPORT_PATIENCE: Duration = Duration::from_secs(3_900);

/// What `textrail demo` can be told.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// The server
    #[arg(long, env = "TEXTRAIL_URL", default_value = "http://127.0.0.1:8080")]
    pub url: Url,

    /// An API key with the role admin (campaign, gateway and report are needed)
    #[arg(long, env = "TEXTRAIL_KEY", hide_env_values = true)]
    pub key: String,

    /// Messages to send
    #[arg(long, value_name = "N", default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(1..=people::MOST_PEOPLE))]
    pub messages: u64,

    /// Messages a second; receipts, clicks and replies come on top
    #[arg(long, value_name = "R", default_value_t = 200.0, value_parser = rate)]
    pub rate: f64,

    /// Makes people, texts and what becomes of them repeatable; drawn unless given
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,

    /// Campaigns to spread the messages over; their types take turns
    #[arg(long, value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub campaigns: u16,

    /// How long a call is repeated while the server is away, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub patience: u64,

    /// Also write the numbers that the report must show to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Wait until the report is complete, and compare: exit 1 on a difference
    #[arg(long)]
    pub verify: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    let possible = (0.01..=100_000.0).contains(&rate);
    possible.then_some(rate).ok_or_else(|| "must be between 0.01 and 100000".to_owned())
}

/// Drives the server, tells what the report must show, and compares if asked to.
///
/// # Errors
/// If the server refuses a call, stays away longer than `patience`, gives an answer that no correct
/// server gives, or shows other numbers.
pub async fn run(options: DemoOptions) -> anyhow::Result<()> {
    ensure!(!options.url.cannot_be_a_base(), "--url must be an http or https URL");
    let seed = options.seed.unwrap_or_else(rand::random);
    let name = run_name();
    let plan = Plan::new(seed, &name, options.messages, usize::from(options.campaigns));
    let patience = Duration::from_secs(options.patience);
    let client = Client::new(options.url.clone(), options.key.clone(), patience)?;
    let run = Arc::new(Run::new(client, &plan, seed));
    say(&format!(
        "run {name}: {} messages in {} campaigns at {} a second to {} (--seed {seed})",
        options.messages, options.campaigns, options.rate, options.url
    ))?;

    let mut expectation = beginning(&run, &name, seed, &options.url);
    carry_out(&run, &plan, options.rate, options.messages).await?;
    expectation.finish(run.finish());
    tell(&run, &expectation, &options)?;
    ensure!(
        expectation.surprises.is_empty(),
        "the server gave answers that it must not give: {}",
        expectation.surprises.join("; ")
    );
    if options.verify {
        say("waiting for the report")?;
        verify::verify(&run.client, &expectation, REPORT_PATIENCE).await?;
        say("the report shows the same numbers")?;
    }
    Ok(())
}

/// Short, and of this moment: names and ids of two runs never meet on a server.
fn run_name() -> String {
    format!("{:x}{:03x}", Utc::now().timestamp(), rand::random::<u16>() & 0xfff)
}

fn beginning(run: &Run, name: &str, seed: u64, url: &Url) -> Expectation {
    let now = Utc::now();
    Expectation {
        run: name.to_owned(),
        seed,
        url: url.to_string(),
        started_at: now,
        ended_at: now,
        last_fact_at: None,
        campaigns: run.campaigns.iter().map(|campaign| campaign.name.clone()).collect(),
        surprises: Vec::new(),
        campaign_types: tally::Tally::default(),
    }
}

/// The whole run, with its progress beside it.
async fn carry_out(run: &Arc<Run>, plan: &Plan, rate: f64, total: u64) -> anyhow::Result<()> {
    let work = async {
        run.put_campaigns().await?;
        drive::drive(run, plan, rate).await
    };
    let progress = progress::show(&run.counters, total, || run.client.repeated());
    tokio::select! {
        done = work => done.context("the run was given up"),
        () = progress => Ok(()), // it has no end of its own
    }
}

fn tell(run: &Run, expectation: &Expectation, options: &DemoOptions) -> anyhow::Result<()> {
    let took = (expectation.ended_at - expectation.started_at).as_seconds_f64();
    say(&format!(
        "done in {took:.1} s, {} calls repeated. The report must show, by campaign type:\n\n{}\n",
        run.client.repeated(),
        expectation.table()
    ))?;
    match &options.expect {
        Some(path) => expectation.write(path),
        None => Ok(()),
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context("cannot write to standard output")
}
