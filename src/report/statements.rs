//! From a query to the statements that answer it. Text of a caller never becomes SQL: columns come
//! from a closed list, all else is a parameter.

use super::{GroupBy, ReportQuery, buckets::Buckets};
use crate::warehouse::{Cell, Select};
use std::collections::BTreeSet;

/// The most rows of a report.
pub const MOST_ROWS: usize = 100_000;

const MESSAGES: &str = include_str!("sql/messages.sql");
const LATENCIES: &str = include_str!("sql/latencies.sql");
const ERRORS: &str = include_str!("sql/errors.sql");
/// `{tz}` is the time zone's parameter.
const HOUR_BEGINS: &str =
    "min(bucket) - to_minutes(date_part('minute', min(bucket) AT TIME ZONE {tz}))";
const ORIGIN: &str = include_str!("sql/origin.sql");

/// Counts by group, in the report's order.
pub(super) fn messages(query: &ReportQuery) -> Select {
    let order = clause("ORDER BY", &order(query));
    let mut group = clause("GROUP BY", &positions(query.group_by.len()));
    if !group.is_empty() {
        // Messages may have left a group with a change that is not folded yet. One that is of all has its
        // row in any case.
        group.push_str(" HAVING sum(messages) + sum(suppressed) > 0");
    }
    let sql = MESSAGES
        .replace("{group}", &group)
        .replace(
            "{group_within}",
            &clause("GROUP BY", &positions(within(query).len())),
        )
        .replace("{order}", &order);
    select(query, Buckets::of_messages(query), &sql, MOST_ROWS)
}

/// Histograms by group and measure, in no order.
pub(super) fn latencies(query: &ReportQuery) -> Select {
    select(query, Buckets::of_messages(query), LATENCIES, MOST_ROWS * 2)
}

/// Failures by group, in the report's order.
pub(super) fn errors(query: &ReportQuery) -> Select {
    let mut order = order(query);
    order.push("messages DESC, status, error_gateway, error_class, error_code".to_owned());
    let sql = ERRORS.replace("{order}", &clause("ORDER BY", &order));
    select(query, Buckets::of_errors(query), &sql, MOST_ROWS)
}

/// Through when the reports are complete, and the generation that answers: one row.
pub(super) fn origin() -> Select {
    Select {
        sql: ORIGIN.to_owned(),
        parameters: Vec::new(),
        most_rows: 1,
    }
}

/// A statement about these buckets, with the columns of the grouping in it.
fn select(query: &ReportQuery, buckets: Buckets, sql: &str, most_rows: usize) -> Select {
    let mut parameters = buckets.parameters;
    let local = [GroupBy::Day, GroupBy::Hour];
    if query.group_by.iter().any(|column| local.contains(column)) {
        parameters.push(Cell::Text(query.tz.name().to_owned()));
    }
    let tz = format!("${}", parameters.len());
    let sql = sql
        .replace("{buckets}", &buckets.sql)
        .replace("{changes}", &buckets.changes)
        .replace("{keys}", &keys(query, &tz))
        .replace("{within}", &all(&within(query)))
        .replace("{tz}", &tz);
    Select {
        sql,
        parameters,
        most_rows,
    }
}

/// The grouping's columns, each with its comma. `tz` is the time zone's parameter.
fn keys(query: &ReportQuery, tz: &str) -> String {
    let one = |column: &GroupBy| match column {
        GroupBy::Day => format!("local_day(bucket, {tz}) AS day, "),
        GroupBy::Hour => format!("local_hour(bucket, {tz}) AS hour, "),
        column => format!("{}, ", column.as_str()),
    };
    query.group_by.iter().map(one).collect()
}

/// The columns of the buckets that the grouping comes from: days and hours from a bucket's time.
fn within(query: &ReportQuery) -> Vec<&'static str> {
    let columns: BTreeSet<_> = query
        .group_by
        .iter()
        .map(|column| match column {
            GroupBy::Day | GroupBy::Hour => "bucket",
            column => column.as_str(),
        })
        .collect();
    columns.into_iter().collect()
}

/// Columns, each with its comma.
fn all(columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{column}, ")).collect()
}

/// The first so many columns, as GROUP BY takes them.
fn positions(count: usize) -> Vec<String> {
    (1..=count).map(|position| position.to_string()).collect()
}

/// The order of the groups. Hours stand in order of time: as text, the hour that a change of clocks
/// repeats would stand before itself. What tells the time is where the hour begins, not which of its buckets
/// a row has: rows of one hour stand together, whatever else they are grouped by.
fn order(query: &ReportQuery) -> Vec<String> {
    let one = |column: &GroupBy| match column {
        GroupBy::Hour => HOUR_BEGINS.to_owned(),
        column => format!("{} NULLS LAST", column.as_str()),
    };
    query.group_by.iter().map(one).collect()
}

fn clause(word: &str, parts: &[String]) -> String {
    if parts.is_empty() {
        String::new()
    } else {
        format!("{word} {}", parts.join(", "))
    }
}
