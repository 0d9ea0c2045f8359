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
    let alone = receipts::Receipts::texts(&Arc::new(receipts::Pending::of_call(alone))).unwrap();
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
