//! The world's side: hand-overs, receipts, visits, texts.

use super::{Outcome, Run, Scene, count};
use crate::commands::demo::client::expect;
use crate::commands::demo::plan::{Receipt, Reply, Submission, Visit};
use crate::commands::demo::replies::Meaning;
use crate::commands::demo::wire::{
    InboundRequest, ItemResult, ReceiptRequest, Recorded, Results, SubmissionRequest,
};
use crate::domain::status::{Evidence, Status};
use anyhow::{Context, bail, ensure};
use reqwest::{Method, StatusCode, header};
use serde::Serialize;

/// What a short URL that leads somewhere answers.
const REDIRECTS: [StatusCode; 5] = [
    StatusCode::FOUND,
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

impl Run {
    /// Tells of hand-overs.
    pub(super) async fn submit(&self, items: &[SubmissionRequest<'_>]) -> anyhow::Result<()> {
        self.post_items("submissions", "submissions", items).await
    }

    /// Lets a gateway report. The same call may come twice at once, and many items in one call:
    /// the set of what was said is what counts.
    pub(super) async fn receipts(
        &self,
        scene: Scene<'_>,
        message: &Recorded,
        receipts: &[Receipt],
        twice: bool,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let items: Vec<ReceiptRequest<'_>> = receipts
            .iter()
            .map(|receipt| receipt_request(scene.gateway, message, receipt))
            .collect();
        let post = || self.post_items("receipts", "receipts", &items);
        if twice {
            let (one, other) = tokio::join!(post(), post());
            one.and(other)?;
        } else {
            post().await?;
        }
        count(&self.counters.receipts, items.len());
        outcome
            .evidence
            .extend(receipts.iter().map(|receipt| evidence(message, receipt)));
        Ok(())
    }

    /// Visits a link until there is an answer; a visit whose answer was lost may count besides.
    pub(super) async fn visit(
        &self,
        scene: Scene<'_>,
        message: &Recorded,
        visit: &Visit,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let what = "a visit";
        let link = message
            .links
            .get(visit.link)
            .context("fewer links than URLs in the body")?;
        let path = if visit.glued {
            format!("{}.", link.code)
        } else {
            link.code.clone()
        };
        let method = if visit.head {
            Method::HEAD
        } else {
            Method::GET
        };
        let address = address(scene.life.person);
        let build = || {
            let mut request = self
                .client
                .anonymous(method.clone(), &[&path])
                .header(header::USER_AGENT, visit.visitor.agent)
                .header("X-Forwarded-For", &address);
            if let Some(purpose) = visit.visitor.purpose {
                request = request.header("Sec-Purpose", purpose);
            }
            request
        };
        let answer = self.client.send(what, build).await?;
        self.fact(answer.date);
        let answer = expect(what, answer, &REDIRECTS)?;
        if !visit.head {
            count(&self.counters.visits, 1);
            outcome.visited(visit.visitor.human, answer.lost.into());
        }
        Ok(())
    }

    /// Lets the subscriber write.
    pub(super) async fn reply(
        &self,
        scene: Scene<'_>,
        reply: &Reply,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let item = InboundRequest {
            gateway: scene.gateway,
            gateway_message_id: &reply.gateway_message_id,
            from: scene.number,
            to: scene.campaign.campaign_type.sender,
            body: reply.text,
        };
        self.post_items("inbound", "an inbound message", &[item])
            .await?;
        count(&self.counters.replies, 1);
        outcome.replies += 1;
        outcome.opt_outs += u64::from(reply.meaning == Meaning::Stop);
        Ok(())
    }

    /// A call that takes many items, none of which may be refused.
    async fn post_items<T: Serialize + Sync>(
        &self,
        resource: &str,
        what: &'static str,
        items: &[T],
    ) -> anyhow::Result<()> {
        let build = || self.client.api(Method::POST, &["v1", resource]).json(items);
        let answer = self.client.send(what, build).await?;
        self.fact(answer.date);
        // 202: kept on the server's disk, while its ledger is away.
        let answer = expect(what, answer, &[StatusCode::OK, StatusCode::ACCEPTED])?;
        let results: Results<ItemResult> = serde_json::from_slice(&answer.body).context(what)?;
        ensure!(
            results.results.len() == items.len(),
            "{what}: not one result an item"
        );
        let refused = results
            .results
            .iter()
            .find(|result| result.status == "invalid");
        match refused.map(|result| result.errors.first()) {
            None => Ok(()),
            Some(Some(error)) => bail!("{what}: an item was refused: {error}"),
            Some(None) => bail!("{what}: an item was refused"),
        }
    }
}

impl Outcome {
    fn visited(&mut self, human: bool, lost: u64) {
        if human {
            self.human_visits += 1;
            self.lost_human_visits += lost;
        } else {
            self.program_visits += 1;
            self.lost_program_visits += lost;
        }
    }
}

/// An address for each person, in the range that is kept for tests of networks (RFC 2544). A
/// server that trusts this client as a proxy sees people in different places.
fn address(person: u64) -> String {
    let [.., second, third, fourth] = person.to_be_bytes();
    format!("198.{}.{third}.{fourth}", 18 + (second & 1))
}

/// A hand-over as it is told.
pub(super) fn submission_request<'a>(
    message: &Recorded,
    gateway: &'a str,
    submission: &'a Submission,
) -> SubmissionRequest<'a> {
    SubmissionRequest {
        message_id: message.id,
        gateway,
        gateway_message_id: submission.gateway_message_id.as_deref(),
        outcome: submission.outcome,
        error_code: submission.error_code,
    }
}

fn receipt_request<'a>(
    gateway: &'a str,
    message: &Recorded,
    receipt: &'a Receipt,
) -> ReceiptRequest<'a> {
    let error = receipt.error;
    ReceiptRequest {
        gateway,
        message_id: receipt.names_message.then_some(message.id),
        gateway_message_id: receipt.gateway_message_id.as_deref(),
        status: receipt.status.as_str(),
        error_code: error.map(|error| error.code),
        error_class: error.map(|error| error.class),
        permanent: error.map(|error| error.permanent),
        synthetic: receipt.synthetic,
        delivery_level: (receipt.status == Status::Delivered).then_some("handset"),
        segment_number: receipt.segment.map(|(number, _)| number),
        segment_count: receipt.segment.map(|(_, count)| count),
        occurred_at: receipt.occurred.map(|after| message.recorded_at + after),
    }
}

/// What a hand-over says about the message's status.
pub(super) fn evidence_of(submission: &Submission) -> Evidence {
    Evidence {
        status: submission.status,
        synthetic: false,
        gateway_time: None,
        segment_number: None,
    }
}

fn evidence(message: &Recorded, receipt: &Receipt) -> Evidence {
    Evidence {
        status: receipt.status,
        synthetic: receipt.synthetic,
        gateway_time: receipt.occurred.map(|after| message.recorded_at + after),
        segment_number: receipt.segment.map(|(number, _)| number.into()),
    }
}
