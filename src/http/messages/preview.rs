//! `POST /v1/messages/preview`.

use super::request::MessageRequest;
use super::view;
use crate::domain::{link, sms};
use crate::http::answer;
use crate::http::auth::{Call, Campaign};
use crate::http::body::Json;
use crate::http::problem::{ApiError, Problem};
use crate::http::state::AppState;
use crate::ledger::campaigns::{self, Campaign as StoredCampaign};
use crate::ledger::facts::NewMessage;
use crate::ledger::opt_outs;
use actix_web::{HttpResponse, post, web};
use serde::Serialize;
use utoipa::ToSchema;

/// What a message would come to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Preview {
    /// The text with short URLs of the right length; their codes are not real.
    body: String,
    /// Characters of that text.
    characters: usize,
    /// `gsm7` or `ucs2`.
    encoding: &'static str,
    /// Septets or UTF-16 units.
    code_units: u32,
    /// SMS segments.
    segments: u32,
    /// The characters, each once and in order, that force UCS-2.
    ucs2_characters: Vec<char>,
    /// Links that would be made.
    links: usize,
    /// Whether the recipient is opted out, so that it would be suppressed.
    suppressed: bool,
}

/// Learn what a message would come to; nothing is stored. Takes the same body as a send.
#[utoipa::path(
    tag = "messages",
    operation_id = "preview",
    request_body(content = MessageRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 200, description = "What it would come to", body = Preview),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[post("/v1/messages/preview")]
pub(in crate::http) async fn post_preview(
    state: web::Data<AppState>,
    call: Call<Campaign, Json<MessageRequest>>,
) -> Result<HttpResponse, ApiError> {
    let message = call.input.0.check().map_err(ApiError::fields)?;
    let name = message.campaign.clone();
    let (number, sender) = (
        message.to.as_str().to_owned(),
        message.from.as_str().to_owned(),
    );
    let look_up = move |conn: &mut _| {
        let campaign = campaigns::find(conn, &name)?;
        Ok((campaign, opt_outs::is_opted_out(conn, &number, &sender)?))
    };
    let (campaign, suppressed) = state.pool().run("preview", look_up).await?;
    let campaign = campaign.ok_or_else(|| ApiError::fields([view::unknown_campaign()]))?;
    Ok(answer::ok(&render(&state, &message, &campaign, suppressed)))
}

fn render(
    state: &AppState,
    message: &NewMessage,
    campaign: &StoredCampaign,
    suppressed: bool,
) -> Preview {
    let found = if message.shorten_urls {
        link::find(&message.body)
    } else {
        Vec::new()
    };
    let short_url = state.short_url(campaign.short_domain.as_deref(), &state.sample_code());
    let body = link::render(&message.body, &found, &vec![short_url; found.len()]);
    let segmentation = sms::segment(&body);
    Preview {
        characters: body.chars().count(),
        encoding: segmentation.encoding.as_str(),
        code_units: segmentation.code_units,
        segments: segmentation.segments,
        ucs2_characters: sms::forcing_ucs2(&body),
        links: found.len(),
        suppressed,
        body,
    }
}
