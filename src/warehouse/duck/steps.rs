//! How long each step of a load takes.

use metrics::histogram;
use std::time::Instant;

/// Times a step; steps of the same name in one load are told one by one.
pub(super) fn timed<T>(step: &'static str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    let took = begun.elapsed();
    histogram!("textrail_load_step_duration_seconds", "step" => step).record(took.as_secs_f64());
    tracing::debug!(step, ?took, "a step of a load");
    done
}
