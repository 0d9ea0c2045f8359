//! Ctrl-C and SIGTERM: finish what is in hand, then stop.

use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long after a signal another one still counts as the same.
const ECHO: Duration = Duration::from_secs(1);

/// A token that the first Ctrl-C or SIGTERM cancels. A second one ends the process at once: nothing
/// that was answered is lost by that, since answers follow commits.
///
/// # Errors
/// If the signals cannot be listened to.
pub(super) fn on_signal() -> Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let name = first(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = name, "stopping; once more to stop at once");
        cancelled.cancel();
        // One Ctrl-C can arrive twice: from the terminal and from a wrapper that passes it on.
        let echoes_until = Instant::now() + ECHO;
        let mut name = first(&mut interrupt, &mut terminate).await;
        while Instant::now() < echoes_until {
            name = first(&mut interrupt, &mut terminate).await;
        }
        tracing::warn!(signal = name, "stopping at once");
        // As a shell reports a process that SIGINT ended.
        std::process::exit(130);
    });
    Ok(token)
}

async fn first(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}
