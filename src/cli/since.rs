//! Times of the past, as people write them.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// An RFC 3339 time, a date, which is its begin in UTC, or how long ago: a whole number of `s`, `m`,
/// `h` or `d`.
pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    ago(text)
        .and_then(|ago| Utc::now().checked_sub_signed(ago))
        .ok_or_else(|| {
            "must be a time, such as 2026-11-23T05:00:00Z, a date, or how long ago, such as 36h"
                .to_owned()
        })
}

fn ago(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok().filter(|n| *n >= 0)?;
    match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_three_ways() {
        assert_eq!(
            instant("2026-11-23T05:00:00+01:00").unwrap().to_rfc3339(),
            "2026-11-23T04:00:00+00:00"
        );
        assert_eq!(
            instant("2026-11-23").unwrap().to_rfc3339(),
            "2026-11-23T00:00:00+00:00"
        );
        let begun = Utc::now() - TimeDelta::hours(36);
        let asked = instant("36h").unwrap();
        assert!(begun <= asked && asked <= Utc::now() - TimeDelta::hours(36));
        assert_eq!(ago("90m"), Some(TimeDelta::minutes(90)));
        assert_eq!(ago("5s"), Some(TimeDelta::seconds(5)));
        assert_eq!(ago("2d"), Some(TimeDelta::days(2)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "h",
            "-1h",
            "1.5h",
            "1w",
            "5",
            "yesterday",
            "2ü",
            "9223372036854775807d",
        ] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
