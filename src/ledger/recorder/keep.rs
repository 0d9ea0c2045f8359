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
mod tests {
    use super::*;
    use crate::domain::click::{Judgement, Verdict};
    use crate::domain::opt_out::{Intent, OptOutRules};
    use crate::domain::phone::{PhoneNumber, Sender};
    use crate::domain::route::Route;
    use crate::domain::status::{DeliveryLevel, ErrorClass, Status};
    use crate::event::Context;
    use crate::ledger::facts::{GatewayCall, LinkTarget, NewClick, NewInbound, NewReceipt};
    use crate::ledger::recorder::PersonalData;
    use crate::ledger::requests::{RefusedField, RefusedItem};
    use chrono::{SubsecRound, Utc};
    use uuid::Uuid;

    /// Reads a record as the next process does, and writes it again.
    fn again(text: &[u8]) -> Vec<u8> {
        let fact: SpooledFact = serde_json::from_slice(text).unwrap();
        let record = match &fact {
            SpooledFact::Click(fact) => Record::Click(fact),
            SpooledFact::Receipt(told) => Record::Receipt(borrowed(told)),
            SpooledFact::Inbound(told) => Record::Inbound(borrowed(told)),
            SpooledFact::Request(request) => Record::Request(request),
        };
        serde_json::to_vec(&record).unwrap()
    }

    fn borrowed<F>(told: &Told<F>) -> Told<&F, &KeptRequest> {
        Told {
            fact: &told.fact,
            request: told.request.as_ref(),
        }
    }

    fn request() -> KeptRequest {
        KeptRequest {
            id: Uuid::now_v7(),
            gateway: "twig".to_owned(),
            route: Route::Receipts,
            method: "POST".to_owned(),
            path_and_query: "/v1/gateways/twig/receipts?a=%E4".to_owned(),
            headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
            body: vec![0, 0xff, b'"'],
            arrived_at: Utc::now().trunc_subsecs(6),
            refused: vec![RefusedItem {
                index: Some(1),
                faults: vec![RefusedField {
                    field: "to".to_owned(),
                    message: "must be a number".to_owned(),
                }],
            }],
        }
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
    fn a_call_lies_in_the_spool_once_and_with_its_facts() {
        let request = request();
        let call = |facts| GatewayCall {
            request: Some(request.clone()),
            facts,
        };
        let two = call(vec![(0, receipt()), (2, receipt())]);
        let two = receipts::Receipts::texts(&Arc::new(receipts::Pending::of_call(two))).unwrap();
        let alone = call(Vec::new());
        let alone =
            receipts::Receipts::texts(&Arc::new(receipts::Pending::of_call(alone))).unwrap();
        let kept: Vec<Option<KeptRequest>> = [two.clone(), alone.clone()]
            .concat()
            .iter()
            .map(|text| match serde_json::from_slice(text).unwrap() {
                SpooledFact::Receipt(told) => told.request,
                SpooledFact::Request(request) => Some(request),
                SpooledFact::Click(_) | SpooledFact::Inbound(_) => panic!("another kind"),
            })
            .collect();
        assert_eq!(kept, [Some(request.clone()), None, Some(request)]);
        for text in [two, alone].concat() {
            assert_eq!(
                String::from_utf8_lossy(&again(&text)),
                String::from_utf8_lossy(&text)
            );
        }
    }

    /// As the version before wrote them: calls were not kept.
    #[test]
    fn records_of_the_version_before_are_read() {
        let receipt = r#"{"receipt":{"id":"01a206de-135e-711b-9eaf-bdd406aa2805","gateway":"twig",
            "message_id":null,"gateway_message_id":"g-1","gateway_event_id":null,
            "status":"delivered","raw_status":"DELIVRD","error_code":null,"error_class":null,
            "permanent":null,"synthetic":false,"delivery_level":null,"segment_number":2,
            "segment_count":3,"gateway_time":null,"price":null,"currency":null,"mcc_mnc":null,
            "fingerprint":"01a206de-135e-711b-9eaf-bdd406aa2806",
            "recorded_at":"2026-11-23T05:00:00.000001Z"}}"#;
        let SpooledFact::Receipt(told) = serde_json::from_str(receipt).unwrap() else {
            panic!("no receipt")
        };
        assert!(told.request.is_none());
        let inbound = r#"{"inbound":{"id":"01a206de-135e-711b-9eaf-bdd406aa2805","gateway":"twig",
            "gateway_message_id":null,"from":{"e164":"+436601234567","country":"AT"},"to":"SHOP","body":"STOP",
            "segments":null,"received_at":null,"gateway_intent":null,
            "wish_id":"01a206de-135e-711b-9eaf-bdd406aa2807",
            "fingerprint":"01a206de-135e-711b-9eaf-bdd406aa2806",
            "verdict":{"intent":"stop","reason":"whole_message"},
            "recorded_at":"2026-11-23T05:00:00.000001Z"}}"#;
        let SpooledFact::Inbound(told) = serde_json::from_str(inbound).unwrap() else {
            panic!("no inbound")
        };
        assert_eq!(told.fact.intent(), Intent::Stop);
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
