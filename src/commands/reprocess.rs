//! `textrail reprocess`: the warehouse again, from the lake alone.

use super::{lake, output, shutdown, up};
use crate::cause::with_causes;
use crate::cli;
use crate::config::Config;
use crate::load::reprocess::{PourSettings, ReprocessError, reprocess};
use crate::warehouse::duck::{DuckSettings, Rebuild};
use anyhow::{Context, Result, bail};
use progress::Progress;
use std::path::PathBuf;
use std::time::Instant;

mod progress;

/// Where its files lie between the lake and the warehouse: not where the loader's do, which that
/// clears at its start.
const STAGING: &str = "reprocess";

pub(super) async fn run(config: &Config, arguments: &cli::Reprocess) -> Result<()> {
    let begun = Instant::now();
    let lake = lake::open(config, &arguments.data).await?;
    let directory = match &lake.data {
        Some(data) => data.join(up::WAREHOUSE),
        None => config.warehouse.directory.clone(),
    };
    let rebuild = begin(config, arguments, directory.clone()).await?;
    let stop = shutdown::on_signal()?;
    let progress = Progress::new(rebuild.name(), rebuild.replaces(), rebuild.resumed())?;
    let settings = PourSettings {
        fold_rows: config.warehouse.fold_rows,
        ..PourSettings::new(directory.join(STAGING))
    };
    let tell = {
        let progress = progress.clone();
        move |step| progress.tell(step)
    };
    let outcome = reprocess(lake.store.clone(), rebuild, settings, stop, tell).await;
    progress.finish();
    match outcome {
        Ok(done) => output::line(format_args!(
            "{} is current: {} windows, {} rows loaded by this run, {} duplicates, {} lines put aside; \
             every file of the lake is proven to be in it ({:.1} s)",
            done.generation,
            done.windows,
            done.rows,
            done.duplicates,
            done.quarantined,
            begun.elapsed().as_secs_f64()
        ))
        .context("cannot print"),
        Err(error) => refuse(error),
    }
}

async fn begin(config: &Config, arguments: &cli::Reprocess, directory: PathBuf) -> Result<Rebuild> {
    let settings = DuckSettings {
        memory_limit: match &arguments.memory {
            Some(memory) => memory.clone(),
            None => config.warehouse.memory_limit.clone(),
        },
        threads: config.warehouse.threads,
    };
    let restart = arguments.restart;
    let shown = directory.display().to_string();
    let begin = move || Rebuild::begin(&directory, &settings, restart);
    let begun = tokio::task::spawn_blocking(begin).await?;
    begun.with_context(|| format!("the warehouse in {shown} cannot be rebuilt"))
}

/// Tells all that is wrong, a line each.
fn refuse(error: ReprocessError) -> Result<()> {
    let kept = "no switch: the current generation still answers, and what was built is kept";
    match error {
        ReprocessError::Windows(stopped) => {
            let lines = stopped
                .iter()
                .map(|(key, fault)| format!("\n  {key}: {}", with_causes(fault)));
            bail!(
                "{kept}: {} windows of the lake cannot be loaded, all others are:{}",
                stopped.len(),
                lines.collect::<String>()
            )
        }
        error => Err(error).context(kept),
    }
}
