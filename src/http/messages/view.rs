//! A recorded message as its caller gets it back.

use crate::event::format_time;
use crate::http::problem::{ApiError, FieldError, Kind};
use crate::http::state::AppState;
use crate::ledger::facts::{RecordedLink, RecordedMessage};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A recorded message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct MessageView {
    /// Its id.
    pub(super) id: Uuid,
    /// `recorded`.
    pub(super) status: &'static str,
    /// The recipient, E.164.
    pub(super) to: String,
    /// The sender.
    pub(super) from: String,
    /// What to hand to the gateway: the text with its short URLs in place.
    pub(super) body: String,
    /// The links in it, in order.
    pub(super) links: Vec<LinkView>,
    /// `gsm7` or `ucs2`.
    pub(super) encoding: &'static str,
    /// SMS segments.
    pub(super) segments: u32,
    /// When it was recorded.
    #[schema(format = "date-time")]
    pub(super) recorded_at: String,
    /// What to give the gateway as this message's callback; only for a gateway that is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) receipt_url: Option<String>,
}

/// A link of a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct LinkView {
    code: String,
    short_url: String,
    target_url: String,
}

impl LinkView {
    /// A link of a journey; its short URL is rebuilt from the host it was sent with.
    pub(super) fn new(code: String, short_url: String, target_url: String) -> Self {
        Self {
            code,
            short_url,
            target_url,
        }
    }
}

impl From<&RecordedLink> for LinkView {
    fn from(link: &RecordedLink) -> Self {
        Self::new(
            link.code.clone(),
            link.short_url.clone(),
            link.target_url.clone(),
        )
    }
}

/// The view of a message that was meant for `gateway`.
pub(super) fn of(
    state: &AppState,
    message: &RecordedMessage,
    gateway: Option<&str>,
) -> MessageView {
    MessageView {
        id: message.id,
        status: "recorded",
        to: message.to.as_str().to_owned(),
        from: message.from.as_str().to_owned(),
        body: message.body.clone(),
        links: message.links.iter().map(LinkView::from).collect(),
        encoding: message.segmentation.encoding.as_str(),
        segments: message.segmentation.segments,
        recorded_at: format_time(&message.recorded_at),
        receipt_url: gateway.and_then(|name| state.receipt_url(name, message.id)),
    }
}

/// The error of a message whose campaign is not known.
pub(super) fn unknown_campaign() -> FieldError {
    FieldError::new("campaign", "no such campaign: put it first")
}

/// The problem of a message whose recipient wants none.
pub(super) fn opted_out(id: Uuid) -> ApiError {
    let detail = format!("Nothing may be sent. The attempt is recorded as suppressed, id {id}.");
    ApiError::new(Kind::RecipientOptedOut, detail)
}
