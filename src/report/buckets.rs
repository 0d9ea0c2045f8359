//! Which buckets a report adds up: the longest that its range and its grouping are made of.
//!
//! A range is cut into whole days of UTC, the whole hours before and after them, and what is left at its
//! ends. Only days and hours of a time zone ask for shorter ones: those of Vienna are sums of UTC's hours,
//! those of Kathmandu of quarters. To these come the changes that are not folded into them yet, which are few
//! and of quarters.

use super::{GroupBy, ReportQuery};
use crate::warehouse::{Cell, Grain};
use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};

/// Ranges longer than this, some fifty years, are not searched for offsets.
const LONGEST_SEARCH: TimeDelta = TimeDelta::days(18_000);

/// A selection of buckets, and its parameters.
#[derive(Debug, PartialEq)]
pub(super) struct Buckets {
    /// In parentheses, with `$1` and so on for the parameters.
    pub(super) sql: String,
    /// The changes among them alone, whose histograms stand in two columns: what comes, and what goes.
    pub(super) changes: String,
    pub(super) parameters: Vec<Cell>,
}

/// Buckets of one grain, of a range that is whole in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    grain: Grain,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Buckets {
    /// Those of the message report.
    pub(super) fn of_messages(query: &ReportQuery) -> Self {
        let pieces = pieces(query.start, query.end, longest(query));
        let tables = pieces
            .iter()
            .map(|piece| (piece.grain.table(), piece.from, piece.to));
        let less = "SELECT * EXCLUDE (deliver_slots_less, click_slots_less) ";
        Self::union(tables, query, "bucket_changes", less)
    }

    /// Those of the error report, which are few.
    pub(super) fn of_errors(query: &ReportQuery) -> Self {
        let all = [("error_stats", query.start, query.end)].into_iter();
        Self::union(all, query, "error_changes", "")
    }

    /// Ranges of tables, and the changes of the report's whole range. `columns` of them are as those of
    /// the others.
    fn union<'a>(
        tables: impl Iterator<Item = (&'a str, DateTime<Utc>, DateTime<Utc>)>,
        query: &ReportQuery,
        changes: &'a str,
        columns: &str,
    ) -> Self {
        let mut parameters = Vec::new();
        let mut selection = |(table, from, to)| {
            let first = parameters.len() + 1;
            parameters.extend([Cell::Time(from), Cell::Time(to)]);
            format!(
                "FROM {table} WHERE bucket >= ${first} AND bucket < ${}",
                first + 1
            )
        };
        let mut selections: Vec<_> = tables.map(&mut selection).collect();
        let changes = selection((changes, query.start, query.end));
        selections.push(format!("{columns}{changes}"));
        Self {
            sql: format!("({})", selections.join(" UNION ALL ")),
            changes: format!("({changes})"),
            parameters,
        }
    }
}

/// The longest grain of which the report's groups are sums.
fn longest(query: &ReportQuery) -> Grain {
    let local = |column| query.group_by.contains(&column);
    if local(GroupBy::Hour) {
        divisible(query, Grain::Hour)
    } else if local(GroupBy::Day) {
        divisible(query, Grain::Day)
    } else {
        Grain::Day
    }
}

/// The longest grain, `grain` at most, by whole ones of which the time zone differs from UTC all the time.
fn divisible(query: &ReportQuery, grain: Grain) -> Grain {
    if query.end - query.start > LONGEST_SEARCH {
        return Grain::Quarter;
    }
    let day = TimeDelta::days(1);
    let times = std::iter::successors(Some(query.start), |time| time.checked_add_signed(day));
    let offsets: Vec<i64> = times
        .take_while(|time| *time < query.end)
        .chain([query.end])
        .map(|time| offset_seconds(query.tz, time))
        .collect();
    let mut grain = grain;
    while let Some(shorter) = grain.shorter()
        && offsets.iter().any(|offset| offset % grain.seconds() != 0)
    {
        grain = shorter;
    }
    grain
}

fn offset_seconds(tz: chrono_tz::Tz, time: DateTime<Utc>) -> i64 {
    let offset = tz.offset_from_utc_datetime(&time.naive_utc()).fix();
    offset.local_minus_utc().into()
}

/// A range as whole ones of a grain, and shorter ones before and after them.
fn pieces(from: DateTime<Utc>, to: DateTime<Utc>, grain: Grain) -> Vec<Piece> {
    let Some(shorter) = grain.shorter() else {
        return vec![Piece { grain, from, to }];
    };
    let (first, last) = (
        -begin_of(-from.timestamp(), grain),
        begin_of(to.timestamp(), grain),
    );
    let (Some(first), Some(last)) = (
        DateTime::from_timestamp(first, 0),
        DateTime::from_timestamp(last, 0),
    ) else {
        return pieces(from, to, shorter);
    };
    if first >= last {
        return pieces(from, to, shorter);
    }
    let mut all = Vec::new();
    if from < first {
        all.extend(pieces(from, first, shorter));
    }
    all.push(Piece {
        grain,
        from: first,
        to: last,
    });
    if last < to {
        all.extend(pieces(last, to, shorter));
    }
    all
}

/// The begin of the grain that a second is in.
fn begin_of(second: i64, grain: Grain) -> i64 {
    second - second.rem_euclid(grain.seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(start: &str, end: &str, tz: &str, group_by: &str) -> ReportQuery {
        let now = "2026-11-23T05:03:00Z".parse().unwrap();
        ReportQuery::parse(Some(start), Some(end), Some(tz), Some(group_by), now).unwrap()
    }

    fn told(start: &str, end: &str, tz: &str, group_by: &str) -> Vec<String> {
        let query = query(start, end, tz, group_by);
        let time = |time: DateTime<Utc>| time.format("%dT%H:%M").to_string();
        pieces(query.start, query.end, longest(&query))
            .iter()
            .map(|piece| format!("{:?} {} {}", piece.grain, time(piece.from), time(piece.to)))
            .collect()
    }

    #[test]
    fn a_range_is_days_with_hours_and_quarters_at_its_ends() {
        assert_eq!(
            told(
                "2026-11-01T21:45:00Z",
                "2026-11-05T02:15:00Z",
                "UTC",
                "campaign"
            ),
            [
                "Quarter 01T21:45 01T22:00",
                "Hour 01T22:00 02T00:00",
                "Day 02T00:00 05T00:00",
                "Hour 05T00:00 05T02:00",
                "Quarter 05T02:00 05T02:15",
            ]
        );
        assert_eq!(
            told("2026-11-01T21:15:00Z", "2026-11-01T21:45:00Z", "UTC", ""),
            ["Quarter 01T21:15 01T21:45"]
        );
        assert_eq!(
            told("2026-11-01", "2026-11-02", "Europe/Vienna", "sender"),
            ["Hour 31T23:00 01T23:00"],
            "no whole day of UTC"
        );
    }

    #[test]
    fn days_and_hours_are_sums_of_what_their_zone_is_whole_in() {
        let first = |tz, group_by| {
            let told = told("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", tz, group_by);
            told[0].split(' ').next().unwrap().to_owned()
        };
        assert_eq!(first("UTC", "campaign,day"), "Day");
        assert_eq!(
            first("Africa/Abidjan", "day"),
            "Day",
            "on Greenwich time all year"
        );
        assert_eq!(
            first("Europe/London", "day"),
            "Hour",
            "on summer time for a part of it"
        );
        assert_eq!(first("Europe/Vienna", "day"), "Hour");
        assert_eq!(first("Europe/Vienna", "country"), "Day");
        assert_eq!(first("UTC", "hour"), "Hour");
        assert_eq!(first("Asia/Kolkata", "hour"), "Quarter");
        assert_eq!(first("Asia/Kathmandu", "day"), "Quarter");
        assert_eq!(first("Asia/Kathmandu", "gateway"), "Day");
        let long = query("1000-01-01", "2026-01-01", "UTC", "day");
        assert_eq!(longest(&long), Grain::Quarter);
    }

    proptest! {
        #[test]
        fn pieces_are_the_range_and_each_is_whole(from in -10_000_i64..2_000_000, length in 1_i64..20_000, grain in 0_usize..3) {
            let grain = Grain::ALL[grain];
            let quarter = |number: i64| DateTime::from_timestamp(number * 900, 0).unwrap();
            let pieces = pieces(quarter(from), quarter(from + length), grain);
            prop_assert_eq!(pieces[0].from, quarter(from));
            prop_assert_eq!(pieces[pieces.len() - 1].to, quarter(from + length));
            prop_assert!(pieces.windows(2).all(|two| two[0].to == two[1].from));
            prop_assert!(pieces.len() <= 5);
            for piece in pieces {
                prop_assert!(piece.from < piece.to && piece.grain <= grain);
                for time in [piece.from, piece.to] {
                    prop_assert_eq!(time.timestamp() % piece.grain.seconds(), 0);
                }
            }
        }
    }
}
