//! `textrail report`: a report of the running server.

use super::{output, server::Server};
use crate::cli::{Format, Report, ReportName};
use crate::report::sheet::{self, Sheet};
use crate::report::{ErrorsReport, MessagesReport, ReportHead, ReportQuery, table};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

pub(super) async fn run(arguments: &Report) -> Result<()> {
    let query = query(arguments)?;
    let path = match arguments.report {
        ReportName::Messages => "v1/reports/messages",
        ReportName::Errors => "v1/reports/errors",
    };
    let response = Server::find(&arguments.server)?
        .get(path, &parameters(&query))
        .await?;
    let text = response.text().await?;
    let text = match (arguments.format, arguments.report) {
        (Format::Table, ReportName::Messages) => {
            let report: MessagesReport = read(&text)?;
            shown(&report.head, &sheet::messages(&report))
        }
        (Format::Table, ReportName::Errors) => {
            let report: ErrorsReport = read(&text)?;
            shown(&report.head, &sheet::errors(&report))
        }
        (Format::Json | Format::Csv, _) => text,
    };
    output::line(text.trim_end())?;
    Ok(())
}

/// What the table is about, above the table.
fn shown(head: &ReportHead, sheet: &Sheet) -> String {
    let time = |time: DateTime<Utc>| time.format("%F %R").to_string();
    let through = head.data_through.map_or_else(
        || "nothing is loaded yet".to_owned(),
        |through| format!("complete through {}", through.format("%F %T")),
    );
    format!(
        "Messages recorded from {} to {} UTC; {through} UTC\n{}",
        time(head.start),
        time(head.end),
        table::write(sheet, table::terminal_width())
    )
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).context("the server's report is not one that this version reads")
}

/// Read here, too, so that a mistake is told in the words of the flags.
fn query(arguments: &Report) -> Result<Vec<(&'static str, String)>> {
    let read = ReportQuery::parse(
        arguments.start.as_deref(),
        arguments.end.as_deref(),
        arguments.tz.as_deref(),
        arguments.group_by.as_deref(),
        Utc::now(),
    );
    if let Err(errors) = read {
        let lines = errors
            .iter()
            .map(|error| format!("\n  --{}: {}", error.field.replace('_', "-"), error.message));
        bail!(
            "the report cannot be asked for:{}",
            lines.collect::<String>()
        );
    }
    let format = if arguments.format == Format::Csv {
        "csv"
    } else {
        "json"
    };
    let given = [
        ("start", &arguments.start),
        ("end", &arguments.end),
        ("tz", &arguments.tz),
        ("group_by", &arguments.group_by),
    ];
    let mut query = vec![("format", format.to_owned())];
    if arguments.no_percentiles {
        query.push(("percentiles", "false".to_owned()));
    }
    query.extend(
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    Ok(query)
}

fn parameters<'a>(query: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    query
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn query(flags: &[&str]) -> Vec<(&'static str, String)> {
        let words = ["textrail", "report"].iter().chain(flags);
        match Cli::parse_from(words).command {
            Command::Report(arguments) => super::query(&arguments).unwrap(),
            _ => unreachable!("another command"),
        }
    }

    #[test]
    fn percentiles_are_asked_for_unless_a_flag_says_otherwise() {
        let json = ("format", "json".to_owned());
        assert_eq!(query(&[]), std::slice::from_ref(&json));
        let without = ("percentiles", "false".to_owned());
        assert_eq!(query(&["--no-percentiles"]), [json, without]);
    }
}
