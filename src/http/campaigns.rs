//! `PUT /v1/campaigns/{campaign}`.

use super::answer;
use super::auth::{Call, Campaign};
use super::body::Named;
use super::input::{self, Faults};
use super::problem::{ApiError, FieldError, Problem};
use super::state::AppState;
use crate::ledger::campaigns::{self, Campaign as StoredCampaign};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest that links may live: ten years, in seconds.
const LONGEST: i64 = 10 * 365 * 86_400;

/// A campaign.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignRequest {
    /// The label by which campaigns are compared.
    #[schema(max_length = 100, example = "promotion")]
    r#type: String,
    /// The name that people read.
    #[schema(max_length = 255, example = "Spring 2026")]
    name: String,
    /// Host of its short URLs, with or without a port; the public base unless given.
    #[schema(max_length = 255, example = "go.example.com")]
    short_domain: Option<String>,
    /// How long its links lead somewhere: a number with `s`, `m`, `h` or `d`, such as `30d`; at
    /// most ten years. For ever unless given.
    #[schema(pattern = r"^\d{1,9}[smhd]$", example = "30d")]
    link_expires_after: Option<String>,
    /// Where an expired link leads; without it, an expired link answers 410.
    #[schema(max_length = 2048, format = "uri")]
    fallback_url: Option<String>,
}

/// A campaign as it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CampaignView {
    /// The name in the API and in reports.
    campaign: String,
    r#type: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_expires_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_url: Option<String>,
}

/// Create or change a campaign. A change counts for later messages only.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "put_campaign",
    params(("campaign" = String, Path, max_length = 100, description = "The campaign's name in the API and in reports: at most 100 characters, no slash")),
    request_body(content = CampaignRequest, description = "At most 262,144 bytes"),
    responses(
        (status = 200, description = "Changed", body = CampaignView),
        (status = 201, description = "Created", body = CampaignView),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Fields were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The ledger is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["campaign"]))
)]
#[put("/v1/campaigns/{campaign}")]
pub(super) async fn put_campaign(
    state: web::Data<AppState>,
    call: Call<Campaign, Named<CampaignRequest>>,
) -> Result<HttpResponse, ApiError> {
    let campaign = check(call.input.name, call.input.body).map_err(ApiError::fields)?;
    let view = view(&campaign);
    let put = move |conn: &mut _| campaigns::put(conn, &campaign);
    let is_new = state.pool().run("put_campaign", put).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(answer::json(status, answer::encode(&view)))
}

fn check(name: String, request: CampaignRequest) -> Result<StoredCampaign, Vec<FieldError>> {
    let mut faults = Faults::default();
    faults.keep("campaign", input::campaign_name(&name));
    faults.text("type", &request.r#type, input::NAME_LIMIT);
    faults.text("name", &request.name, input::TEXT_LIMIT);
    let short_domain = request.short_domain.as_deref();
    let short_domain =
        short_domain.and_then(|text| faults.keep("short_domain", input::short_domain(text)));
    let expires = request.link_expires_after.as_deref();
    let expires = expires.and_then(|text| faults.keep("link_expires_after", seconds(text)));
    let fallback = request.fallback_url.as_deref();
    let fallback = fallback.and_then(|text| faults.keep("fallback_url", input::web_url(text)));
    faults.finish(Some(StoredCampaign {
        name,
        campaign_type: request.r#type,
        title: request.name,
        short_domain,
        link_expires_after_seconds: expires,
        fallback_url: fallback.map(Into::into),
    }))
}

fn seconds(text: &str) -> Result<i64, &'static str> {
    let refuse = "must be a number with s, m, h or d, such as 30d, and at most ten years";
    let (at, unit) = text.char_indices().next_back().ok_or(refuse)?;
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(refuse),
    };
    let digits = &text[..at];
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse);
    }
    let number: i64 = digits.parse().map_err(|_| refuse)?;
    let seconds = number.checked_mul(unit).ok_or(refuse)?;
    (1..=LONGEST)
        .contains(&seconds)
        .then_some(seconds)
        .ok_or(refuse)
}

fn view(campaign: &StoredCampaign) -> CampaignView {
    let expires = campaign.link_expires_after_seconds;
    CampaignView {
        campaign: campaign.name.clone(),
        r#type: campaign.campaign_type.clone(),
        name: campaign.title.clone(),
        short_domain: campaign.short_domain.clone(),
        link_expires_after: expires.map(|seconds| format!("{seconds}s")),
        fallback_url: campaign.fallback_url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_of_links_have_units() {
        assert_eq!(seconds("30d"), Ok(2_592_000));
        assert_eq!(seconds("90m"), Ok(5_400));
        for bad in [
            "",
            "d",
            "30",
            "0s",
            "-1d",
            "+1d",
            "1.5h",
            "1w",
            "99999d",
            "9223372036854775807d",
            "1é",
        ] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let request = CampaignRequest {
            r#type: "x".repeat(101),
            name: "a\0b".to_owned(),
            short_domain: Some("a/b".to_owned()),
            link_expires_after: Some("soon".to_owned()),
            fallback_url: Some("javascript:1".to_owned()),
        };
        let errors = check("a/b".to_owned(), request).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let all = [
            "campaign",
            "type",
            "name",
            "short_domain",
            "link_expires_after",
            "fallback_url",
        ];
        assert_eq!(fields, all);
    }
}
