//! Reports made of the warehouse's rows.

use super::{
    ErrorsReport, ErrorsRow, GroupBy, GroupKey, MessagesReport, MessagesRow, ReportError,
    ReportHead, ReportQuery,
    latency::{Histogram, percentile},
};
use crate::warehouse::{Cell, Rows};
use anyhow::Context;
use std::collections::HashMap;

/// The message report, of the rows of `sql/origin.sql`, `sql/messages.sql` and `sql/latencies.sql`.
pub(super) fn messages(
    query: &ReportQuery,
    origin: &Rows,
    counts: Rows,
    latencies: Rows,
) -> Result<MessagesReport, ReportError> {
    let width = query.group_by.len();
    let latencies = percentiles(width, latencies)?;
    let rows = counts.into_iter().map(|row| {
        let (keys, counts) = row.split_at(width);
        let group = group(&query.group_by, keys);
        message_row(group, &mut counts.iter(), &latencies, keys)
    });
    Ok(MessagesReport {
        rows: rows.collect::<Result<_, _>>()?,
        head: head(query, origin)?,
        percentiles: query.percentiles,
    })
}

/// The error report, of the rows of `sql/origin.sql` and `sql/errors.sql`.
pub(super) fn errors(
    query: &ReportQuery,
    origin: &Rows,
    failures: &Rows,
) -> Result<ErrorsReport, ReportError> {
    let rows = failures.iter().map(|row| {
        let (keys, rest) = row.split_at(query.group_by.len());
        error_row(group(&query.group_by, keys), rest)
    });
    Ok(ErrorsReport {
        rows: rows.collect::<Result<_, _>>()?,
        head: head(query, origin)?,
    })
}

/// Through when, and of which generation: of the snapshot that the rows are of.
fn head(query: &ReportQuery, origin: &Rows) -> Result<ReportHead, ReportError> {
    let [boundary, generation] = origin.first().map_or(&[][..], Vec::as_slice) else {
        return Err(unexpected("an origin of another width"));
    };
    let generation = generation.text();
    Ok(ReportHead {
        start: query.start,
        end: query.end,
        tz: query.tz.name().to_owned(),
        group_by: query.group_by.clone(),
        data_through: boundary.time(),
        generation: generation
            .ok_or_else(|| unexpected("a generation without a name"))?
            .to_owned(),
    })
}

/// The seconds within which half and 95 % of a group's messages were delivered, and were clicked.
type Latencies = HashMap<Vec<Option<String>>, [[Option<f64>; 2]; 2]>;

fn percentiles(width: usize, rows: Rows) -> Result<Latencies, ReportError> {
    let mut groups = Latencies::new();
    for row in rows {
        let (keys, rest) = row.split_at(width);
        let [measure, Cell::Integers(histogram)] = rest else {
            return Err(unexpected("a histogram's row of another shape"));
        };
        let histogram: Histogram = histogram
            .chunks_exact(2)
            .map(|entry| (entry[0], entry[1]))
            .collect();
        let measure = usize::from(measure.text() == Some("click"));
        let of_group = groups.entry(texts(keys)).or_default();
        of_group[measure] = [0.5, 0.95].map(|share| percentile(&histogram, share));
    }
    Ok(groups)
}

fn texts(keys: &[Cell]) -> Vec<Option<String>> {
    let text = |cell: &Cell| cell.text().map(str::to_owned);
    keys.iter().map(text).collect()
}

fn group(columns: &[GroupBy], keys: &[Cell]) -> GroupKey {
    let mut group = GroupKey::default();
    for (column, value) in columns.iter().zip(texts(keys)) {
        match column {
            GroupBy::Campaign => group.campaign = Some(value),
            GroupBy::CampaignType => group.campaign_type = Some(value),
            GroupBy::Gateway => group.gateway = Some(value),
            GroupBy::Sender => group.sender = Some(value),
            GroupBy::Country => group.country = Some(value),
            GroupBy::Day => group.day = value,
            GroupBy::Hour => group.hour = value,
        }
    }
    group
}

/// Reads the counts in the order of `sql/messages.sql`.
fn message_row<'a>(
    group: GroupKey,
    counts: &mut impl Iterator<Item = &'a Cell>,
    latencies: &Latencies,
    keys: &[Cell],
) -> Result<MessagesRow, ReportError> {
    let mut next = || {
        counts
            .next()
            // An error takes a trace with it: none is made where none is needed.
            .map_or_else(|| Err(unexpected("too few columns")), whole)
    };
    let mut row = MessagesRow {
        group,
        messages: next()?,
        suppressed: next()?,
        recorded: next()?,
        accepted: next()?,
        queued: next()?,
        sent: next()?,
        unknown: next()?,
        delivered: next()?,
        undelivered: next()?,
        failed: next()?,
        rejected: next()?,
        expired: next()?,
        canceled: next()?,
        clicks: next()?,
        human_clicks: next()?,
        unique_clicks: next()?,
        ..MessagesRow::default()
    };
    let delivered_with_link = next()?;
    let delivered_clicked = next()?;
    row.replies = next()?;
    row.opt_outs = next()?;
    row.submitted = row.messages - row.recorded;
    row.delivery_rate = rate(row.delivered, row.submitted);
    row.click_through_rate = rate(delivered_clicked, delivered_with_link);
    if let Some([deliver, click]) = latencies.get(&texts(keys)) {
        [row.seconds_to_deliver_p50, row.seconds_to_deliver_p95] = *deliver;
        [row.seconds_to_click_p50, row.seconds_to_click_p95] = *click;
    }
    Ok(row)
}

fn error_row(group: GroupKey, cells: &[Cell]) -> Result<ErrorsRow, ReportError> {
    let [gateway, status, class, code, messages] = cells else {
        return Err(unexpected("an error row of another width"));
    };
    let text = |cell: &Cell| cell.text().map(str::to_owned);
    Ok(ErrorsRow {
        group,
        error_gateway: text(gateway),
        status: text(status).ok_or_else(|| unexpected("an error without a status"))?,
        error_class: text(class),
        error_code: text(code),
        messages: whole(messages)?,
    })
}

/// A share, to the ten-thousandth; null of nothing. Exact: counts of messages stay below 2^53.
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

fn whole(cell: &Cell) -> Result<i64, ReportError> {
    cell.integer()
        .with_context(|| format!("{cell:?} is no whole number"))
        .map_err(ReportError::Query)
}

pub(super) fn unexpected(what: &'static str) -> ReportError {
    ReportError::Query(anyhow::anyhow!(what))
}
