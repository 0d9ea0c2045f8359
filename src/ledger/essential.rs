//! Work without which a server only looks alive: a panic in it ends the process.
//!
//! A server whose thread of clicks is gone answers 503 to each visit, one whose drainer is gone keeps for ever
//! what PostgreSQL did not take, and both say that they are ready. Who starts the service starts it again,
//! and what is in the spool is recorded then.

use futures_util::FutureExt as _;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

/// Starts a thread of that name.
///
/// # Errors
/// The system's, if it gives no thread.
pub(in crate::ledger) fn thread(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    Builder::new().name(name.clone()).spawn(move || {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| end(&name));
    })
}

/// The same of a task.
pub async fn task<F: Future>(name: &str, work: F) -> F::Output {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.unwrap_or_else(|_| end(name))
}

fn end(name: &str) -> ! {
    tracing::error!(name, "this server cannot go on without it: it ends");
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus, Stdio};

    /// Runs one of the tests below, in a process of its own.
    fn end_of(test: &str) -> ExitStatus {
        let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--ignored"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        ended.unwrap()
    }

    #[test]
    fn a_panic_ends_the_process() {
        let abort = Some(6); // SIGABRT
        assert_eq!(end_of("a_thread_panics").signal(), abort);
        assert_eq!(end_of("a_task_panics").signal(), abort);
        assert!(end_of("a_thread_and_a_task_end").success());
    }

    #[test]
    #[ignore = "run by the test above, in a process that is to end"]
    fn a_thread_panics() {
        let thread = thread("test".to_owned(), || panic!("as told"));
        let _ = thread.unwrap().join();
    }

    #[tokio::test]
    #[ignore = "run by the test above, in a process that is to end"]
    async fn a_task_panics() {
        let work = tokio::spawn(task("test", async { panic!("as told") }));
        let _: Result<(), _> = work.await;
    }

    #[tokio::test]
    #[ignore = "run by the test above"]
    async fn a_thread_and_a_task_end() {
        thread("test".to_owned(), || ()).unwrap().join().unwrap();
        assert_eq!(tokio::spawn(task("test", async { 1 })).await.unwrap(), 1);
    }
}
