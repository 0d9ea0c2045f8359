//! The campaign tool's side: sends, one by one and in batches.

use super::{Chapter, Life, Opening, Run, Sent, count};
use crate::commands::demo::client::expect;
use crate::commands::demo::people;
use crate::commands::demo::wire::{BatchRequest, MessageRequest, Recorded, Results, SendResult};
use anyhow::{Context, bail, ensure};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;

/// How the problem of a suppressed send is called.
const OPTED_OUT: &str = "recipient-opted-out";

impl Run {
    /// Sends one message; twice under one key, if so planned.
    pub(super) async fn open(
        &self,
        life: &Life,
        chapter: &Chapter,
        number: &str,
    ) -> anyhow::Result<Opening> {
        let request = self.message(life, chapter, number);
        let key = &chapter.client_reference;
        let sent = self.send_one(&request, key).await?;
        let at = Instant::now();
        count(&self.counters.sends, 1);
        if chapter.asked_twice {
            let again = self.send_one(&request, key).await?;
            if !is_same(&sent, &again) {
                self.surprise(format!(
                    "the key {key} gave another answer when it came again"
                ));
            }
        }
        Ok(Opening {
            sent,
            at,
            submitted: None,
        })
    }

    async fn send_one(&self, request: &MessageRequest<'_>, key: &str) -> anyhow::Result<Sent> {
        let what = "a send";
        let build = || {
            let request = self
                .client
                .api(Method::POST, &["v1", "messages"])
                .json(request);
            request.header("Idempotency-Key", key)
        };
        let answer = self.client.send(what, build).await?;
        self.fact(answer.date);
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY
            && answer.problem().r#type.ends_with(OPTED_OUT)
        {
            return Ok(Sent::Suppressed);
        }
        let answer = expect(what, answer, &[StatusCode::CREATED])?;
        let recorded: Recorded = serde_json::from_slice(&answer.body).context(what)?;
        Ok(Sent::Recorded(recorded))
    }

    /// Sends the first message of each in one call, and tells of the hand-overs in another.
    pub(super) async fn open_together(&self, lives: &mut [Life]) -> anyhow::Result<Vec<Opening>> {
        let sent = self.send_batch(lives).await?;
        let at = Instant::now();
        count(&self.counters.sends, lives.len());
        let mut openings: Vec<Opening> = sent
            .into_iter()
            .map(|sent| Opening {
                sent,
                at,
                submitted: None,
            })
            .collect();
        for (life, opening) in lives.iter_mut().zip(&mut openings) {
            if let (Sent::Recorded(_), Some(first)) = (&opening.sent, life.chapters.first_mut()) {
                opening.submitted = first.take_prompt_submission();
            }
        }
        self.submit_together(lives, &openings).await?;
        Ok(openings)
    }

    async fn send_batch(&self, lives: &[Life]) -> anyhow::Result<Vec<Sent>> {
        let what = "a batch of sends";
        let numbers: Vec<String> = lives
            .iter()
            .map(|life| people::number(self.seed, life.person))
            .collect();
        let firsts = lives.iter().zip(&numbers).filter_map(|(life, number)| {
            let chapter = life.chapters.first()?;
            Some(self.message(life, chapter, number))
        });
        let request = BatchRequest {
            messages: firsts.collect(),
        };
        let key = request
            .messages
            .first()
            .map(|first| format!("batch-{}", first.client_reference));
        let key = key.context("a wave of nobody")?;
        let build = || {
            let request = self
                .client
                .api(Method::POST, &["v1", "messages", "batch"])
                .json(&request);
            request.header("Idempotency-Key", &key)
        };
        let answer = self.client.send(what, build).await?;
        self.fact(answer.date);
        let answer = expect(what, answer, &[StatusCode::OK])?;
        let results: Results<SendResult> = serde_json::from_slice(&answer.body).context(what)?;
        ensure!(
            results.results.len() == lives.len(),
            "{what}: not one result a message"
        );
        results.results.into_iter().map(of_result).collect()
    }

    async fn submit_together(&self, lives: &[Life], openings: &[Opening]) -> anyhow::Result<()> {
        let items: Vec<_> = lives
            .iter()
            .zip(openings)
            .filter_map(|(life, opening)| {
                let (Sent::Recorded(message), Some(submission)) =
                    (&opening.sent, &opening.submitted)
                else {
                    return None;
                };
                let gateway = life.chapters.first()?.gateway;
                Some(super::acts::submission_request(
                    message, gateway, submission,
                ))
            })
            .collect();
        if items.is_empty() {
            Ok(())
        } else {
            self.submit(&items).await
        }
    }

    fn message<'a>(
        &'a self,
        life: &Life,
        chapter: &'a Chapter,
        number: &'a str,
    ) -> MessageRequest<'a> {
        let campaign = &self.campaigns[life.campaign];
        MessageRequest {
            to: number,
            from: campaign.campaign_type.sender,
            body: &chapter.body,
            campaign: &campaign.name,
            gateway: chapter.gateway,
            client_reference: &chapter.client_reference,
        }
    }
}

fn of_result(result: SendResult) -> anyhow::Result<Sent> {
    match result {
        SendResult::Recorded(recorded) => Ok(Sent::Recorded(recorded)),
        SendResult::Suppressed => Ok(Sent::Suppressed),
        SendResult::Invalid { errors } => match errors.first() {
            Some(error) => bail!("a message of a batch was refused: {error}"),
            None => bail!("a message of a batch was refused"),
        },
    }
}

fn is_same(one: &Sent, other: &Sent) -> bool {
    match (one, other) {
        (Sent::Recorded(one), Sent::Recorded(other)) => one.id == other.id,
        (Sent::Suppressed, Sent::Suppressed) => true,
        _ => false,
    }
}
