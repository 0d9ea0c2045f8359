//! How far it is: a bar on a terminal, a line now and then elsewhere.

use crate::commands::output;
use crate::load::reprocess::Step;
use anyhow::Result;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// Absent where there is no terminal.
    bar: Option<ProgressBar>,
    last: Arc<Mutex<Option<(Step, Instant)>>>,
}

impl Progress {
    pub(super) fn new(name: &str, replaces: &str, resumed: bool) -> Result<Self> {
        let begins = if resumed { "goes on with" } else { "builds" };
        output::line(format_args!(
            "{begins} {name} beside {replaces}, which answers until the switch"
        ))?;
        let style = ProgressStyle::with_template("{msg:48} {wide_bar} {pos}/{len} {elapsed}")?;
        let bar = std::io::stderr()
            .is_terminal()
            .then(|| ProgressBar::no_length().with_style(style));
        Ok(Self {
            bar,
            last: Arc::default(),
        })
    }

    /// Shows a step. A line that cannot be printed is no reason to stop.
    pub(super) fn tell(&self, step: Step) {
        let (message, done, of) = words(step);
        if let Some(bar) = &self.bar {
            bar.set_length(of);
            bar.set_position(done);
            bar.set_message(message);
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|(before, at)| {
            discriminant(&before) != discriminant(&step) || at.elapsed() >= EVERY || done == of
        });
        if due {
            *last = Some((step, Instant::now()));
            drop(output::line(format_args!("{message}: {done} of {of}")));
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What is done, how much of it, and of how much.
fn words(step: Step) -> (String, u64, u64) {
    match step {
        Step::Gather { windows, of, rows } => (
            format!("windows read ({} rows)", HumanCount(rows)),
            windows as u64,
            of as u64,
        ),
        Step::Derive { messages, of } => ("messages made".to_owned(), messages, of),
        Step::CatchUp { windows } => (
            "windows that came meanwhile".to_owned(),
            windows as u64,
            windows as u64,
        ),
        Step::Prove { windows, of } => ("windows proven".to_owned(), windows as u64, of as u64),
    }
}
