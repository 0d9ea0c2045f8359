//! From a query to the statements that answer it. Text of a caller never becomes SQL: columns come
//! from a closed list, all else is a parameter.

use super::{GroupBy, ReportQuery};
use crate::warehouse::{Cell, Select};

/// The most rows of a report.
pub const MOST_ROWS: usize = 100_000;

const MESSAGES: &str = include_str!("sql/messages.sql");
const LATENCIES: &str = include_str!("sql/latencies.sql");
const ERRORS: &str = include_str!("sql/errors.sql");
const ORIGIN: &str = include_str!("sql/origin.sql");

/// Counts by group, in the report's order.
pub(super) fn messages(query: &ReportQuery) -> Select {
    let group: Vec<_> = (1..=query.group_by.len())
        .map(|position| position.to_string())
        .collect();
    let group = clause("GROUP BY", &group);
    let order = clause("ORDER BY", &order(query, "min(bucket)"));
    let sql = MESSAGES
        .replace("{keys}", &keys(query))
        .replace("{group}", &group)
        .replace("{order}", &order);
    select(query, sql, MOST_ROWS)
}

/// Histograms by group, in no order.
pub(super) fn latencies(query: &ReportQuery) -> Select {
    let sql = LATENCIES.replace("{keys}", &keys(query));
    select(query, sql, MOST_ROWS * 2 * super::latency::SLOTS)
}

/// Failures by group, in the report's order.
pub(super) fn errors(query: &ReportQuery) -> Select {
    let mut order = order(query, "min(bucket)");
    order.push("messages DESC, status, error_gateway, error_class, error_code".to_owned());
    let sql = ERRORS
        .replace("{keys}", &keys(query))
        .replace("{order}", &clause("ORDER BY", &order));
    select(query, sql, MOST_ROWS)
}

/// Through when the reports are complete, and the generation that answers: one row.
pub(super) fn origin() -> Select {
    Select {
        sql: ORIGIN.to_owned(),
        parameters: Vec::new(),
        most_rows: 1,
    }
}

fn select(query: &ReportQuery, sql: String, most_rows: usize) -> Select {
    let mut parameters = vec![Cell::Time(query.start), Cell::Time(query.end)];
    let local = [GroupBy::Day, GroupBy::Hour];
    if query.group_by.iter().any(|column| local.contains(column)) {
        parameters.push(Cell::Text(query.tz.name().to_owned()));
    }
    Select {
        sql,
        parameters,
        most_rows,
    }
}

/// The grouping's columns, each with its comma.
fn keys(query: &ReportQuery) -> String {
    let one = |column: &GroupBy| match column {
        GroupBy::Day => "local_day(bucket, $3) AS day, ".to_owned(),
        GroupBy::Hour => "local_hour(bucket, $3) AS hour, ".to_owned(),
        column => format!("{}, ", column.as_str()),
    };
    query.group_by.iter().map(one).collect()
}

/// The order of the groups. Hours stand in order of time: as text, the hour that a change of clocks
/// repeats would stand before itself.
fn order(query: &ReportQuery, time: &str) -> Vec<String> {
    let one = |column: &GroupBy| match column {
        GroupBy::Hour => time.to_owned(),
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
