//! What people and machines do with a message that arrived.

use super::{Act, Reply, Step, Visit};
use crate::commands::demo::agents;
use crate::commands::demo::campaigns::CampaignType;
use crate::commands::demo::chance::{happens, millis};
use crate::commands::demo::replies::{self, Meaning};
use rand::Rng;
use rand::rngs::StdRng;
use std::time::Duration;

/// Of 1,000 messages with a link, how many some program opens, mostly for a preview.
const PREVIEWED: u32 = 60;
/// Of 1,000 messages with a link, how many are looked at by `HEAD`.
const LOOKED_AT: u32 = 20;
/// Of 1,000 people who follow a link, how many come back.
const COME_BACK: u32 = 200;
/// Of 1,000 people, how many ask for help.
const ASK_FOR_HELP: u32 = 2;

/// Visits to the links of a message that was delivered at `delivered`.
pub(super) fn visits(
    rng: &mut StdRng,
    campaign_type: &CampaignType,
    links: usize,
    delivered: Duration,
) -> Vec<Step> {
    let mut visits = Vec::new();
    if links == 0 {
        return visits;
    }
    if happens(rng, PREVIEWED) {
        let at = delivered + millis(rng, 20, 400);
        visits.push(visit(rng, links, at, false));
    }
    if happens(rng, LOOKED_AT) {
        let at = delivered + millis(rng, 20, 400);
        let mut look = visit(rng, links, at, false);
        if let Act::Visit(visit) = &mut look.act {
            visit.head = true;
        }
        visits.push(look);
    }
    if happens(rng, campaign_type.follow) {
        let first = delivered + millis(rng, 300, 3_000);
        visits.push(visit(rng, links, first, true));
        if happens(rng, COME_BACK) {
            let again = first + millis(rng, 200, 1_500);
            visits.push(visit(rng, links, again, true));
        }
    }
    visits
}

fn visit(rng: &mut StdRng, links: usize, at: Duration, human: bool) -> Step {
    let visitor = if human {
        agents::browser(rng)
    } else {
        agents::program(rng)
    };
    let visit = Visit {
        link: rng.random_range(0..links),
        visitor,
        head: false,
        glued: happens(rng, 10),
    };
    Step {
        at,
        act: Act::Visit(visit),
    }
}

/// What someone writes back, if anything.
pub(super) fn answer(rng: &mut StdRng, campaign_type: &CampaignType) -> Option<Meaning> {
    if happens(rng, campaign_type.opt_out) {
        Some(Meaning::Stop)
    } else if happens(rng, campaign_type.answer) {
        Some(Meaning::Answer)
    } else {
        (campaign_type.answer > 0 && happens(rng, ASK_FOR_HELP)).then_some(Meaning::Help)
    }
}

/// A text of that meaning, written after all else has happened.
pub(super) fn reply(rng: &mut StdRng, meaning: Meaning, id: String, steps: &[Step]) -> Step {
    let last = steps.iter().map(|step| step.at).max().unwrap_or_default();
    Step {
        at: last + millis(rng, 200, 2_000),
        act: Act::Reply(Reply {
            text: replies::text(rng, meaning),
            meaning,
            gateway_message_id: id,
        }),
    }
}
