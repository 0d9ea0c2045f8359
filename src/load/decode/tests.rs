use super::*;
use serde_json::{Map, json};

/// A line with every field of its kind, from the examples of the table.
fn line(kind: Kind) -> Map<String, serde_json::Value> {
    let mut line: Map<_, _> = fields(kind)
        .iter()
        .map(|field| {
            let value = match field.field_type {
                FieldType::Text | FieldType::Uuid | FieldType::Timestamp => json!(field.example),
                _ => serde_json::from_str(field.example).unwrap(),
            };
            (field.name.to_owned(), value)
        })
        .collect();
    line.insert("kind".to_owned(), json!(kind.as_str()));
    line
}

fn checked(kind: Kind, line: &Map<String, serde_json::Value>) -> Result<u64, String> {
    check(kind, serde_json::to_string(line).unwrap().as_bytes())
}

/// A match's line with `more` before its end.
fn with(more: &str) -> Vec<u8> {
    let line = serde_json::to_string(&line(Kind::Match)).unwrap();
    format!("{},{more}}}", line.strip_suffix('}').unwrap()).into_bytes()
}

#[test]
fn a_line_of_every_kind_with_every_field_passes() {
    for kind in Kind::ALL {
        assert_eq!(checked(kind, &line(kind)), Ok(0), "{kind}");
    }
}

#[test]
fn every_required_field_is_missed_and_no_other() {
    for kind in Kind::ALL {
        for field in fields(kind) {
            let mut line = line(kind);
            line.remove(field.name);
            let result = checked(kind, &line);
            // See `names_its_message`.
            let needed = match field.name {
                "message_recorded_at" => kind != Kind::Message,
                "message_id" => kind == Kind::Match,
                _ => field.required,
            };
            assert_eq!(result.is_err(), needed, "{kind} {}", field.name);
            line.insert(field.name.to_owned(), json!(null));
            let result = checked(kind, &line).unwrap_err();
            assert!(result.contains("null"), "{kind} {}: {result}", field.name);
        }
    }
}

#[test]
fn every_field_refuses_values_of_other_types() {
    let wrong = |field: &Field| match field.field_type {
        FieldType::Text => vec![json!(1), json!(true), json!(["a"]), json!({}), json!("a\0")],
        FieldType::Uuid => vec![
            json!("x"),
            json!("019ab0e46c1d7c3a9b570f4e2a6d1c55"),
            json!("{019ab0e4-6c1d-7c3a-9b57-0f4e2a6d1c55}"),
            json!(7),
        ],
        FieldType::Timestamp => vec![
            json!("2026-11-23T05:00:01"),
            json!("2026-11-23 05:00:01Z"),
            json!("2026-11-23T05:00:01z"),
            json!("2026-11-23T05:00:60Z"),
            json!("2026-02-30T05:00:01Z"),
            json!("2026-11-23"),
            json!(1_763_874_001),
        ],
        FieldType::Integer => vec![
            json!("1"),
            json!(1.6),
            json!(1.0),
            json!(u64::MAX),
            json!(1e300),
            json!(false),
        ],
        FieldType::Boolean => vec![json!("true"), json!(1), json!([])],
        FieldType::TextList => vec![
            json!("a"),
            json!([]),
            json!([1]),
            json!([null]),
            json!(["\0"]),
        ],
        FieldType::Links => vec![json!({}), json!([]), json!([1]), json!([{}]), json!("[]")],
    };
    for kind in Kind::ALL {
        for field in fields(kind) {
            for value in wrong(field) {
                let mut line = line(kind);
                line.insert(field.name.to_owned(), value.clone());
                let result = checked(kind, &line);
                assert!(result.is_err(), "{kind} {} {value}", field.name);
            }
        }
    }
}

#[test]
fn a_link_is_checked_like_a_line() {
    for (name, value) in [
        ("link_id", json!("42")),
        ("code", json!(1)),
        ("expires_at", json!("soon")),
    ] {
        let mut line = line(Kind::Message);
        line["links"][0][name] = value;
        assert!(checked(Kind::Message, &line).is_err(), "{name}");
    }
}

#[test]
fn other_offsets_and_any_number_of_digits_are_times() {
    for time in [
        "2026-11-23T05:00:01+02:00",
        "2026-11-23T05:00:01Z",
        "2026-11-23T05:00:01.123456789-11:30",
    ] {
        let mut line = line(Kind::OptOut);
        line["effective_at"] = json!(time);
        assert_eq!(checked(Kind::OptOut, &line), Ok(0), "{time}");
    }
}

#[test]
fn unknown_keys_are_counted_and_pass() {
    let more = br#"{"later":{"a":[1,-2,1.5,null,true,"x"]},"also":1,"#;
    let text = serde_json::to_string(&line(Kind::Match)).unwrap();
    let line = [more, &text.as_bytes()[1..]].concat();
    assert_eq!(check(Kind::Match, &line), Ok(2));
}

#[test]
fn what_duckdb_would_stumble_over_is_refused() {
    for more in [
        r#""later":"\u0000""#,
        r#""later\u0000":1"#,
        r#""later":{"deep":["\u0000"]}"#,
        r#""later":"\ud800""#,
        r#""later":1e999"#,
        r#""later":nan"#,
        r#""test":true,"test":true"#,
        r#""campaign":"a","campaign":"b""#,
    ] {
        assert!(check(Kind::Match, &with(more)).is_err(), "{more}");
    }
    // An escaped backslash before u0000 is no NUL.
    assert_eq!(check(Kind::Match, &with(r#""later":"\\u0000""#)), Ok(1));
}

#[test]
fn what_is_no_object_is_refused() {
    for line in [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"1",
        b"\"x\"",
        b"{} {}",
        b"{}",
        b"\xff",
        b"{\"kind\":\"\xc3\x28\"}",
        b"{\"kind\":\"match\0\"}",
        b"\0",
        b"\xef\xbb\xbf{}",
    ] {
        assert!(check(Kind::Match, line).is_err(), "{line:?}");
    }
    let deep = format!(r#""later":{}1{}"#, "[".repeat(500), "]".repeat(500));
    assert!(check(Kind::Match, &with(&deep)).is_err());
}

#[test]
fn another_kind_another_version_and_an_unknown_value_are_refused() {
    for (name, value, says) in [
        ("kind", json!("match"), "another kind"),
        ("kind", json!("nothing"), "another kind"),
        ("schema_version", json!(0), "none of 1 to"),
        ("schema_version", json!(2), "none of 1 to"),
        ("status", json!("lost"), "unknown variant"),
    ] {
        let mut line = line(Kind::Receipt);
        line.insert(name.to_owned(), value);
        let reason = checked(Kind::Receipt, &line).unwrap_err();
        assert!(reason.contains(says), "{reason}");
    }
}

#[test]
fn a_reason_names_the_field() {
    let mut line = line(Kind::Message);
    line["segments"] = json!("1");
    let reason = checked(Kind::Message, &line).unwrap_err();
    assert!(
        reason.starts_with(
            "invalid type: string \"1\", expected `segments` to be a whole number below 2^63"
        ),
        "{reason}"
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_checked_without_a_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        at in 0_usize..400,
        byte in proptest::num::u8::ANY,
    ) {
        let _ = check(Kind::Click, &bytes);
        let mut text = serde_json::to_vec(&line(Kind::Click)).unwrap();
        let place = at % text.len();
        text[place] = byte;
        if check(Kind::Click, &text).is_ok() {
            let read: serde_json::Value = serde_json::from_slice(&text).unwrap();
            proptest::prop_assert!(read.is_object());
        }
    }
}
