//! A report as columns and texts, which the CSV and the terminal's table are written from.

use super::{ErrorsReport, ErrorsRow, GroupBy, GroupKey, MessagesReport, MessagesRow};

/// A column: its name, and whether numbers stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// As in the JSON.
    pub name: &'static str,
    /// Numbers are written flush right.
    pub number: bool,
}

/// Columns and rows; null is an empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as wide as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// The message report as a sheet, without the columns of percentiles that were not asked for.
pub fn messages(report: &MessagesReport) -> Sheet {
    let groups = &report.head.group_by;
    let numbers = |row: &MessagesRow| {
        let percentiles = report.percentiles.then(|| percentiles(row));
        counts(row)
            .into_iter()
            .chain(percentiles.into_iter().flatten())
    };
    let names: Vec<_> = numbers(&MessagesRow::default())
        .map(|(name, _)| name)
        .collect();
    let rows = report.rows.iter().map(|row| {
        let numbers = numbers(row).map(|(_, value)| value);
        group_values(groups, &row.group).chain(numbers).collect()
    });
    Sheet {
        columns: columns(groups, &[], &names),
        rows: rows.collect(),
    }
}

/// The error report as a sheet.
pub fn errors(report: &ErrorsReport) -> Sheet {
    let groups = &report.head.group_by;
    let rows = report.rows.iter().map(|row| {
        let values = error_values(row).into_iter();
        group_values(groups, &row.group).chain(values).collect()
    });
    Sheet {
        columns: columns(
            groups,
            &["error_gateway", "status", "error_class", "error_code"],
            &["messages"],
        ),
        rows: rows.collect(),
    }
}

fn columns(groups: &[GroupBy], texts: &[&'static str], numbers: &[&'static str]) -> Vec<Column> {
    let column = |number| move |name| Column { name, number };
    let groups = groups.iter().copied().map(GroupBy::as_str);
    let texts = groups.chain(texts.iter().copied()).map(column(false));
    texts
        .chain(numbers.iter().copied().map(column(true)))
        .collect()
}

fn group_values<'a>(
    columns: &'a [GroupBy],
    group: &'a GroupKey,
) -> impl Iterator<Item = String> + 'a {
    columns.iter().map(|column| {
        let value = match column {
            GroupBy::Campaign => group.campaign.clone().flatten(),
            GroupBy::CampaignType => group.campaign_type.clone().flatten(),
            GroupBy::Gateway => group.gateway.clone().flatten(),
            GroupBy::Sender => group.sender.clone().flatten(),
            GroupBy::Country => group.country.clone().flatten(),
            GroupBy::Day => group.day.clone(),
            GroupBy::Hour => group.hour.clone(),
        };
        value.unwrap_or_default()
    })
}

fn error_values(row: &ErrorsRow) -> [String; 5] {
    [
        row.error_gateway.clone().unwrap_or_default(),
        row.status.clone(),
        row.error_class.clone().unwrap_or_default(),
        row.error_code.clone().unwrap_or_default(),
        row.messages.to_string(),
    ]
}

fn counts(row: &MessagesRow) -> [(&'static str, String); 21] {
    [
        ("messages", row.messages.to_string()),
        ("suppressed", row.suppressed.to_string()),
        ("submitted", row.submitted.to_string()),
        ("recorded", row.recorded.to_string()),
        ("accepted", row.accepted.to_string()),
        ("queued", row.queued.to_string()),
        ("sent", row.sent.to_string()),
        ("unknown", row.unknown.to_string()),
        ("delivered", row.delivered.to_string()),
        ("undelivered", row.undelivered.to_string()),
        ("failed", row.failed.to_string()),
        ("rejected", row.rejected.to_string()),
        ("expired", row.expired.to_string()),
        ("canceled", row.canceled.to_string()),
        ("delivery_rate", optional(row.delivery_rate)),
        ("clicks", row.clicks.to_string()),
        ("human_clicks", row.human_clicks.to_string()),
        ("unique_clicks", row.unique_clicks.to_string()),
        ("click_through_rate", optional(row.click_through_rate)),
        ("replies", row.replies.to_string()),
        ("opt_outs", row.opt_outs.to_string()),
    ]
}

fn percentiles(row: &MessagesRow) -> [(&'static str, String); 4] {
    [
        (
            "seconds_to_deliver_p50",
            optional(row.seconds_to_deliver_p50),
        ),
        (
            "seconds_to_deliver_p95",
            optional(row.seconds_to_deliver_p95),
        ),
        ("seconds_to_click_p50", optional(row.seconds_to_click_p50)),
        ("seconds_to_click_p95", optional(row.seconds_to_click_p95)),
    ]
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
