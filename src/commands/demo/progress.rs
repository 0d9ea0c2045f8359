//! What is seen of a run while it goes on: a bar on a terminal, a line every few seconds elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Between two looks of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);

/// What has been acknowledged so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Sends, suppressed ones included.
    pub(super) sends: AtomicU64,
    /// Receipts.
    pub(super) receipts: AtomicU64,
    /// Visits.
    pub(super) visits: AtomicU64,
    /// Texts from subscribers.
    pub(super) replies: AtomicU64,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

/// The counters at one moment.
struct Snapshot<'a> {
    counters: &'a Counters,
    total: u64,
    repeated: u64,
    elapsed: Duration,
}

impl fmt::Display for Snapshot<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            formatter,
            "{} of {} messages, {} receipts, {} visits, {} texts, {} calls repeated, {:.0} s",
            of(&self.counters.sends),
            self.total,
            of(&self.counters.receipts),
            of(&self.counters.visits),
            of(&self.counters.replies),
            self.repeated,
            self.elapsed.as_secs_f64(),
        )
    }
}

/// Shows progress until it is dropped; runs beside the work, for ever.
pub(super) async fn show(counters: &Counters, total: u64, repeated: impl Fn() -> u64) {
    let started = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let bar = bar(total, terminal);
    let mut ticks = tokio::time::interval(if terminal { BAR_EVERY } else { LINE_EVERY });
    ticks.tick().await; // the first comes at once
    loop {
        ticks.tick().await;
        let now = Snapshot {
            counters,
            total,
            repeated: repeated(),
            elapsed: started.elapsed(),
        };
        bar.set_position(counters.sends.load(Ordering::Relaxed));
        bar.set_message(now.to_string());
        if !terminal {
            // Progress that cannot be shown is no reason to end the run.
            writeln!(std::io::stderr().lock(), "{now}").ok();
        }
    }
}

fn bar(total: u64, terminal: bool) -> ProgressBar {
    let target = if terminal {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{bar:30} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), target).with_style(style)
}
