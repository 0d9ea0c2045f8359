//! An error in one line, for the log.

use std::error::Error;

/// What happened and why, outermost first, as `the lake did not answer: connection refused`.
///
/// An error given to `tracing` as a value would lose its causes: the JSON log writes the outermost
/// message alone.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let messages = anyhow::Chain::new(error).map(ToString::to_string);
    messages.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the lake did not answer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn every_cause_is_told() {
        let error = Outer(std::io::Error::other("connection refused"));
        assert_eq!(
            with_causes(&error),
            "the lake did not answer: connection refused"
        );
    }
}
