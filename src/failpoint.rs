//! Failpoints: named places at which the torture (`scripts/torture`) kills, stalls or fails a
//! process. Without the feature `failpoints` they are nothing at all.
//!
//! A place is `fail_point!("room.step.before")` or `….after`, from the crate `fail`: one before and
//! one after whatever outlives the process. The environment variable `FAILPOINTS` says what happens
//! there: `ship.manifest.before=50%1*panic` is a death as sudden as `kill -9` at every other visit,
//! once; `sleep(2000)` stalls; `return` fails a place that was given an error to return.

/// Reads `FAILPOINTS`, and turns each panic into the death of the process. Called once, first thing.
pub fn arm() {
    if !fail::has_failpoints() || std::env::var_os("FAILPOINTS").is_none() {
        return;
    }
    // It clears all places when it is dropped: it is to live as long as the process.
    std::mem::forget(fail::FailScenario::setup());
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
}
