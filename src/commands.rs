//! One file a command: the only readers of the configuration and the only builders of adapters.

use crate::cli::{self, Cli, Command};
use crate::config::Config;
use crate::verify::look::Unchecked;
use anyhow::{Context, Result};
use rand::distr::{Alphanumeric, SampleString};
use std::process::ExitCode;

mod api;
mod beside;
mod data_directory;
pub mod demo;
mod gateway;
mod gateways;
mod housekeeping;
mod key;
mod lake;
mod late;
mod ledger;
mod load;
mod migrate;
pub mod output;
mod owner;
mod quarantine;
mod query;
mod report;
mod reprocess;
mod serve;
mod server;
mod ship;
mod shutdown;
mod standby;
mod up;
mod verify;

/// Runs a command to its end.
///
/// # Errors
/// Whatever made it fail, with its causes, for a person to read.
pub fn run(cli: Cli) -> Result<()> {
    let config = Config::read(cli.common.config.as_deref());
    let config = match &cli.command {
        // It promises 1 for a difference alone.
        Command::Verify(_) => config.map_err(Unchecked::of("the configuration"))?,
        _ => config?,
    };
    match cli.command {
        Command::Up(arguments) => block_on(up::run(config, &arguments)),
        Command::Serve => block_on(serve::run(&config)),
        Command::Ship => block_on(ship::run(&config)),
        Command::Load(arguments) => block_on(load::run(config, &arguments)),
        Command::Quarantine(arguments) => block_on(quarantine::run(&config, &arguments)),
        Command::Query(arguments) => block_on(query::run(&config, &arguments)),
        Command::Reprocess(arguments) => block_on(reprocess::run(&config, &arguments)),
        Command::Report(arguments) => block_on(report::run(&arguments)),
        Command::Verify(arguments) => block_on(verify::run(&config, &arguments)),
        Command::Demo(arguments) => block_on(demo_on(arguments)),
        Command::Gateway(arguments) => block_on(gateway::run(config, &arguments)),
        Command::Migrate(arguments) => migrate::run(&config, &arguments),
        Command::Key(arguments) => key::run(&config, &arguments),
    }
}

/// 1 for a failure, as for a difference that was asked for; 2 for a question that could not be
/// answered.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<Unchecked>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// Against the server of the flags, or else of the data folder.
async fn demo_on(arguments: cli::Demo) -> Result<()> {
    let server = server::Server::find(&arguments.server)?;
    demo::run(demo::DemoOptions {
        url: server.url,
        key: server.key,
        messages: arguments.messages,
        rate: arguments.rate,
        seed: arguments.seed,
        campaigns: arguments.campaigns,
        patience: arguments.patience,
        expect: arguments.expect,
        verify: arguments.verify,
    })
    .await
}

fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(work)
}

/// A random text that nobody guesses: 40 letters and digits, 238 bits.
fn random_text() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 40)
}
