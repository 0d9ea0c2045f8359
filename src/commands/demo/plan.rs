//! What will happen in a run, decided before it: the same seed, the same people, texts, fates and
//! visits. Only names and ids differ from run to run, so that runs do not meet on a server.

use super::campaigns::{self, Campaign};
use super::chance::generator;
use crate::domain::status::Status;
use rand::Rng;
use rand::rngs::StdRng;
use std::time::Duration;

mod behaviour;
mod fate;
mod life;

/// The parts of a run that are not a person's: they have their own choices.
const WAVES: u64 = u64::MAX;
/// Of 1,000 waves, how many are batches; with batches of 110 on average, a third of all messages.
const BATCH_PER_MILLE: u32 = 5;

/// A whole run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    seed: u64,
    run: String,
    messages: u64,
    campaigns: Vec<Campaign>,
}

/// People who get their first message in one call.
#[derive(Debug)]
pub(super) struct Wave {
    /// Whether the call is the batch call.
    pub(super) batch: bool,
    /// The people, all of one campaign; never empty.
    pub(super) lives: Vec<Life>,
}

/// What one person gets and does. Chapters follow one another, so that it is always clear which
/// message a reply answers and whether an opt-out came before a send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Life {
    /// Which person of the run, from 0; their number follows from it.
    pub(super) person: u64,
    /// Index of the campaign that all messages to this person belong to.
    pub(super) campaign: usize,
    /// One message each; never empty.
    pub(super) chapters: Vec<Chapter>,
}

/// One message and all that comes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chapter {
    /// The body as the campaign tool writes it.
    pub(super) body: String,
    /// The gateway that it is meant for.
    pub(super) gateway: &'static str,
    /// The tool's own name for it.
    pub(super) client_reference: String,
    /// The person opted out in the chapter before: the send must be suppressed.
    pub(super) after_opt_out: bool,
    /// The tool asks twice under the same key, as after a timeout of its own.
    pub(super) asked_twice: bool,
    /// What follows once it is recorded, in the order in which it reaches the server.
    pub(super) steps: Vec<Step>,
}

/// One thing that reaches the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// When, after the message was recorded.
    pub(super) at: Duration,
    /// What.
    pub(super) act: Act,
}

/// What reaches the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// The campaign tool handed the message to its gateway.
    Submit(Submission),
    /// The gateway reports.
    Receipts {
        /// In one call.
        items: Vec<Receipt>,
        /// The same call comes twice, at the same time.
        twice: bool,
    },
    /// A link is visited.
    Visit(Visit),
    /// The person writes.
    Reply(Reply),
}

/// How a message was handed over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Submission {
    /// `accepted`, `refused` or `canceled`.
    pub(super) outcome: &'static str,
    /// What it means for the message's status.
    pub(super) status: Status,
    /// The gateway's id for it.
    pub(super) gateway_message_id: Option<String>,
    /// The gateway's own code.
    pub(super) error_code: Option<&'static str>,
}

/// One delivery receipt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Receipt {
    /// In textrail's words.
    pub(super) status: Status,
    /// When it happened, after the message was recorded; none if the gateway does not say.
    pub(super) occurred: Option<Duration>,
    /// Names the message by textrail's id.
    pub(super) names_message: bool,
    /// Names the message by the gateway's id.
    pub(super) gateway_message_id: Option<String>,
    /// Why it did not arrive.
    pub(super) error: Option<fate::Failure>,
    /// The gateway's own guess after long silence.
    pub(super) synthetic: bool,
    /// Which segment it is about, and of how many.
    pub(super) segment: Option<(u16, u16)>,
}

/// One visit to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    /// Which of the message's links.
    pub(super) link: usize,
    /// Who.
    pub(super) visitor: super::agents::Visitor,
    /// `HEAD`: looks, and does not count.
    pub(super) head: bool,
    /// The phone glued a full stop to the URL.
    pub(super) glued: bool,
}

/// One text from a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The text.
    pub(super) text: &'static str,
    /// What it asks for.
    pub(super) meaning: super::replies::Meaning,
    /// The gateway's id for it.
    pub(super) gateway_message_id: String,
}

impl Plan {
    /// A run of `messages` sends in `campaigns` campaigns. `run` is in every name.
    pub(super) fn new(seed: u64, run: &str, messages: u64, campaigns: usize) -> Self {
        Self {
            seed,
            run: run.to_owned(),
            messages,
            campaigns: campaigns::of_run(run, campaigns),
        }
    }

    /// The campaigns.
    pub(super) fn campaigns(&self) -> &[Campaign] {
        &self.campaigns
    }

    /// The waves in the order in which they go out; their chapters add up to the run's messages.
    /// Made one by one: a long run does not stand in memory.
    pub(super) fn waves(&self) -> impl Iterator<Item = Wave> + use<> {
        let plan = self.clone();
        let mut rng = generator(plan.seed, WAVES);
        let (mut person, mut left) = (0, plan.messages);
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let (batch, size) = wave_size(&mut rng, person == 0, plan.messages);
            let campaign = rng.random_range(0..plan.campaigns.len());
            let mut lives = Vec::new();
            while left > 0 && lives.len() < size {
                let life = plan.life(person, campaign, left);
                left = left.saturating_sub(life.chapters.len() as u64);
                person += 1;
                lives.push(life);
            }
            Some(Wave { batch, lives })
        })
    }

    /// The n-th person, who gets at most `left` messages.
    fn life(&self, person: u64, campaign: usize, left: u64) -> Life {
        let mut rng = generator(self.seed, person);
        let mut author = life::Author {
            rng: &mut rng,
            run: &self.run,
            person,
            campaign: &self.campaigns[campaign],
        };
        let mut chapters = author.chapters();
        chapters.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        Life {
            person,
            campaign,
            chapters,
        }
    }
}

/// Whether a wave is a batch, and of how many people. The first is, so that even a short run has
/// one.
fn wave_size(rng: &mut StdRng, first: bool, messages: u64) -> (bool, usize) {
    if first {
        return (
            true,
            usize::try_from(messages / 4).unwrap_or(100).clamp(1, 100),
        );
    }
    if super::chance::happens(rng, BATCH_PER_MILLE) {
        return (true, rng.random_range(20..=200));
    }
    (false, 1)
}

#[cfg(test)]
mod tests;
