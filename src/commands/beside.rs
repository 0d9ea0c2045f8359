//! A worker beside a listener: neither goes on without the other.

use anyhow::{Context, Result, bail};
use std::pin::pin;
use tokio_util::sync::CancellationToken;

/// Serves and works until `stop`, which ends both. When one of them ends by itself, the other is
/// stopped, too: a process that answers `ready` and does no work would never be restarted.
///
/// # Errors
/// The listener failed; the worker panicked, or ended although nobody had asked it to.
pub(super) async fn run(
    served: impl Future<Output = Result<()>>,
    name: &str,
    worker: impl Future<Output = ()> + Send + 'static,
    stop: CancellationToken,
) -> Result<()> {
    let mut served = pin!(served);
    let mut worker = tokio::spawn(worker);
    let (served, worked, early) = tokio::select! {
        served = &mut served => {
            stop.cancel();
            (served, worker.await, false)
        }
        worked = &mut worker => {
            let early = !stop.is_cancelled();
            stop.cancel();
            (served.await, worked, early)
        }
    };
    worked.with_context(|| format!("the {name} did not end well; see the log"))?;
    served?;
    if early {
        bail!("the {name} ended; see the log");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn until(stop: CancellationToken) -> Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    #[tokio::test]
    async fn a_worker_that_panics_stops_the_listener() {
        let stop = CancellationToken::new();
        let worker = async { panic!("a mistake") };
        let ended = run(until(stop.clone()), "loader", worker, stop).await;
        assert!(ended.unwrap_err().to_string().contains("loader"));
    }

    #[tokio::test]
    async fn a_worker_that_just_ends_is_a_failure_unless_it_was_told_to() {
        let stop = CancellationToken::new();
        let ended = run(until(stop.clone()), "loader", async {}, stop).await;
        assert!(ended.is_err());

        let stop = CancellationToken::new();
        stop.cancel();
        let ended = run(until(stop.clone()), "loader", async {}, stop).await;
        assert!(ended.is_ok());
    }

    #[tokio::test]
    async fn a_listener_that_fails_stops_the_worker() {
        let stop = CancellationToken::new();
        let waits = stop.clone();
        let worker = async move { waits.cancelled().await };
        let ended = run(async { bail!("no listener") }, "loader", worker, stop).await;
        assert_eq!(ended.unwrap_err().to_string(), "no listener");
    }
}
