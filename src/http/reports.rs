//! `GET /v1/reports/…`: the same in `serve`, which asks the loader, and in `load`, which has the
//! warehouse.

use super::answer;
use super::auth::{Call, Report};
use super::problem::{ApiError, FieldError, Problem};
use crate::report::{
    ErrorsReport, MessagesReport, ReportQuery, Reports, WindowsQuery, WindowsReport,
};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;

mod csv;

/// What a report is about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportParameters {
    /// Messages recorded at or after this: an RFC 3339 time on a quarter of an hour, or a date,
    /// which is that day's begin in `tz`. Unless given: the day before `end`, or 24 hours before it if
    /// that is a time.
    #[param(example = "2026-11-23")]
    start: Option<String>,
    /// And before this. The next quarter of an hour unless given.
    #[param(example = "2026-11-24")]
    end: Option<String>,
    /// IANA name of the time zone of days and hours; UTC unless given.
    #[param(example = "Europe/Vienna")]
    tz: Option<String>,
    /// Columns with commas between them: `campaign`, `campaign_type`, `gateway`, `sender`,
    /// `country`, `day`, `hour`. One row unless given.
    #[param(example = "campaign_type,day")]
    group_by: Option<String>,
    /// `json` (unless given) or `csv`.
    #[param(example = "json")]
    format: Option<String>,
    /// `true` (unless given) or `false`: whether the message report has its percentiles. It is much
    /// faster without. The error report never has any.
    #[param(value_type = Option<bool>, example = true)]
    percentiles: Option<String>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Message status, delivery statistics and click-through, of the messages recorded in a range.
#[utoipa::path(
    tag = "reports",
    operation_id = "messages_report",
    params(ReportParameters),
    responses(
        (status = 200, description = "The report", content(
            (MessagesReport = "application/json"),
            (String = "text/csv"),
        )),
        (status = 422, description = "Parameters were refused, or the report has too many rows", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The warehouse is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["report"]))
)]
#[get("/v1/reports/messages")]
pub(super) async fn messages_report(
    reports: web::Data<dyn Reports>,
    call: Call<Report, web::Query<ReportParameters>>,
) -> Result<HttpResponse, ApiError> {
    let (query, format) = check(&call.input)?;
    let report = reports.messages(&query).await?;
    match format {
        Format::Json => Ok(answer::ok(&report)),
        Format::Csv => csv::messages(&report).map_err(ApiError::internal),
    }
}

/// What did not deliver, by gateway, error class and code.
#[utoipa::path(
    tag = "reports",
    operation_id = "errors_report",
    params(ReportParameters),
    responses(
        (status = 200, description = "The report", content(
            (ErrorsReport = "application/json"),
            (String = "text/csv"),
        )),
        (status = 422, description = "Parameters were refused, or the report has too many rows", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The warehouse is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["report"]))
)]
#[get("/v1/reports/errors")]
pub(super) async fn errors_report(
    reports: web::Data<dyn Reports>,
    call: Call<Report, web::Query<ReportParameters>>,
) -> Result<HttpResponse, ApiError> {
    let (query, format) = check(&call.input)?;
    let report = reports.errors(&query).await?;
    match format {
        Format::Json => Ok(answer::ok(&report)),
        Format::Csv => csv::errors(&report).map_err(ApiError::internal),
    }
}

/// Which windows.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowsParameters {
    /// Windows sealed at or after this: an RFC 3339 time.
    #[param(example = "2026-11-23T00:00:00Z")]
    start: DateTime<Utc>,
    /// And before this.
    #[param(example = "2026-11-24T00:00:00Z")]
    end: DateTime<Utc>,
    /// Whether the different events of the whole warehouse are counted, too, which reads the id of
    /// every event.
    #[serde(default)]
    deep: bool,
}

/// What the warehouse holds of the lake's windows, kind by kind: its side of `textrail verify`.
#[utoipa::path(
    tag = "reports",
    operation_id = "windows_report",
    params(WindowsParameters),
    responses(
        (status = 200, description = "The windows", body = WindowsReport),
        (status = 422, description = "Parameters were refused, or there are too many windows", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The warehouse is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["report"]))
)]
#[get("/v1/reports/windows")]
pub(super) async fn windows_report(
    reports: web::Data<dyn Reports>,
    call: Call<Report, web::Query<WindowsParameters>>,
) -> Result<HttpResponse, ApiError> {
    let query = WindowsQuery {
        start: call.input.start,
        end: call.input.end,
        deep: call.input.deep,
    };
    Ok(answer::ok(&reports.windows(&query).await?))
}

fn check(parameters: &ReportParameters) -> Result<(ReportQuery, Format), ApiError> {
    let query = ReportQuery::parse(
        parameters.start.as_deref(),
        parameters.end.as_deref(),
        parameters.tz.as_deref(),
        parameters.group_by.as_deref(),
        Utc::now(),
    );
    let format = match parameters.format.as_deref() {
        None | Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some(_) => Err(FieldError::new("format", "must be json or csv")),
    };
    let percentiles = match parameters.percentiles.as_deref() {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(FieldError::new("percentiles", "must be true or false")),
    };
    match (query, format, percentiles) {
        (Ok(query), Ok(format), Ok(percentiles)) => Ok((
            ReportQuery {
                percentiles,
                ..query
            },
            format,
        )),
        (query, format, percentiles) => {
            let errors = query.err().unwrap_or_default().into_iter();
            let errors = errors.map(|error| FieldError::new(error.field, error.message));
            let errors = errors.chain(format.err()).chain(percentiles.err());
            Err(ApiError::fields(errors))
        }
    }
}
