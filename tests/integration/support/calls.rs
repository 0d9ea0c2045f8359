//! Gateways' calls, as they are kept.

use super::ledger::GATEWAY;
use chrono::{DateTime, SubsecRound, Utc};
use textrail::domain::route::Route;
use textrail::ledger::facts::GatewayCall;
use textrail::ledger::requests::KeptRequest;

/// A kept call whose body nobody reads here.
pub fn kept(route: Route) -> KeptRequest {
    kept_at(route, Utc::now())
}

/// One that arrived some time ago.
pub fn kept_at(route: Route, arrived_at: DateTime<Utc>) -> KeptRequest {
    // The id's time is that of the arrival, as it is where the id is drawn then.
    let milliseconds = u64::try_from(arrived_at.timestamp_millis()).expect("after 1970");
    let random: [u8; 10] = rand::random();
    KeptRequest {
        id: uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid(),
        gateway: GATEWAY.to_owned(),
        route,
        method: "POST".to_owned(),
        path_and_query: format!("/v1/gateways/{GATEWAY}/{}", route.as_str()),
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: vec![0, 0xff, b'"'],
        arrived_at: arrived_at.trunc_subsecs(6),
        refused: Vec::new(),
    }
}

/// A call with its facts, in their places.
pub fn call_of<T>(request: &KeptRequest, facts: Vec<T>) -> GatewayCall<T> {
    GatewayCall {
        request: Some(request.clone()),
        facts: facts.into_iter().enumerate().collect(),
    }
}
