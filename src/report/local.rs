//! Reports from the warehouse in this process.

use super::{
    ErrorsReport, ErrorsRow, GroupBy, GroupKey, MessagesReport, MessagesRow, ReportError,
    ReportHead, ReportQuery, Reports, WindowsQuery, WindowsReport,
    latency::{Histogram, percentile},
    statements, windows,
};
use crate::warehouse::{Cell, Rows, Select, Warehouse, WarehouseError};
use anyhow::Context;
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Longest time that a report may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Longest time that counting every event of the warehouse may take.
pub(super) const DEEP_LIMIT: Duration = Duration::from_mins(10);

/// Reports from a warehouse that this process owns.
#[derive(Clone, Debug)]
pub struct LocalReports {
    warehouse: Arc<dyn Warehouse>,
}

impl LocalReports {
    /// Reports from this warehouse.
    pub fn new(warehouse: Arc<dyn Warehouse>) -> Self {
        Self { warehouse }
    }

    /// Reads on a blocking thread, all statements in one snapshot.
    async fn read(&self, statements: Vec<Select>) -> Result<Vec<Rows>, ReportError> {
        self.read_within(LIMIT, statements).await
    }

    async fn read_within(
        &self,
        limit: Duration,
        statements: Vec<Select>,
    ) -> Result<Vec<Rows>, ReportError> {
        let warehouse = self.warehouse.clone();
        let read = move || warehouse.read(&statements, limit);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(WarehouseError::TooManyRows { limit })) => Err(ReportError::TooLarge { limit }),
            Ok(Err(error @ WarehouseError::Timeout { .. })) => {
                Err(ReportError::Unavailable(error.into()))
            }
            Ok(Err(error)) => Err(ReportError::Query(error.into())),
            Err(error) => Err(ReportError::Query(error.into())),
        }
    }
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

#[async_trait]
impl Reports for LocalReports {
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        let mut statements = vec![statements::origin(), statements::messages(query)];
        if query.percentiles {
            statements.push(statements::latencies(query));
        }
        let mut results = self.read(statements).await?;
        if !query.percentiles {
            results.push(Rows::new());
        }
        let [origin, counts, latencies] = three(results)?;
        let histograms = histograms(query.group_by.len(), latencies)?;
        let rows = counts.into_iter().map(|row| {
            let (keys, counts) = row.split_at(query.group_by.len());
            let mut counts = counts.iter();
            message_row(group(&query.group_by, keys), &mut counts, &histograms, keys)
        });
        Ok(MessagesReport {
            rows: rows.collect::<Result<_, _>>()?,
            head: head(query, &origin)?,
            percentiles: query.percentiles,
        })
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        let statements = vec![statements::errors(query), statements::origin()];
        let mut results = self.read(statements).await?.into_iter();
        let rows = results.next().unwrap_or_default();
        let origin = results.next().unwrap_or_default();
        let rows = rows.iter().map(|row| {
            let (keys, rest) = row.split_at(query.group_by.len());
            error_row(group(&query.group_by, keys), rest)
        });
        Ok(ErrorsReport {
            rows: rows.collect::<Result<_, _>>()?,
            head: head(query, &origin)?,
        })
    }

    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        let limit = if query.deep { DEEP_LIMIT } else { LIMIT };
        let results = self.read_within(limit, windows::statements(query)).await?;
        windows::report(windows_rows(results)?)
    }
}

fn windows_rows(results: Vec<Rows>) -> Result<[Rows; 4], ReportError> {
    results
        .try_into()
        .map_err(|_| unexpected("another number of results than of statements"))
}

fn three(results: Vec<Rows>) -> Result<[Rows; 3], ReportError> {
    results
        .try_into()
        .map_err(|_| unexpected("another number of results than of statements"))
}

/// The histograms of deliveries and of clicks in each group.
type Histograms = HashMap<Vec<Option<String>>, [Histogram; 2]>;

fn histograms(width: usize, rows: Rows) -> Result<Histograms, ReportError> {
    let mut histograms = Histograms::new();
    for row in rows {
        let (keys, rest) = row.split_at(width);
        let [measure, slot, messages] = rest else {
            return Err(unexpected("a histogram's row of another width"));
        };
        let measure = usize::from(measure.text() == Some("click"));
        let group = histograms.entry(texts(keys)).or_default();
        group[measure].insert(whole(slot)?, whole(messages)?);
    }
    Ok(histograms)
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
    histograms: &Histograms,
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
    if let Some([deliver, click]) = histograms.get(&texts(keys)) {
        row.seconds_to_deliver_p50 = percentile(deliver, 0.5);
        row.seconds_to_deliver_p95 = percentile(deliver, 0.95);
        row.seconds_to_click_p50 = percentile(click, 0.5);
        row.seconds_to_click_p95 = percentile(click, 0.95);
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

/// A share, to the ten-thousandth; null of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of messages stay below 2^53"
)]
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
