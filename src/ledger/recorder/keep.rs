//! The front of the lanes whose facts nobody sends again, or not for long: what the ledger does not
//! take in time goes to the spool.

use super::lane::{LONGEST_PATIENCE, Lane, Work};
use super::{clicks, inbound, receipts};
use crate::ledger::facts::{InboundReply, NotTaken, ReceiptReply, RecordError};
use crate::ledger::gate::{Gate, Way};
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

/// A record of the spool: a fact with all that was drawn for it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SpooledFact {
    Click(clicks::Pending),
    Receipt(receipts::PendingReceipt),
    Inbound(inbound::PendingInbound),
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Record<'a> {
    Click(&'a clicks::Pending),
    Receipt(&'a receipts::PendingReceipt),
    Inbound(&'a inbound::PendingInbound),
}

/// Work whose facts the spool takes.
pub(super) trait Spoolable: Work {
    /// Where they wait.
    const STREAM: Stream;
    /// How long the ledger may take.
    const PATIENCE: Duration;

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
        .increment(W::rows(item) as u64);
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

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        Ok(vec![serde_json::to_vec(&Record::Click(item))?])
    }

    fn spooled(_: &Self::Item) -> Self::Reply {}
}

impl Spoolable for receipts::Receipts {
    const STREAM: Stream = Stream::Receipts;
    const PATIENCE: Duration = WEBHOOK_PATIENCE;

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        let records = item.receipts.iter().map(Record::Receipt);
        records.map(|record| serde_json::to_vec(&record)).collect()
    }

    fn spooled(item: &Self::Item) -> Self::Reply {
        vec![ReceiptReply::Spooled; item.receipts.len()]
    }
}

impl Spoolable for inbound::Inbounds {
    const STREAM: Stream = Stream::Inbound;
    const PATIENCE: Duration = WEBHOOK_PATIENCE;

    fn texts(item: &Self::Item) -> serde_json::Result<Vec<Vec<u8>>> {
        let records = item.inbounds.iter().map(Record::Inbound);
        records.map(|record| serde_json::to_vec(&record)).collect()
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
mod tests {
    use super::*;
    use crate::domain::click::{Judgement, Verdict};
    use crate::domain::opt_out::{Intent, OptOutRules};
    use crate::domain::phone::{PhoneNumber, Sender};
    use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
    use crate::event::Context;
    use crate::ledger::facts::{LinkTarget, NewClick, NewInbound, NewReceipt};
    use crate::ledger::recorder::PersonalData;
    use chrono::{SubsecRound, Utc};
    use uuid::Uuid;

    /// Reads a record as the next process does, and writes it again.
    fn again(text: &[u8]) -> Vec<u8> {
        let fact: SpooledFact = serde_json::from_slice(text).unwrap();
        let record = match &fact {
            SpooledFact::Click(fact) => Record::Click(fact),
            SpooledFact::Receipt(fact) => Record::Receipt(fact),
            SpooledFact::Inbound(fact) => Record::Inbound(fact),
        };
        serde_json::to_vec(&record).unwrap()
    }

    fn receipt() -> NewReceipt {
        NewReceipt {
            id: Uuid::now_v7(),
            gateway: "twig".to_owned(),
            message_id: Some(Uuid::now_v7()),
            gateway_message_id: Some("a\u{0}\"é".to_owned()),
            gateway_event_id: Some("e".to_owned()),
            status: Status::Undelivered,
            raw_status: "UNDELIV".to_owned(),
            error_code: Some("5".to_owned()),
            error_class: Some(ErrorClass::InvalidNumber),
            permanent: Some(true),
            synthetic: true,
            delivery_level: Some(DeliveryLevel::Handset),
            segment_number: Some(2),
            segment_count: Some(u16::MAX),
            gateway_time: Some(Utc::now().trunc_subsecs(6)),
            price: Some("0.0075".to_owned()),
            currency: Some("EUR".to_owned()),
            mcc_mnc: Some("23201".to_owned()),
        }
    }

    #[test]
    fn a_fact_comes_out_of_the_spool_as_it_went_in() {
        let receipts = Arc::new(receipts::Pending::new(vec![receipt()]));
        let inbound = NewInbound {
            id: Uuid::now_v7(),
            gateway: "twig".to_owned(),
            gateway_message_id: None,
            from: PhoneNumber::parse("+436601234567").unwrap(),
            to: Sender::parse("SHOP").unwrap(),
            body: "STOP\n\u{1F600}".to_owned(),
            segments: Some(3),
            received_at: Some(Utc::now().trunc_subsecs(6)),
            part: Some(crate::domain::part::Part {
                reference: "4711".to_owned(),
                number: 2,
                total: 3,
            }),
            gateway_intent: Some(Intent::PossibleStop),
        };
        let inbounds = Arc::new(inbound::Pending::new(
            vec![inbound],
            &OptOutRules::default(),
        ));
        let link = LinkTarget {
            number: i64::MAX,
            code: "code".to_owned(),
            target_url: "https://shop.example/".to_owned(),
            fallback_url: None,
            expires_at: None,
            context: Context::default(),
        };
        let click = NewClick {
            id: Uuid::now_v7(),
            link: Arc::new(link),
            judgement: Judgement {
                verdict: Verdict::Human,
                reasons: Vec::new(),
                device: None,
                os: None,
                browser: None,
            },
            ip: Some("2001:db8::1".parse().unwrap()),
            user_agent: Some("agent".to_owned()),
            referrer_host: None,
        };
        let click = clicks::Pending::new(click, PersonalData::default()).unwrap();
        let texts = [
            receipts::Receipts::texts(&receipts).unwrap(),
            inbound::Inbounds::texts(&inbounds).unwrap(),
            clicks::Clicks::texts(&Arc::new(click)).unwrap(),
        ];
        for text in texts.concat() {
            assert_eq!(
                String::from_utf8_lossy(&again(&text)),
                String::from_utf8_lossy(&text)
            );
        }
    }
}
