//! Stories on a real PostgreSQL. One binary, so that everything is linked once; each test has a
//! database of its own.
//!
//! `TEXTRAIL_TEST_POSTGRES` names the server (a superuser's URL); `scripts/test` starts a private one
//! and sets it, and `scripts/with-postgres cargo test …` does the same for one command.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails ends its story"
)]
#![expect(
    unreachable_pub,
    reason = "a test binary has no outside; `pub` here means shared by the stories"
)]

mod api;
mod contract;
mod held;
mod judges;
mod kannel;
mod ledger;
mod loading;
mod order;
mod outages;
mod queue;
mod reprocess;
mod restores;
mod rivals;
mod services;
mod support;
mod up;
mod verify;
