//! What a subscriber's text means: STOP, START, HELP, by a written, versioned rule.

use super::phone::Sender;

/// The rule set's name, stored with every verdict.
pub const RULESET: &str = "words-1";

/// What the text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Information.
    Help,
    /// A person should look: it may be a STOP.
    PossibleStop,
    /// None of these.
    None,
}

impl Intent {
    /// `stop`, `start`, `help`, `possible_stop`, `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Help => "help",
            Self::PossibleStop => "possible_stop",
            Self::None => "none",
        }
    }
}

/// A verdict and the rule that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the text asks for.
    pub intent: Intent,
    /// The rule's name, such as `whole_message`, `word_and_courtesy`, `word_inside`; none for
    /// [`Intent::None`].
    pub reason: Option<&'static str>,
}

/// Reads a text.
pub fn classify(text: &str) -> Verdict {
    todo!("{text}")
}

/// What a standing wish is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Messages from this sender.
    Sender(Sender),
    /// Messages from anyone here.
    All,
}
