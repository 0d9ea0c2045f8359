//! Waiting for a condition, never for a time.

use std::time::Duration;
use tokio::time::{Instant, interval, timeout_at};

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until `look` gives a value; panics, naming `what`, when `patience` is over.
pub(crate) async fn eventually<T, Look>(what: &str, patience: Duration, mut look: Look) -> T
where
    Look: AsyncFnMut() -> Option<T>,
{
    let deadline = Instant::now() + patience;
    let mut pauses = interval(PAUSE);
    let found = timeout_at(deadline, async {
        loop {
            pauses.tick().await;
            if let Some(value) = look().await {
                return value;
            }
        }
    });
    match found.await {
        Ok(value) => value,
        Err(_) => panic!("waited {patience:?} in vain: {what}"),
    }
}
