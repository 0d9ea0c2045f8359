//! Waits until the report has what the run made, and compares.

use super::client::{Client, expect};
use super::expectation::Expectation;
use super::tally::{Counts, of_row};
use crate::report::{MessagesReport, MessagesRow};
use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, interval};

/// Between two looks at the report.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Reports begin and end at multiples of this many seconds.
const QUARTER_HOUR: i64 = 900;

/// Asks for the report until it shows the numbers, at most for `patience`. An error tells what
/// differs.
///
/// The report has them once it is complete through the last fact. Since that time is known to the
/// second only, a difference is believed when the report is complete through the second after it,
/// or when patience ends: without further traffic a report may never say more than the window that
/// held the last fact.
pub(super) async fn verify(
    client: &Client,
    expectation: &Expectation,
    patience: Duration,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    let last_fact = expectation.last_fact_at.unwrap_or(expectation.ended_at);
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let report = report(client, expectation).await?;
        let through = report.head.data_through;
        let differences = differences(expectation, &report.rows);
        if through.is_some_and(|through| through >= last_fact) && differences.is_empty() {
            return Ok(());
        }
        let complete = through.is_some_and(|through| through > last_fact + TimeDelta::seconds(1));
        if complete || Instant::now() > deadline {
            bail!(explain(through, last_fact, &differences));
        }
    }
}

fn explain(
    through: Option<DateTime<Utc>>,
    last_fact: DateTime<Utc>,
    differences: &[String],
) -> String {
    let through = through.map_or("nothing".to_owned(), |through| through.to_rfc3339());
    format!(
        "the report is complete through {through}, the last fact is of {last_fact}, and these numbers differ: {}",
        if differences.is_empty() {
            "none".to_owned()
        } else {
            differences.join("; ")
        }
    )
}

async fn report(client: &Client, expectation: &Expectation) -> anyhow::Result<MessagesReport> {
    let what = "the report";
    // A quarter of an hour more on both sides forgives clocks that differ; only this run's
    // campaigns are looked at.
    let start = quarter_hour(expectation.started_at) - TimeDelta::seconds(QUARTER_HOUR);
    let end = quarter_hour(expectation.ended_at) + TimeDelta::seconds(2 * QUARTER_HOUR);
    let query = [
        ("start", start.to_rfc3339_opts(SecondsFormat::Secs, true)),
        ("end", end.to_rfc3339_opts(SecondsFormat::Secs, true)),
        ("group_by", "campaign,campaign_type".to_owned()),
    ];
    let build = || {
        client
            .api(Method::GET, &["v1", "reports", "messages"])
            .query(&query)
    };
    let answer = expect(what, client.send(what, build).await?, &[StatusCode::OK])?;
    serde_json::from_slice(&answer.body).context(what)
}

fn quarter_hour(time: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = time.timestamp();
    let begin = seconds - seconds.rem_euclid(QUARTER_HOUR);
    DateTime::from_timestamp(begin, 0).unwrap_or(time)
}

/// What differs, in words. Rows of other campaigns than this run's are passed over.
fn differences(expectation: &Expectation, rows: &[MessagesRow]) -> Vec<String> {
    let mut shown = BTreeMap::<&str, [i64; 18]>::new();
    for row in rows {
        let (Some(Some(campaign)), Some(Some(label))) =
            (&row.group.campaign, &row.group.campaign_type)
        else {
            continue;
        };
        if expectation.campaigns.contains(campaign) {
            let sums = shown.entry(label).or_default();
            for (sum, number) in sums.iter_mut().zip(of_row(row)) {
                *sum += number;
            }
        }
    }
    let nothing = Counts::zero();
    let mut differences = Vec::new();
    let expected = &expectation.campaign_types.0;
    let strangers = shown
        .keys()
        .filter(|label| !expected.contains_key(**label))
        .copied();
    let labels = expected.keys().map(String::as_str).chain(strangers);
    for label in labels.collect::<Vec<_>>() {
        let wanted = expected.get(label).unwrap_or(&nothing).named();
        let numbers = shown.get(label).copied().unwrap_or_default();
        for ((name, range), number) in wanted.into_iter().zip(numbers) {
            let inside = u64::try_from(number).is_ok_and(|n| (range.min..=range.max).contains(&n));
            if !inside {
                differences.push(format!("{label} {name}: {range} recorded, {number} shown"));
            }
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::expectation::example;
    use crate::report::GroupKey;

    fn row(campaign: &str, campaign_type: &str) -> MessagesRow {
        MessagesRow {
            group: GroupKey {
                campaign: Some(Some(campaign.to_owned())),
                campaign_type: Some(Some(campaign_type.to_owned())),
                ..GroupKey::default()
            },
            ..MessagesRow::default()
        }
    }

    fn right() -> Vec<MessagesRow> {
        let promotion = MessagesRow {
            messages: 1,
            recorded: 1,
            clicks: 3, // 2 or 3: one answer was lost
            human_clicks: 2,
            unique_clicks: 1,
            ..row("autumn-sale-r1-1", "promotion")
        };
        let reminder = MessagesRow {
            suppressed: 1,
            ..row("autumn-sale-r1-1", "reminder")
        };
        vec![
            promotion,
            reminder,
            MessagesRow {
                messages: 9,
                ..row("another", "promotion")
            },
        ]
    }

    #[test]
    fn the_same_numbers_do_not_differ() {
        assert_eq!(differences(&example(), &right()), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_named() {
        let mut rows = right();
        rows[0].clicks = 4;
        rows.remove(1);
        rows.push(MessagesRow {
            replies: 1,
            ..row("autumn-sale-r1-1", "notice")
        });
        insta::assert_snapshot!(differences(&example(), &rows).join("\n"), @r"
        promotion clicks: 2–3 recorded, 4 shown
        reminder suppressed: 1 recorded, 0 shown
        notice replies: 0 recorded, 1 shown
        ");
    }

    #[test]
    fn quarter_hours_begin_on_the_clock() {
        let time = "2026-11-23T05:14:59.9Z".parse().unwrap();
        assert_eq!(quarter_hour(time).to_rfc3339(), "2026-11-23T05:00:00+00:00");
    }
}
