//! The front of the lanes whose facts nobody sends again, or not for long: what the ledger does not
//! take in time goes to the spool.

use super::lane::{LONGEST_PATIENCE, Lane, Work};
use super::{clicks, inbound, receipts};
use crate::ledger::facts::{InboundReply, NotTaken, ReceiptReply, RecordError};
use crate::ledger::gate::{Gate, Way};
use crate::ledger::requests::KeptRequest;
use crate::ledger::spool::{Appending, SpoolError, Stream};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a person waits for a redirect before the click goes to the spool.
const CLICK_PATIENCE: Duration = Duration::from_secs(2);
/// The same for a gateway. Kannel gives up after some 30 seconds, others after 10.
const WEBHOOK_PATIENCE: Duration = LONGEST_PATIENCE;
/// How long an inbound waits for the last spooled ones, at most.
const HANDOVER_PATIENCE: Duration = Duration::from_secs(1);

/// A record of the spool: a fact with all that was drawn for it; or a gateway's call of which nothing
/// could be read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SpooledFact {
    Click(clicks::Pending),
    Receipt(Told<receipts::PendingReceipt>),
    Inbound(Told<inbound::PendingInbound>),
    Request(KeptRequest),
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Record<'a> {
    Click(&'a clicks::Pending),
    Receipt(Told<&'a receipts::PendingReceipt, &'a KeptRequest>),
    Inbound(Told<&'a inbound::PendingInbound, &'a KeptRequest>),
    Request(&'a KeptRequest),
}

/// What a gateway told, with the call that it stood in. Of a call's facts the first carries it, so
/// that it lies in the spool once, and no record is larger than a call: a version that knows no
/// kept calls reads the facts all the same.
#[derive(Serialize, Deserialize)]
pub(super) struct Told<F, R = KeptRequest> {
    #[serde(flatten)]
    pub(super) fact: F,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<R>,
}

fn none<R>() -> Option<R> {
    None
}

/// The records of a call, in the order of its facts.
fn texts_of_call<'a, F>(
    facts: &'a [F],
    request: Option<&'a KeptRequest>,
    record: impl Fn(Told<&'a F, &'a KeptRequest>) -> Record<'a>,
) -> serde_json::Result<Vec<Vec<u8>>> {
    if let (Some(request), true) = (request, facts.is_empty()) {
        return Ok(vec![serde_json::to_vec(&Record::Request(request))?]);
    }
    let requests = std::iter::once(request).chain(std::iter::repeat(None));
    let told = facts.iter().zip(requests);
    told.map(|(fact, request)| serde_json::to_vec(&record(Told { fact, request })))
        .collect()
}

/// Work whose facts the spool takes.
pub(super) trait Spoolable: Work {
    /// Where they wait.
    const STREAM: Stream;
    /// How long the ledger may take.
    const PATIENCE: Duration;

    /// How many facts it is.
    fn facts(item: &Self::Item) -> usize;

    /// The records, one a fact.
    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>>;

    /// What the caller hears.
    fn spooled(item: &Self::Item) -> Self::Reply;
}

/// Records a fact, or spools it.
pub(super) async fn keep<W, T>(
    gate: Option<&Gate>,
    lane: &Lane<W>,
    item: Arc<T>,
) -> Result<W::Reply, RecordError>
where
    W: Spoolable<Item = Arc<T>>,
{
    let Some(gate) = gate else {
        return lane.submit(item).await;
    };
    if let Some(appending) = way::<W>(gate, &item).await? {
        return spooled::<W>(appending, &item).await;
    }
    match timeout(W::PATIENCE, lane.submit(Arc::clone(&item))).await {
        Ok(Err(RecordError::Away)) => {}
        // Commits hang, although PostgreSQL may answer all else: a synchronous standby is gone, say.
        // Those who gave up fill the queue. A ledger that only has much to do moves on.
        Ok(Err(RecordError::Unavailable)) if lane.stands_still(W::PATIENCE) => gate.suspect(),
        Ok(reply) => return reply,
        // Its thread goes on, and may record it: with the ids that travel into the spool.
        Err(_) => gate.suspect(),
    }
    let texts = texts::<W>(&item)?;
    let appending = match W::STREAM {
        Stream::Inbound => gate.spool_inbound(&texts),
        stream => gate.spool.append(stream, &texts),
    };
    spooled::<W>(appending.map_err(refusal)?, &item).await
}

/// The spool's answer to come, if that is where the item goes without asking the ledger.
async fn way<W: Spoolable>(gate: &Gate, item: &W::Item) -> Result<Option<Appending>, RecordError> {
    if W::STREAM != Stream::Inbound {
        if !gate.ledger_is_away() {
            return Ok(None);
        }
        let appending = gate.spool.append(W::STREAM, &texts::<W>(item)?);
        return appending.map(Some).map_err(refusal);
    }
    if gate.takes_sends().is_ok() {
        return Ok(None);
    }
    let texts = texts::<W>(item)?;
    loop {
        match gate.way_of_inbound(&texts).map_err(refusal)? {
            Way::Ledger => return Ok(None),
            Way::Spool(appending) => return Ok(Some(appending)),
            Way::Wait => {
                if timeout(HANDOVER_PATIENCE, gate.handed_over())
                    .await
                    .is_err()
                {
                    return gate.spool_inbound(&texts).map(Some).map_err(refusal);
                }
            }
        }
    }
}

fn texts<W: Spoolable>(item: &W::Item) -> Result<Vec<Vec<u8>>, RecordError> {
    W::texts(item).map_err(|error| RecordError::Refused(error.into()))
}

async fn spooled<W: Spoolable>(
    appending: Appending,
    item: &W::Item,
) -> Result<W::Reply, RecordError> {
    appending.done().await.map_err(refusal)?;
    metrics::counter!("textrail_spooled_facts_total", "stream" => W::STREAM.as_str())
        .increment(W::facts(item) as u64);
    Ok(W::spooled(item))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refusal(error: SpoolError) -> RecordError {
    tracing::debug!(%error, "not spooled");
    RecordError::NotTaken(NotTaken::SpoolFull)
}

impl Spoolable for clicks::Clicks {
    const STREAM: Stream = Stream::Clicks;
    const PATIENCE: Duration = CLICK_PATIENCE;

    fn facts(_: &Self::Item) -> usize {
        1
    }

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        Ok(vec![serde_json::to_vec(&Record::Click(item))?])
    }

    fn spooled(_: &Self::Item) -> Self::Reply {}
}

impl Spoolable for receipts::Receipts {
    const STREAM: Stream = Stream::Receipts;
    const PATIENCE: Duration = WEBHOOK_PATIENCE;

    fn facts(item: &Self::Item) -> usize {
        item.receipts.len()
    }

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        texts_of_call(&item.receipts, item.request.as_ref(), Record::Receipt)
    }

    fn spooled(item: &Self::Item) -> Self::Reply {
        vec![ReceiptReply::Spooled; item.receipts.len()]
    }
}

impl Spoolable for inbound::Inbounds {
    const STREAM: Stream = Stream::Inbound;
    const PATIENCE: Duration = WEBHOOK_PATIENCE;

    fn facts(item: &Self::Item) -> usize {
        item.inbounds.len()
    }

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        texts_of_call(&item.inbounds, item.request.as_ref(), Record::Inbound)
    }

    fn spooled(item: &Self::Item) -> Self::Reply {
        let reply = |inbound: &inbound::PendingInbound| InboundReply {
            duplicate: false,
            spooled: true,
            intent: inbound.intent(),
            message_id: None,
        };
        item.inbounds.iter().map(reply).collect()
    }
}

#[cfg(test)]
mod tests;
