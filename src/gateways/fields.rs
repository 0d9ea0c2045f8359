//! Checks that the fields of all dialects share.

use super::FieldFault;
use crate::domain::text;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// The most characters of an id that a gateway gives.
pub const ID_LIMIT: usize = 255;
/// The most characters of a status or an error code.
pub const CODE_LIMIT: usize = 64;
/// The most characters of a subscriber's text: 255 segments of 153, the most that a
/// concatenated message can have (3GPP TS 23.040, 9.2.3.24.1).
pub const BODY_LIMIT: usize = 39_015;

/// The earliest time taken, 2000-01-01T00:00:00Z: what is older is a broken clock.
const EARLIEST: i64 = 946_684_800;

/// A gateway's id in the form in which ids are compared: without white space around it, in lower
/// case, without leading zeros. Providers write the same id differently in their answer and in
/// their receipts.
///
/// # Errors
/// If it is too long, or holds control characters.
pub fn canonical_id(field: &str, text: &str) -> Result<Option<String>, FieldFault> {
    let id = text.trim();
    if id.is_empty() {
        return Ok(None);
    }
    text::check(id, ID_LIMIT).map_err(|error| FieldFault::new(field, error))?;
    let significant = id.trim_start_matches('0');
    Ok(Some(match significant {
        "" => "0".to_owned(),
        id => id.to_lowercase(),
    }))
}

/// A status or an error code in the form in which it is stored: without white space around it.
///
/// # Errors
/// If it is too long, or holds control characters.
pub fn canonical_code(field: &str, text: &str) -> Result<Option<String>, FieldFault> {
    let code = text.trim();
    if code.is_empty() {
        return Ok(None);
    }
    text::check(code, CODE_LIMIT).map_err(|error| FieldFault::new(field, error))?;
    Ok(Some(code.to_owned()))
}

/// A status, which has to be there.
///
/// # Errors
/// If it is missing, too long, or holds control characters.
pub fn needed_code(field: &str, text: &str) -> Result<String, FieldFault> {
    canonical_code(field, text)?.ok_or_else(|| FieldFault::new(field, "must be given"))
}

/// Refuses times before 2000 and more than a day ahead: a broken clock, which would put a fact
/// where no report looks.
///
/// The time in microseconds, as PostgreSQL keeps it. A second 60, be it a leap second or 59.9996
/// rounded by a provider, is the first of the next minute: log lines have none.
///
/// # Errors
/// If it is before 2000 or more than a day ahead; in words.
pub fn plausible(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    if time.timestamp() < EARLIEST {
        Err("must not be before 2000-01-01T00:00:00Z")
    } else if time > now + TimeDelta::days(1) {
        Err("must not be more than a day ahead")
    } else {
        Ok(DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time))
    }
}

/// An RFC 3339 time that is plausible.
///
/// # Errors
/// If it is no such time, or not plausible.
pub fn time(field: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, FieldFault> {
    let time = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| {
        FieldFault::new(
            field,
            "must be an RFC 3339 time such as 2026-11-23T05:00:00Z",
        )
    })?;
    plausible(time.to_utc(), now).map_err(|message| FieldFault::new(field, message))
}

/// A subscriber's text: it may be empty, since an empty text was really sent.
///
/// # Errors
/// If it is longer than any concatenated message, or holds control characters.
pub fn body(field: &str, text: &str) -> Result<(), FieldFault> {
    match text::check(text, BODY_LIMIT) {
        Ok(()) | Err(text::TextError::Empty) => Ok(()),
        Err(error) => Err(FieldFault::new(field, error)),
    }
}

/// A subscriber's text as a gateway hands it in. Control characters are taken out rather than
/// refused: phones send form feeds, and a STOP must not be lost over one.
///
/// # Errors
/// If it is longer than any concatenated message.
pub fn clean_body(field: &str, text: &str) -> Result<String, FieldFault> {
    let kept =
        |character: &char| !character.is_control() || matches!(character, '\t' | '\n' | '\r');
    let text: String = text.chars().filter(kept).collect();
    body(field, &text)?;
    Ok(text)
}

/// An id or code that an item can do without: none if it is missing or cannot be stored. Nothing
/// that is not needed may cost a receipt.
pub fn spare<T>(result: Result<Option<T>, FieldFault>) -> Option<T> {
    result.ok().flatten()
}

/// A gateway's own time, if it is plausible: the receipt counts in any case, by our clock then.
pub fn spare_time(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    time.and_then(|time| plausible(time, now).ok())
}

/// A price that is a decimal number.
pub fn spare_price(text: Option<&str>) -> Option<String> {
    text.and_then(|text| decimal("price", text).ok())
}

/// A currency's code, if it is one (ISO 4217: three letters).
pub fn spare_currency(text: Option<&str>) -> Option<String> {
    let text = text?.trim().to_ascii_uppercase();
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(text)
}

/// Mobile country and network code, if it is one: 5 or 6 digits (ITU-T E.212).
pub fn spare_mcc_mnc(text: Option<&str>) -> Option<String> {
    let text = text?.trim();
    let is_code = matches!(text.len(), 5 | 6) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| text.to_owned())
}

/// A number of segments, if it can be one: 1 to 255 (3GPP TS 23.040, 9.2.3.24.1).
pub fn spare_segments(text: Option<&str>) -> Option<u16> {
    let count = text?.trim().parse().ok()?;
    (1..=255).contains(&count).then_some(count)
}

/// `YYMMDDhhmm`, as SMPP receipts write times (SMPP 3.4, appendix B), with or without seconds. It
/// names no zone; UTC is what SMSCs that are set well send.
pub fn compact_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let padded = match text.len() {
        10 => format!("20{text}00"),
        12 => format!("20{text}"),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&padded, "%Y%m%d%H%M%S")
        .ok()
        .map(|time| time.and_utc())
}

/// `2026-11-23 08:59:00`, with or without a fraction and an offset; without one it is UTC. RFC 3339 is
/// understood as well.
pub fn spaced_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let zoned = || DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map(|time| time.and_utc())
        .or_else(|_| zoned())
        .ok()
}

/// A decimal number with at most 12 digits before and 8 after the point, as it was written: a
/// price is never a binary fraction here.
///
/// # Errors
/// If it is no such number.
pub fn decimal(field: &str, text: &str) -> Result<String, FieldFault> {
    let text = text.trim();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if digits(whole, 12) && digits(fraction, 8) {
        Ok(text.to_owned())
    } else {
        Err(FieldFault::new(
            field,
            "must be a decimal number such as 0.0075",
        ))
    }
}

/// Takes a result apart: the value, or a note of the fault.
pub fn keep<T>(faults: &mut Vec<FieldFault>, result: Result<T, FieldFault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_decimals() {
        for good in ["0", "0.0075", "-1.5", "123456789012.12345678"] {
            assert_eq!(decimal("price", good).unwrap(), good);
        }
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1e3",
            "NaN",
            "1,5",
            "0x1",
            "1234567890123",
            "--1",
        ] {
            assert!(decimal("price", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn second_60_is_the_first_of_the_next_minute_and_nothing_is_finer_than_a_microsecond() {
        let now = "2026-11-23T06:00:00Z".parse().unwrap();
        let read = |text| time("t", text, now).unwrap().to_rfc3339();
        assert_eq!(read("2026-11-23T05:00:60Z"), "2026-11-23T05:01:00+00:00");
        assert_eq!(
            read("2026-11-23T05:00:59.1234569+00:00"),
            "2026-11-23T05:00:59.123456+00:00"
        );
        let spared = spare_time(spaced_time("2026-11-23 05:59:60"), now).unwrap();
        assert_eq!(spared, now);
    }

    #[test]
    fn ids_are_compared_without_case_and_leading_zeros() {
        let id = |text| canonical_id("id", text).unwrap();
        assert_eq!(id(" 00AbC0 ").as_deref(), Some("abc0"));
        assert_eq!(id("000").as_deref(), Some("0"));
        assert_eq!(id("  "), None);
    }

    #[test]
    fn what_can_be_spared_costs_nothing() {
        assert_eq!(spare_mcc_mnc(Some("23201")).as_deref(), Some("23201"));
        assert_eq!(spare_mcc_mnc(Some("at")), None);
        assert_eq!(spare_currency(Some("usd")).as_deref(), Some("USD"));
        assert_eq!(spare_currency(Some("$")), None);
        assert_eq!(spare_segments(Some(" 2")), Some(2));
        assert_eq!(
            ["0", "256", "-1", "two"].map(|text| spare_segments(Some(text))),
            [None; 4]
        );
        let time = compact_time("2611230859").unwrap();
        assert_eq!(time.to_rfc3339(), "2026-11-23T08:59:00+00:00");
        assert_eq!(
            compact_time("261123085930").unwrap() - time,
            TimeDelta::seconds(30)
        );
        for text in [
            "2026-11-23 08:59:00",
            "2026-11-23 08:59:00.000000",
            "2026-11-23 08:59:00+00:00",
            "2026-11-23T09:59:00+01:00",
        ] {
            assert_eq!(spaced_time(text), Some(time), "{text}");
        }
        assert_eq!(spaced_time("2026-11-23"), None);
        assert_eq!(compact_time("2613230859"), None);
        assert_eq!(compact_time("öö23230859"), None);
    }

    #[test]
    fn implausible_times_are_refused() {
        let now = Utc::now();
        assert!(time("at", "1999-12-31T23:59:59Z", now).is_err());
        assert!(time("at", "2000-01-01T00:00:00Z", now).is_ok());
        assert!(plausible(now + TimeDelta::hours(23), now).is_ok());
        assert!(plausible(now + TimeDelta::hours(25), now).is_err());
        assert!(time("at", "yesterday", now).is_err());
        assert!(time("at", "+262142-12-31T23:59:59Z", now).is_err());
    }
}
