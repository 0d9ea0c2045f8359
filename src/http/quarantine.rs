//! `/v1/quarantine`: lines of the lake that could not be loaded, for an operator.
//!
//! The process that owns the warehouse answers (`up`, `load`); `serve` passes the call on to it.
//! What is behind [`Quarantines`] is the loader's, and no other request waits for it.

use super::answer;
use super::auth::{Admin, Call};
use super::body;
use super::problem::{ApiError, FieldError, Kind, Problem};
use crate::domain::window::WindowId;
use actix_web::{HttpResponse, get, post, web};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Entries of a list, at most.
const MOST: usize = 10_000;
/// The same with the lines' text, of which each may have 64 KiB.
const MOST_WITH_TEXT: usize = 100;

/// Which lines of the quarantine.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// Of one window: its epoch and number.
    #[param(example = "1-42")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Of one log file: its key in the lake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// One line, from 1.
    #[param(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_number: Option<u32>,
    /// Whether the lines themselves are wanted: at most 100 entries then, else 10,000.
    pub text: bool,
}

impl QuarantineQuery {
    /// The window, read.
    ///
    /// # Errors
    /// If it names none; in words.
    pub fn window(&self) -> Result<Option<WindowId>, String> {
        let window = self.window.as_deref().map(str::parse::<WindowId>);
        window.transpose().map_err(|error| error.to_string())
    }

    /// The most entries of the answer.
    pub fn most(&self) -> usize {
        if self.text { MOST_WITH_TEXT } else { MOST }
    }
}

/// What is in quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct QuarantineList {
    /// All lines in quarantine, listed or not.
    pub lines: u64,
    /// Entries by window, file and line.
    pub entries: Vec<QuarantineEntry>,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// A line in quarantine, or several in a row that are missing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct QuarantineEntry {
    /// Epoch and number.
    #[schema(example = "1-42")]
    pub window: String,
    /// The kind of the file's lines.
    pub kind: String,
    /// The log file's key in the lake.
    pub file: String,
    /// The first line, from 1.
    pub line_number: u64,
    /// How many lines it stands for.
    pub lines: u64,
    /// What is wrong.
    pub reason: String,
    /// Since when.
    pub quarantined_at: DateTime<Utc>,
    /// The line as far as it is text, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// What to try again, and what to put in the place of lines.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuarantineRetry {
    /// Only of one window: its epoch and number.
    #[schema(example = "1-42")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Corrected lines; they are kept in the lake and hold for every rebuild.
    #[schema(max_items = 10_000)]
    pub corrections: Vec<QuarantineCorrection>,
}

/// A corrected line.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineCorrection {
    /// The log file's key in the lake.
    pub file: String,
    /// The line, from 1.
    pub line_number: u64,
    /// What it should have been.
    pub line: String,
}

/// What a retry came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct QuarantineOutcome {
    /// Lines that are loaded now.
    pub loaded: u64,
    /// Lines whose event was known; they left quarantine, too.
    pub duplicates: u64,
    /// Lines that were tried and stay.
    pub left: u64,
    /// Files that could not be tried.
    pub failed: Vec<QuarantineFailure>,
}

/// A file that could not be tried.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct QuarantineFailure {
    /// Its key.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The caller's mistake, in words.
    #[error("{0}")]
    Refused(String),
    /// The warehouse or the lake.
    #[error("the quarantine cannot be reached")]
    Unavailable(#[source] anyhow::Error),
}

/// The lines in quarantine, as whoever owns the warehouse has them.
#[async_trait]
pub trait Quarantines: Send + Sync + std::fmt::Debug {
    /// What is in quarantine.
    ///
    /// # Errors
    /// [`QuarantineError::Refused`] for a window that is none; [`QuarantineError::Unavailable`] when the
    /// warehouse cannot be asked.
    async fn list(&self, query: QuarantineQuery) -> Result<QuarantineList, QuarantineError>;
    /// Tries it again.
    ///
    /// # Errors
    /// [`QuarantineError::Refused`] for a window that is none, or a correction that cannot be taken;
    /// [`QuarantineError::Unavailable`] when the warehouse or the lake cannot be asked.
    async fn retry(&self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError>;
}

/// Whoever owns the warehouse, for the handlers: none in a process that was given none.
#[derive(Clone)]
pub(super) struct Owner(pub(super) Option<Arc<dyn Quarantines>>);

impl Owner {
    fn get(&self) -> Result<&Arc<dyn Quarantines>, ApiError> {
        let nobody = || ApiError::unavailable("No loader is known to this server.");
        self.0.as_ref().ok_or_else(nobody)
    }
}

/// Lines of log files that could not be loaded, with their file, number and reason.
#[utoipa::path(
    tag = "operations",
    operation_id = "quarantine",
    params(QuarantineQuery),
    responses(
        (status = 200, description = "What is in quarantine", body = QuarantineList),
        (status = 422, description = "Parameters were refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The loader is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["admin"]))
)]
#[get("/v1/quarantine")]
pub(super) async fn quarantine(
    owner: web::Data<Owner>,
    call: Call<Admin, web::Query<QuarantineQuery>>,
) -> Result<HttpResponse, ApiError> {
    let query = call.input.into_inner();
    if let Err(message) = query.window() {
        return Err(ApiError::fields([FieldError::new("window", message)]));
    }
    Ok(answer::ok(&owner.get()?.list(query).await?))
}

/// Load lines out of quarantine that can be loaded by now: by a newer version, or corrected.
#[utoipa::path(
    tag = "operations",
    operation_id = "quarantine_retry",
    request_body(content = QuarantineRetry, description = "At most 33,554,432 bytes"),
    responses(
        (status = 200, description = "What became of them", body = QuarantineOutcome),
        (status = 422, description = "A correction was refused; none was taken", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The loader is away", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["admin"]))
)]
#[post("/v1/quarantine/retry")]
pub(super) async fn retry(
    owner: web::Data<Owner>,
    call: Call<Admin, body::JsonBytes<{ body::MANY }>>,
) -> Result<HttpResponse, ApiError> {
    let retry: QuarantineRetry = body::parse(&call.input.0)?;
    if retry.corrections.len() > MOST {
        let detail = format!("more than {MOST} corrections");
        return Err(ApiError::new(Kind::TooLarge, detail));
    }
    let window = QuarantineQuery {
        window: retry.window.clone(),
        ..QuarantineQuery::default()
    };
    if let Err(message) = window.window() {
        return Err(ApiError::fields([FieldError::new("window", message)]));
    }
    Ok(answer::ok(&owner.get()?.retry(retry).await?))
}
