//! A gateway's call that proved itself: read, recorded and kept, then answered.

use super::super::problem::ApiError;
use super::super::state::AppState;
use super::super::{inbound, receipts};
use super::acknowledge;
use super::told::Told;
use crate::domain::route::Route;
use crate::gateways::{Gateway, Kept, Webhook};
use crate::ledger::facts::GatewayCall;
use crate::ledger::requests::{KeptRequest, RefusedItem};
use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use chrono::SubsecRound;
use uuid::Uuid;

/// Stands in the answer to a check.
const CHECK: HeaderName = HeaderName::from_static("textrail-check");

/// A verified call.
pub(super) struct Arrived<'a> {
    pub(super) state: &'a AppState,
    pub(super) gateway: &'a Gateway,
    pub(super) webhook: Webhook<'a>,
    /// Which URL was called.
    pub(super) called: Route,
    /// What arrived as path and query, without an id that is not believed.
    pub(super) path_and_query: &'a str,
}

impl Arrived<'_> {
    /// Records the receipts in it.
    pub(super) async fn take_receipts(self) -> Result<HttpResponse, ApiError> {
        let read = self.gateway.receipts(&self.webhook);
        let (facts, refused, refusal) = Told::of(self.gateway, "receipt", read).into_parts();
        if is_check(&self.webhook) {
            return refusal.map_or_else(|| Ok(checked(self.gateway)), Err);
        }
        let new = |(place, item)| (place, receipts::of_gateway(self.gateway.name(), item));
        let call = GatewayCall {
            request: self.kept(refused),
            facts: facts.into_iter().map(new).collect(),
        };
        receipts::record_call(self.state, call).await?;
        self.answer(refusal)
    }

    /// Records the subscribers' messages in it.
    pub(super) async fn take_inbound(self) -> Result<HttpResponse, ApiError> {
        let read = self.gateway.inbound(&self.webhook);
        let (facts, refused, refusal) = Told::of(self.gateway, "inbound", read).into_parts();
        let new = |(place, item)| (place, inbound::of_gateway(self.gateway.name(), item));
        let call = GatewayCall {
            request: self.kept(refused),
            facts: facts.into_iter().map(new).collect(),
        };
        inbound::record_call(self.state, call).await?;
        self.answer(refusal)
    }

    fn answer(&self, refusal: Option<ApiError>) -> Result<HttpResponse, ApiError> {
        let yes = || Ok(acknowledge(self.gateway.acknowledgement()));
        refusal.map_or_else(yes, Err)
    }

    /// The call to be kept, with what could not be read of it; none if calls are not kept.
    fn kept(&self, refused: Vec<RefusedItem>) -> Option<KeptRequest> {
        if !self.state.settings().keep_requests {
            return None;
        }
        let kept = Kept::of(&self.webhook, self.path_and_query);
        Some(KeptRequest {
            id: Uuid::now_v7(),
            gateway: self.gateway.name().to_owned(),
            route: self.called,
            method: kept.method,
            path_and_query: kept.path_and_query,
            headers: kept.headers,
            body: kept.body,
            arrived_at: self.webhook.arrived_at.trunc_subsecs(6),
            refused,
        })
    }
}

/// Whether it is a call of `textrail gateway check`, about the message of no id: it is verified and
/// read like any other, and recorded nowhere.
fn is_check(webhook: &Webhook<'_>) -> bool {
    webhook
        .parameter("message_id")
        .is_some_and(|id| Uuid::try_parse(&id).is_ok_and(|id| id.is_nil()))
}

fn checked(gateway: &Gateway) -> HttpResponse {
    let mut response = acknowledge(gateway.acknowledgement());
    let value = HeaderValue::from_static("verified and read; not recorded");
    response.headers_mut().insert(CHECK, value);
    response
}
