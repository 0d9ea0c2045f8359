//! One person's story, chapter by chapter.

use super::{Act, Chapter, behaviour, fate};
use crate::commands::demo::campaigns::Campaign;
use crate::commands::demo::chance::{happens, pick};
use crate::commands::demo::replies::Meaning;
use rand::rngs::StdRng;

/// Of 1,000 people who do not opt out, how many get a second message.
const SECOND_MESSAGE: u32 = 50;
/// Of 1,000 people who opted out, how many come back.
const COMES_BACK: u32 = 300;
/// Of 1,000 sends, how many are asked for twice under one key.
const ASKED_TWICE: u32 = 15;

/// Writes one person's story.
pub(super) struct Author<'a> {
    pub(super) rng: &'a mut StdRng,
    pub(super) run: &'a str,
    pub(super) person: u64,
    pub(super) campaign: &'a Campaign,
}

impl Author<'_> {
    /// The chapters; at least one.
    ///
    /// Whoever opts out is written to once more, in vain; some then come back with a START, and
    /// are written to again.
    pub(super) fn chapters(&mut self) -> Vec<Chapter> {
        let answer = behaviour::answer(self.rng, self.campaign.campaign_type);
        let mut chapters = vec![self.chapter(0, answer)];
        if answer == Some(Meaning::Stop) {
            let comes_back = happens(self.rng, COMES_BACK);
            chapters.push(self.chapter_in_vain(1, comes_back));
            if comes_back {
                chapters.push(self.chapter(2, None));
            }
        } else if happens(self.rng, SECOND_MESSAGE) {
            chapters.push(self.chapter(1, None));
        }
        chapters
    }

    /// A message, what becomes of it, and what the person writes back.
    fn chapter(&mut self, number: usize, answer: Option<Meaning>) -> Chapter {
        let mut chapter = self.opening(number);
        let id = self.id("m", number);
        let text = self.campaign.text(self.rng);
        chapter.body = self.body(text.words, number);
        let fate = fate::decide(self.rng, &id, text.segments);
        chapter.steps = fate.steps;
        if let Some(delivered) = fate.delivered {
            let campaign_type = self.campaign.campaign_type;
            let visits = behaviour::visits(self.rng, campaign_type, text.links(), delivered);
            chapter.steps.extend(visits);
        }
        if let Some(meaning) = answer {
            let reply = behaviour::reply(self.rng, meaning, self.id("r", number), &chapter.steps);
            chapter.steps.push(reply);
        }
        chapter.steps.sort_by_key(|step| step.at);
        chapter
    }

    /// A send to someone who opted out.
    fn chapter_in_vain(&mut self, number: usize, comes_back: bool) -> Chapter {
        let mut chapter = self.opening(number);
        let text = self.campaign.text(self.rng);
        chapter.body = self.body(text.words, number);
        chapter.after_opt_out = true;
        if comes_back {
            let id = self.id("r", number);
            chapter.steps = vec![behaviour::reply(self.rng, Meaning::Start, id, &[])];
        }
        chapter
    }

    fn opening(&mut self, number: usize) -> Chapter {
        Chapter {
            body: String::new(),
            gateway: pick(self.rng, &fate::GATEWAYS),
            client_reference: self.id("c", number),
            after_opt_out: false,
            asked_twice: happens(self.rng, ASKED_TWICE),
            steps: Vec::new(),
        }
    }

    fn body(&self, words: &str, number: usize) -> String {
        let (theme, person) = (self.campaign.campaign_type.theme, self.person);
        let link = format!("https://shop.example/{theme}?p={person}&n={number}&utm_source=sms");
        words.replace("{link}", &link)
    }

    /// An id that no other run, person or chapter has. Mixed case, as some gateways write theirs.
    fn id(&self, what: &str, chapter: usize) -> String {
        format!("{}-{what}{:X}-{chapter}", self.run, self.person)
    }
}

impl Chapter {
    /// Takes the submission out if nothing comes before it, so that it can go out together with
    /// those of others.
    pub(in crate::commands::demo) fn take_prompt_submission(
        &mut self,
    ) -> Option<super::Submission> {
        let first = self.steps.first()?;
        if !matches!(first.act, Act::Submit(_)) {
            return None;
        }
        match self.steps.remove(0).act {
            Act::Submit(submission) => Some(submission),
            _ => None,
        }
    }
}
