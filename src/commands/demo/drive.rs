//! Carries a plan out: waves leave at the planned rate whether or not earlier ones are answered, as
//! a campaign's do, and every person's story then takes its own time.

use super::campaigns::Campaign;
use super::client::{CallError, Client};
use super::people;
use super::plan::{Act, Chapter, Life, Plan, Step, Submission, Wave};
use super::progress::{Counters, count};
use super::tally::{Outcome, Tally};
use super::wire::{CampaignRequest, Recorded};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use reqwest::{Method, StatusCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

mod acts;
mod sends;

/// The most stories under way at once: when a server is slow, the run waits rather than grow.
const STORIES: u32 = 20_000;
/// The most surprises that are kept in words.
const SURPRISES: usize = 20;

/// A run under way.
#[derive(Debug)]
pub(super) struct Run {
    /// The server.
    pub(super) client: Client,
    /// The campaigns, in the plan's order.
    pub(super) campaigns: Vec<Campaign>,
    /// Progress.
    pub(super) counters: Counters,
    seed: u64,
    tally: Mutex<Tally>,
    surprises: Mutex<Vec<String>>,
    /// The server's clock at the latest fact.
    last_fact: Mutex<Option<DateTime<Utc>>>,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Finished {
    /// The numbers.
    pub(super) tally: Tally,
    /// Answers that no correct server gives.
    pub(super) surprises: Vec<String>,
    /// The server's clock at the latest fact, cut to whole seconds.
    pub(super) last_fact: Option<DateTime<Utc>>,
}

/// What became of a send, and when the answer came.
#[derive(Debug)]
struct Opening {
    sent: Sent,
    at: Instant,
    /// The submission that was told together with others.
    submitted: Option<Submission>,
}

/// What became of a send.
#[derive(Clone, Debug)]
enum Sent {
    Recorded(Recorded),
    Suppressed,
}

/// Where a story stands: what every act needs.
#[derive(Clone, Copy, Debug)]
struct Scene<'a> {
    life: &'a Life,
    number: &'a str,
    campaign: &'a Campaign,
    gateway: &'static str,
    sent: &'a Sent,
}

impl Run {
    /// A run of a plan against a server.
    pub(super) fn new(client: Client, plan: &Plan, seed: u64) -> Self {
        Self {
            client,
            campaigns: plan.campaigns().to_vec(),
            counters: Counters::default(),
            seed,
            tally: Mutex::default(),
            surprises: Mutex::default(),
            last_fact: Mutex::default(),
        }
    }

    /// Creates the campaigns.
    pub(super) async fn put_campaigns(&self) -> Result<(), CallError> {
        for campaign in &self.campaigns {
            let request = CampaignRequest {
                r#type: campaign.campaign_type.label,
                name: campaign.campaign_type.theme,
            };
            let path = ["v1", "campaigns", &campaign.name];
            let build = || self.client.api(Method::PUT, &path).json(&request);
            let answer = self.client.send("a campaign", build).await?;
            super::client::expect("a campaign", answer, &[StatusCode::OK, StatusCode::CREATED])?;
        }
        Ok(())
    }

    /// What it came to so far.
    pub(super) fn finish(&self) -> Finished {
        Finished {
            tally: locked(&self.tally).clone(),
            surprises: locked(&self.surprises).clone(),
            last_fact: *locked(&self.last_fact),
        }
    }

    /// Notes an answer that no correct server gives.
    fn surprise(&self, words: String) {
        let mut surprises = locked(&self.surprises);
        if surprises.len() < SURPRISES {
            surprises.push(words);
        }
    }

    /// Notes that a fact was acknowledged at this time of the server's clock.
    fn fact(&self, date: Option<DateTime<Utc>>) {
        let mut last = locked(&self.last_fact);
        *last = (*last).max(date);
    }

    /// One wave: the first message of each person, and then their stories side by side.
    async fn wave(&self, wave: Wave) -> anyhow::Result<()> {
        let Wave { batch, mut lives } = wave;
        if !batch {
            try_join_all(lives.into_iter().map(|life| self.story(life, None))).await?;
            return Ok(());
        }
        let openings = self.open_together(&mut lives).await?;
        let stories = lives.into_iter().zip(openings);
        try_join_all(stories.map(|(life, opening)| self.story(life, Some(opening)))).await?;
        Ok(())
    }

    /// One person's story. It breaks off where the server's answer makes what was planned
    /// senseless.
    async fn story(&self, life: Life, mut opening: Option<Opening>) -> anyhow::Result<()> {
        let number = people::number(self.seed, life.person);
        for chapter in &life.chapters {
            let opening = match opening.take() {
                Some(opening) => opening,
                None => self.open(&life, chapter, &number).await?,
            };
            let suppressed = matches!(opening.sent, Sent::Suppressed);
            let as_planned = suppressed == chapter.after_opt_out;
            if chapter.after_opt_out && !suppressed {
                self.surprise(format!(
                    "{} was recorded though its recipient had opted out",
                    chapter.client_reference
                ));
            }
            // Not planned and suppressed: an opt-out that another run left on this server.
            let steps = if as_planned {
                chapter.steps.as_slice()
            } else {
                &[]
            };
            self.play(&life, &number, chapter, opening, steps).await?;
            if !as_planned {
                break;
            }
        }
        Ok(())
    }

    /// What follows a send, and then its place in the tally.
    async fn play(
        &self,
        life: &Life,
        number: &str,
        chapter: &Chapter,
        opening: Opening,
        steps: &[Step],
    ) -> anyhow::Result<()> {
        let scene = Scene {
            life,
            number,
            campaign: &self.campaigns[life.campaign],
            gateway: chapter.gateway,
            sent: &opening.sent,
        };
        let mut outcome = Outcome {
            suppressed: matches!(opening.sent, Sent::Suppressed),
            ..Outcome::default()
        };
        outcome
            .evidence
            .extend(opening.submitted.iter().map(acts::evidence_of));
        for step in steps {
            sleep_until(opening.at + step.at).await;
            self.act(scene, &step.act, &mut outcome).await?;
        }
        locked(&self.tally).add(scene.campaign.campaign_type.label, &outcome);
        Ok(())
    }

    async fn act(&self, scene: Scene<'_>, act: &Act, outcome: &mut Outcome) -> anyhow::Result<()> {
        match (act, scene.sent) {
            (Act::Reply(reply), _) => self.reply(scene, reply, outcome).await,
            (Act::Submit(submission), Sent::Recorded(message)) => {
                let item = acts::submission_request(message, scene.gateway, submission);
                self.submit(&[item]).await?;
                outcome.evidence.push(acts::evidence_of(submission));
                Ok(())
            }
            (Act::Receipts { items, twice }, Sent::Recorded(message)) => {
                self.receipts(scene, message, items, *twice, outcome).await
            }
            (Act::Visit(visit), Sent::Recorded(message)) => {
                self.visit(scene, message, visit, outcome).await
            }
            (_, Sent::Suppressed) => Ok(()), // nothing left, so nothing comes of it
        }
    }
}

/// Carries the whole plan out, at `rate` messages a second.
pub(super) async fn drive(run: &Arc<Run>, plan: &Plan, rate: f64) -> anyhow::Result<()> {
    let stories = Arc::new(Semaphore::new(STORIES as usize));
    let mut tasks = JoinSet::new(); // dropped on an error, which ends them all
    let mut due = Instant::now();
    for wave in plan.waves() {
        while let Some(done) = tasks.try_join_next() {
            done??;
        }
        sleep_until(due).await;
        let messages: usize = wave.lives.iter().map(|life| life.chapters.len()).sum();
        due += Duration::from_secs_f64(f64::from(u32::try_from(messages)?) / rate);
        let people = u32::try_from(wave.lives.len())?.min(STORIES);
        let place = Arc::clone(&stories).acquire_many_owned(people).await?;
        let run = Arc::clone(run);
        tasks.spawn(async move {
            let done = run.wave(wave).await;
            drop(place);
            done
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Nothing panics while it holds one of these locks; if something did, the numbers are still those
/// that were acknowledged.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
