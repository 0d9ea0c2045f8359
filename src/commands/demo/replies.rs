//! What subscribers write.

use super::chance::pick;
use rand::rngs::StdRng;

/// What a text asks for, as a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// Information.
    Help,
    /// An answer.
    Answer,
}

const STOPS: [(u32, &str); 14] = [
    (300, "STOP"),
    (150, "Stop"),
    (100, "stop"),
    (40, "STOP."),
    (40, " stop "),
    (40, "STOPALL"),
    (50, "Unsubscribe"),
    (30, "UNSUBSCRIBE!"),
    (30, "cancel"),
    (30, "QUIT"),
    (30, "OPT OUT"),
    (30, "Arrêt"),
    (40, "STOP please"),
    (40, "Stop. Thank you"),
];

const STARTS: [(u32, &str); 3] = [(70, "START"), (20, "start"), (10, "UNSTOP")];

const HELPS: [(u32, &str); 3] = [(70, "HELP"), (20, "help"), (10, "INFO")];

const ANSWERS: [(u32, &str); 8] = [
    (200, "Thanks!"),
    (150, "Ok, see you then"),
    (100, "Who is this?"),
    (100, "When do you open on Sunday?"),
    (100, "👍"),
    (80, "Danke für die Info"),
    (60, "Wrong number, I never ordered anything"),
    (40, "I want to keep getting these, they are great"),
];

/// A text of that meaning.
pub(super) fn text(rng: &mut StdRng, meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Stop => pick(rng, &STOPS),
        Meaning::Start => pick(rng, &STARTS),
        Meaning::Help => pick(rng, &HELPS),
        Meaning::Answer => pick(rng, &ANSWERS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::opt_out::{Intent, OptOutRules};

    #[test]
    fn the_rule_set_agrees_about_every_text() {
        let tables: [(&[(u32, &str)], Intent); 4] = [
            (&STOPS, Intent::Stop),
            (&STARTS, Intent::Start),
            (&HELPS, Intent::Help),
            (&ANSWERS, Intent::None),
        ];
        let rules = OptOutRules::default();
        for (table, intent) in tables {
            for (_, text) in table {
                assert_eq!(rules.read(text, None).intent, intent, "{text:?}");
            }
        }
    }
}
