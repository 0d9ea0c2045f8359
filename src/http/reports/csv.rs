//! A report as CSV (RFC 4180): the grouping's columns, then the measures. A null is an empty field.
//! What JSON says of the whole report stands in headers.

use crate::report::{ErrorsReport, GroupBy, MessagesReport, ReportHead};
use actix_web::HttpResponse;
use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::Value;

/// The measures of the message report, in the order of its fields.
const MESSAGES: [&str; 25] = [
    "messages",
    "suppressed",
    "submitted",
    "recorded",
    "accepted",
    "queued",
    "sent",
    "unknown",
    "delivered",
    "undelivered",
    "failed",
    "rejected",
    "expired",
    "canceled",
    "delivery_rate",
    "clicks",
    "human_clicks",
    "unique_clicks",
    "click_through_rate",
    "replies",
    "opt_outs",
    "seconds_to_deliver_p50",
    "seconds_to_deliver_p95",
    "seconds_to_click_p50",
    "seconds_to_click_p95",
];

/// The columns of the error report, in the order of its fields.
const ERRORS: [&str; 5] = [
    "error_gateway",
    "status",
    "error_class",
    "error_code",
    "messages",
];

/// The message report.
pub(super) fn messages(report: &MessagesReport) -> anyhow::Result<HttpResponse> {
    Ok(answer(
        &report.head,
        write(&report.head, &MESSAGES, &report.rows)?,
    ))
}

/// The error report.
pub(super) fn errors(report: &ErrorsReport) -> anyhow::Result<HttpResponse> {
    Ok(answer(
        &report.head,
        write(&report.head, &ERRORS, &report.rows)?,
    ))
}

fn answer(head: &ReportHead, text: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header(("Textrail-Generation", head.generation.as_str()))
        .insert_header(("Textrail-Tz", head.tz.as_str()));
    if let Some(time) = &head.data_through {
        response.insert_header(("Textrail-Data-Through", time.to_rfc3339()));
    }
    response.body(text)
}

/// Rows by the names of their columns: serde flattens the group into a row, which the `csv` crate
/// cannot write by itself.
fn write(
    head: &ReportHead,
    measures: &[&'static str],
    rows: &[impl Serialize],
) -> anyhow::Result<Vec<u8>> {
    let group = head.group_by.iter().copied().map(GroupBy::as_str);
    let columns: Vec<&str> = group.chain(measures.iter().copied()).collect();
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(&columns)?;
    for row in rows {
        let row = serde_json::to_value(row)?;
        writer.write_record(columns.iter().map(|column| field(&row[*column])))?;
    }
    Ok(writer.into_inner()?)
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ErrorsRow, GroupKey, MessagesRow};
    use std::collections::BTreeSet;

    fn keys(row: &impl Serialize) -> BTreeSet<String> {
        let row = serde_json::to_value(row).unwrap();
        row.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn every_field_of_a_row_is_a_column() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(keys(&MessagesRow::default()), columns(&MESSAGES));
        assert_eq!(keys(&ErrorsRow::default()), columns(&ERRORS));
    }

    #[test]
    fn groups_come_first_and_null_is_empty() {
        let head = ReportHead {
            start: Default::default(),
            end: Default::default(),
            tz: "UTC".to_owned(),
            group_by: vec![GroupBy::Campaign, GroupBy::Gateway],
            data_through: None,
            generation: "1".to_owned(),
        };
        let row = ErrorsRow {
            group: GroupKey {
                campaign: Some(Some("a,\"b\"".to_owned())),
                gateway: Some(None),
                ..GroupKey::default()
            },
            status: "failed".to_owned(),
            messages: 3,
            ..ErrorsRow::default()
        };
        let text = String::from_utf8(write(&head, &ERRORS, &[row]).unwrap()).unwrap();
        insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
        campaign,gateway,error_gateway,status,error_class,error_code,messages
        "a,""b""",,,failed,,,3
        "#);
    }
}
