//! What a report is asked for with, from text: the same for the HTTP call and the command line.

use super::{GroupBy, ReportQuery};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use std::ops::RangeInclusive;

/// A field that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// `start`, `end`, `tz`, `group_by`.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Years that RFC 3339 can write, but for the first one.
const YEARS: RangeInclusive<i32> = 1..=9999;
/// Width of the warehouse's buckets in seconds. Every time zone's offset of our day is a multiple.
const BUCKET_SECONDS: i64 = 15 * 60;

impl GroupBy {
    /// Every column, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Campaign,
        Self::CampaignType,
        Self::Gateway,
        Self::Sender,
        Self::Country,
        Self::Day,
        Self::Hour,
    ];

    /// `campaign`, `campaign_type`, …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::CampaignType => "campaign_type",
            Self::Gateway => "gateway",
            Self::Sender => "sender",
            Self::Country => "country",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The column of such a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == text)
    }
}

impl ReportQuery {
    /// Reads a query from its texts.
    ///
    /// `start` and `end` are RFC 3339 times on a quarter of an hour, or dates, which mean that day's
    /// begin in `tz`. Without `end`, the range ends at the next quarter of an hour; without `start`,
    /// it is the day before a date, or the 24 hours before a time. `tz` is an IANA name, UTC unless
    /// given. `group_by` is a comma-separated list. All that is wrong is told at once. The percentiles
    /// are asked for.
    ///
    /// # Errors
    /// The fields that are wrong.
    pub fn parse(
        start: Option<&str>,
        end: Option<&str>,
        tz: Option<&str>,
        group_by: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let tz = take(&mut errors, parse_tz(tz)).unwrap_or(Tz::UTC);
        let group_by = take(&mut errors, parse_group_by(group_by)).unwrap_or_default();
        let range_end = match end {
            Some(text) => take(&mut errors, parse_instant("end", text, tz)),
            None => Some(next_bucket(now)),
        };
        let start = match (start, range_end) {
            (Some(text), _) => take(&mut errors, parse_instant("start", text, tz)),
            (None, Some(at)) => take(&mut errors, day_before(end.unwrap_or_default(), at, tz)),
            (None, None) => None,
        };
        match (start, range_end) {
            (Some(start), Some(end)) if start >= end => {
                errors.push(refuse("start", "must be before end".to_owned()));
                Err(errors)
            }
            (Some(start), Some(end)) if errors.is_empty() => Ok(Self {
                start,
                end,
                tz,
                group_by,
                percentiles: true,
            }),
            _ => Err(errors),
        }
    }
}

fn take<T>(errors: &mut Vec<FieldError>, result: Result<T, FieldError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

fn refuse(field: &'static str, message: String) -> FieldError {
    FieldError { field, message }
}

fn parse_tz(text: Option<&str>) -> Result<Tz, FieldError> {
    let text = text.unwrap_or("UTC");
    text.parse().map_err(|_| {
        refuse(
            "tz",
            format!("`{text}` is no IANA time zone, such as Europe/Vienna"),
        )
    })
}

fn parse_group_by(text: Option<&str>) -> Result<Vec<GroupBy>, FieldError> {
    let mut columns = Vec::new();
    let names = text.unwrap_or_default().split(',').map(str::trim);
    for name in names.filter(|name| !name.is_empty()) {
        let column = GroupBy::parse(name).ok_or_else(|| {
            let known = GroupBy::ALL.map(GroupBy::as_str).join(", ");
            refuse("group_by", format!("`{name}` is not one of {known}"))
        })?;
        if columns.contains(&column) {
            return Err(refuse("group_by", format!("`{name}` stands twice")));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn parse_instant(field: &'static str, text: &str, tz: Tz) -> Result<DateTime<Utc>, FieldError> {
    let instant = match text.parse::<NaiveDate>() {
        Ok(date) => begin_of_day(date, tz),
        Err(_) => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.to_utc()),
    };
    let instant = instant.filter(|time| YEARS.contains(&time.year()));
    let instant = instant.ok_or_else(|| {
        refuse(
            field,
            format!(
                "`{text}` is neither a date, such as 2026-11-23, nor an RFC 3339 time, such as \
                 2026-11-23T05:00:00Z (in a URL, write + as %2B)"
            ),
        )
    })?;
    if instant == floor(instant) {
        Ok(instant)
    } else {
        Err(refuse(
            field,
            "must fall on a quarter of an hour".to_owned(),
        ))
    }
}

/// Where a range begins of which only the end is told: `text` is what it was told by.
fn day_before(text: &str, end: DateTime<Utc>, tz: Tz) -> Result<DateTime<Utc>, FieldError> {
    let start = match text.parse::<NaiveDate>() {
        Ok(date) => date.pred_opt().and_then(|day| begin_of_day(day, tz)),
        Err(_) => end.checked_sub_signed(TimeDelta::days(1)),
    };
    start
        .filter(|time| YEARS.contains(&time.year()))
        .ok_or_else(|| {
            refuse(
                "start",
                "must be given: there is no day before end".to_owned(),
            )
        })
}

/// The first instant of a day. Where midnight does not exist (clocks went forward over it), or the
/// whole day does not (a zone crossed the date line), the first one after.
fn begin_of_day(date: NaiveDate, tz: Tz) -> Option<DateTime<Utc>> {
    let midnight = date.and_time(NaiveTime::MIN);
    let last = date
        .checked_add_days(Days::new(2))?
        .and_time(NaiveTime::MIN);
    std::iter::successors(Some(midnight), |local| {
        local.checked_add_signed(TimeDelta::seconds(BUCKET_SECONDS))
    })
    .take_while(|local| *local <= last)
    .find_map(|local| tz.from_local_datetime(&local).earliest())
    .map(|time| time.to_utc())
}

/// The bucket's begin that an instant falls in.
fn floor(instant: DateTime<Utc>) -> DateTime<Utc> {
    let past = instant.timestamp().rem_euclid(BUCKET_SECONDS);
    let whole = instant - TimeDelta::seconds(past);
    whole - TimeDelta::nanoseconds(i64::from(whole.timestamp_subsec_nanos()))
}

fn next_bucket(now: DateTime<Utc>) -> DateTime<Utc> {
    let begin = floor(now);
    if begin == now {
        now
    } else {
        begin + TimeDelta::seconds(BUCKET_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn parse(start: &str, end: &str, tz: &str) -> Result<ReportQuery, Vec<FieldError>> {
        let now = at("2026-11-23T05:03:00Z");
        ReportQuery::parse(Some(start), Some(end), Some(tz), None, now)
    }

    #[test]
    fn without_anything_it_is_the_last_day() {
        let query =
            ReportQuery::parse(None, None, None, None, at("2026-11-23T05:03:00.5Z")).unwrap();
        assert_eq!(query.start, at("2026-11-22T05:15:00Z"));
        assert_eq!(query.end, at("2026-11-23T05:15:00Z"));
        assert_eq!((query.tz, query.group_by), (Tz::UTC, vec![]));
    }

    #[test]
    fn dates_are_days_of_the_zone() {
        let query = parse("2026-03-29", "2026-03-30", "Europe/Vienna").unwrap();
        assert_eq!(query.start, at("2026-03-28T23:00:00Z"));
        assert_eq!(query.end, at("2026-03-29T22:00:00Z"), "a day of 23 hours");
        let query = parse("2026-01-01", "2026-01-02T00:00:00+05:45", "Asia/Kathmandu").unwrap();
        assert_eq!(query.start, at("2025-12-31T18:15:00Z"));
        assert_eq!(query.end, at("2026-01-01T18:15:00Z"));
    }

    #[test]
    fn a_date_alone_ends_the_day_before_it() {
        let now = at("2026-11-23T05:03:00Z");
        let start = |end, tz| {
            ReportQuery::parse(None, Some(end), Some(tz), None, now)
                .unwrap()
                .start
        };
        let day_of_25_hours = start("2026-10-26", "Europe/Vienna");
        assert_eq!(day_of_25_hours, at("2026-10-24T22:00:00Z"));
        let day_of_23_hours = start("2026-03-30", "Europe/Vienna");
        assert_eq!(day_of_23_hours, at("2026-03-28T23:00:00Z"));
        let hours = start("2026-10-26T00:00:00+01:00", "Europe/Vienna");
        assert_eq!(hours, at("2026-10-24T23:00:00Z"));
    }

    #[test]
    fn years_that_no_report_is_of_are_refused() {
        let now = at("2026-11-23T05:03:00Z");
        for (end, field) in [
            ("-262143-01-01", "end"),
            ("+262142-12-31", "end"),
            ("0000-06-01T00:00:00Z", "end"),
            ("0001-01-01", "start"),
        ] {
            let errors = ReportQuery::parse(None, Some(end), None, None, now).unwrap_err();
            assert_eq!((errors.len(), errors[0].field), (1, field), "{end}");
        }
    }

    #[test]
    fn a_day_without_midnight_begins_later() {
        let query = parse("2026-09-06", "2026-09-07", "America/Santiago").unwrap();
        assert_eq!(query.start, at("2026-09-06T04:00:00Z"));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let now = at("2026-11-23T05:03:00Z");
        let errors = ReportQuery::parse(
            Some("yesterday"),
            Some("2026-11-23T05:01:00Z"),
            Some("Vienna"),
            Some("campaign,colour"),
            now,
        )
        .unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["tz", "group_by", "end", "start"]);
    }

    #[test]
    fn an_empty_range_and_a_repeated_column_are_refused() {
        let errors = parse("2026-11-23", "2026-11-23", "UTC").unwrap_err();
        assert_eq!(errors[0].field, "start");
        let now = at("2026-11-23T05:03:00Z");
        let errors = ReportQuery::parse(None, None, None, Some("day,day"), now).unwrap_err();
        assert_eq!(errors[0].to_string(), "group_by: `day` stands twice");
    }
}
