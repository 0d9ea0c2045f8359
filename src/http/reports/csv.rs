//! A report as CSV. What JSON says of the whole report stands in headers.

use crate::report::sheet::{self, Sheet};
use crate::report::{ErrorsReport, MessagesReport, ReportHead, csv};
use actix_web::HttpResponse;

/// The message report.
pub(super) fn messages(report: &MessagesReport) -> anyhow::Result<HttpResponse> {
    answer(&report.head, &sheet::messages(report))
}

/// The error report.
pub(super) fn errors(report: &ErrorsReport) -> anyhow::Result<HttpResponse> {
    answer(&report.head, &sheet::errors(report))
}

fn answer(head: &ReportHead, sheet: &Sheet) -> anyhow::Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header(("Textrail-Generation", head.generation.as_str()))
        .insert_header(("Textrail-Tz", head.tz.as_str()));
    if let Some(time) = &head.data_through {
        response.insert_header(("Textrail-Data-Through", time.to_rfc3339()));
    }
    Ok(response.body(csv::write(sheet)?))
}
