//! The one printer to stdout and stderr. Services log instead.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints to stdout, as it stands.
///
/// # Errors
/// A full disk behind a redirection, say. A reader that went away (`textrail report | head`) is no
/// error.
pub fn print(text: &str) -> io::Result<()> {
    write(io::stdout().lock(), text)
}

/// Prints a line to stdout.
///
/// # Errors
/// As [`print()`].
pub fn line(text: impl Display) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// Tells on stderr why a command failed, with all its causes.
pub fn failure(error: &anyhow::Error) {
    // Nothing is left to tell it to.
    drop(write(
        io::stderr().lock(),
        &format!("textrail: {error:#}\n"),
    ));
}

fn write(mut stream: impl Write, text: &str) -> io::Result<()> {
    match stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(ErrorKind);
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        assert!(write(Closed(ErrorKind::BrokenPipe), "x").is_ok());
        assert!(write(Closed(ErrorKind::StorageFull), "x").is_err());
    }
}
