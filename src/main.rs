//! Parse, start the logs, run the command, turn its outcome into an exit code.

use clap::Parser;
use std::process::ExitCode;
use textrail::cli::Cli;
use textrail::commands::{self, output};
use textrail::{failpoint, telemetry};

/// The C library's allocator keeps what bursts of large buffers leave behind, an arena a thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    failpoint::arm();
    let cli = Cli::parse();
    let outcome = telemetry::start_logs(cli.common.log_format).and_then(|()| commands::run(cli));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&error);
            commands::exit_code(&error)
        }
    }
}
