//! Reports: typed rows from named SQL on the warehouse.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

mod buckets;
pub mod csv;
pub mod latency;
mod local;
mod made;
pub mod query;
mod remote;
pub mod sheet;
mod statements;
pub mod table;
pub mod windows;

pub use local::LocalReports;
pub use query::FieldError;
pub use remote::RemoteReports;
pub use statements::MOST_ROWS;
pub use windows::{WindowsQuery, WindowsReport};

/// What a report is about and how it is grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportQuery {
    /// Messages recorded at or after this, a multiple of 15 minutes.
    pub start: DateTime<Utc>,
    /// And before this, a multiple of 15 minutes.
    pub end: DateTime<Utc>,
    /// Whose days and hours `day` and `hour` are.
    pub tz: chrono_tz::Tz,
    /// The columns of the grouping, each at most once; none = one row.
    pub group_by: Vec<GroupBy>,
    /// Whether the message report has its percentiles, which take most of its time.
    pub percentiles: bool,
}

/// A column that a report can be grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// The campaign's name.
    Campaign,
    /// The campaign's type when the message was recorded.
    CampaignType,
    /// The gateway.
    Gateway,
    /// The sender.
    Sender,
    /// The subscriber's country.
    Country,
    /// The day, in the report's time zone.
    Day,
    /// The hour, in the report's time zone.
    Hour,
}

/// What every report carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportHead {
    /// Start of the range.
    pub start: DateTime<Utc>,
    /// End of the range, exclusive.
    pub end: DateTime<Utc>,
    /// IANA name of the time zone.
    pub tz: String,
    /// The grouping.
    pub group_by: Vec<GroupBy>,
    /// All facts committed before this are in, but for lines in quarantine; null before the first window is
    /// loaded.
    pub data_through: Option<DateTime<Utc>>,
    /// Which build of the warehouse answered.
    pub generation: String,
}

/// The values of the grouping's columns; those not asked for are absent. A group of messages that
/// lack the value (no gateway, say) has null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupKey {
    /// Campaign.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub campaign: Option<Option<String>>,
    /// Campaign type.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub campaign_type: Option<Option<String>>,
    /// Gateway.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub gateway: Option<Option<String>>,
    /// Sender.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub sender: Option<Option<String>>,
    /// Country.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub country: Option<Option<String>>,
    /// `2026-11-23`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// `2026-11-23T05:00:00+01:00`: the hour's begin with its offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
}

/// A key that is there has a value, be it null: serde alone would read null as an absent key, and a
/// group of messages without a campaign would lose its place on the way from the loader.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// One row of the message report. All counts are of messages recorded in the range, but for
/// `clicks`, `human_clicks`, `replies` and `opt_outs`, which are of what happened to them. Test
/// messages never count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessagesRow {
    /// The group.
    #[serde(flatten)]
    pub group: GroupKey,
    /// Messages, suppressed ones not included.
    pub messages: i64,
    /// Attempts suppressed because of an opt-out.
    pub suppressed: i64,
    /// Messages handed to a gateway (status other than `recorded`).
    pub submitted: i64,
    /// Exclusive statuses: these eleven add up to `messages`.
    pub recorded: i64,
    /// See `recorded`.
    pub accepted: i64,
    /// See `recorded`.
    pub queued: i64,
    /// See `recorded`.
    pub sent: i64,
    /// See `recorded`.
    pub unknown: i64,
    /// See `recorded`.
    pub delivered: i64,
    /// See `recorded`.
    pub undelivered: i64,
    /// See `recorded`.
    pub failed: i64,
    /// See `recorded`.
    pub rejected: i64,
    /// See `recorded`.
    pub expired: i64,
    /// See `recorded`.
    pub canceled: i64,
    /// delivered / submitted; null if nothing was submitted.
    pub delivery_rate: Option<f64>,
    /// Clicks, bots' included.
    pub clicks: i64,
    /// Clicks judged human.
    pub human_clicks: i64,
    /// Messages with at least one human click.
    pub unique_clicks: i64,
    /// Delivered messages with a link and a human click / delivered messages with a link.
    pub click_through_rate: Option<f64>,
    /// Inbound messages attached to these messages.
    pub replies: i64,
    /// Opt-outs that these messages led to.
    pub opt_outs: i64,
    /// Seconds from recorded to delivered, median, from a histogram.
    pub seconds_to_deliver_p50: Option<f64>,
    /// The same, 95th percentile.
    pub seconds_to_deliver_p95: Option<f64>,
    /// Seconds from recorded to the first human click, median, from a histogram.
    pub seconds_to_click_p50: Option<f64>,
    /// The same, 95th percentile.
    pub seconds_to_click_p95: Option<f64>,
}

/// The message report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MessagesReport {
    /// What it is about.
    #[serde(flatten)]
    pub head: ReportHead,
    /// Whether percentiles were asked for. Where they were not, those of all rows are null.
    #[serde(default = "asked_for")]
    pub percentiles: bool,
    /// Its rows, ordered by the grouping's columns.
    pub rows: Vec<MessagesRow>,
}

/// Reports of a loader from before reports could do without them have percentiles.
fn asked_for() -> bool {
    true
}

/// One row of the error report: messages whose current status is a final other than delivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorsRow {
    /// The group.
    #[serde(flatten)]
    pub group: GroupKey,
    /// The gateway that reported.
    pub error_gateway: Option<String>,
    /// `undelivered`, `failed`, `rejected`, `expired`, `canceled`.
    pub status: String,
    /// Our class.
    pub error_class: Option<String>,
    /// The gateway's code.
    pub error_code: Option<String>,
    /// Messages.
    pub messages: i64,
}

/// The error report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorsReport {
    /// What it is about.
    #[serde(flatten)]
    pub head: ReportHead,
    /// Its rows, most messages first within a group.
    pub rows: Vec<ErrorsRow>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The loader cannot be reached, or has not started.
    #[error("the warehouse is not available")]
    Unavailable(#[source] anyhow::Error),
    /// Over the limit of rows: group by less, or a shorter range.
    #[error("the report has more than {limit} rows")]
    TooLarge {
        /// The most rows given.
        limit: usize,
    },
    /// The warehouse refused the query: our mistake.
    #[error("the warehouse refused a query")]
    Query(#[source] anyhow::Error),
}

/// Where reports come from: the warehouse in this process, or the loader's over HTTP.
#[async_trait]
pub trait Reports: Send + Sync + std::fmt::Debug {
    /// Whether reports are to be had from here; not while a loader stands by.
    fn is_ready(&self) -> bool {
        true
    }
    /// Message status, delivery statistics, click-through.
    ///
    /// # Errors
    /// [`ReportError::TooLarge`] over the limit of rows; [`ReportError::Unavailable`] if the warehouse cannot
    /// be asked, or takes too long; [`ReportError::Query`] if it refuses.
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError>;
    /// What did not deliver, by gateway, error class and code.
    ///
    /// # Errors
    /// As [`Self::messages`].
    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError>;
    /// What the warehouse holds of the lake's windows.
    ///
    /// # Errors
    /// As [`Self::messages`].
    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_a_value_keeps_its_place_on_the_way() {
        let row = MessagesRow {
            group: GroupKey {
                campaign: Some(None),
                sender: Some(Some("x".to_owned())),
                ..GroupKey::default()
            },
            ..MessagesRow::default()
        };
        let json = serde_json::to_string(&row).unwrap();
        assert!(json.contains("\"campaign\":null"));
        let read: MessagesRow = serde_json::from_str(&json).unwrap();
        assert_eq!(read, row);
    }
}
