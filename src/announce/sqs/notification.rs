//! What a message of the queue says: S3's notifications, bare or as SNS and `EventBridge` wrap them.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// S3 tried whether it may post here.
    Test,
    /// Objects that were made; none if it tells of something else that befell objects.
    Created(Vec<Object>),
}

/// An object of some bucket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// Why a body says nothing that we understand.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("it is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is no notification of S3's, bare or by SNS or EventBridge")]
    Unknown,
    #[error("an object's key is not UTF-8: {0}")]
    Key(String),
}

/// Every form at once: what a body lacks tells which it is.
#[derive(Deserialize)]
struct Body {
    /// S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
    /// S3's trial: `{"Service":"Amazon S3","Event":"s3:TestEvent",…}`.
    #[serde(rename = "Event")]
    event: Option<String>,
    /// SNS: `{"Type":"Notification","Message":"…",…}`.
    #[serde(rename = "Message")]
    message: Option<String>,
    /// `EventBridge`: `{"source":"aws.s3","detail-type":"Object Created","detail":{…}}`.
    source: Option<String>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    detail: Option<Place>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    s3: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Bucket,
    object: Key,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

/// Reads a message's body.
pub(super) fn read(body: &str) -> Result<Notice, Malformed> {
    let body: Body = serde_json::from_str(body)?;
    match body {
        Body {
            message: Some(inner),
            ..
        } => bare(serde_json::from_str(&inner)?),
        Body {
            source: Some(source),
            detail: Some(place),
            detail_type,
            ..
        } if source == "aws.s3" => {
            // EventBridge does not encode keys.
            let created = detail_type.as_deref() == Some("Object Created");
            Ok(Notice::Created(if created {
                vec![Object {
                    bucket: place.bucket.name,
                    key: place.object.key,
                }]
            } else {
                Vec::new()
            }))
        }
        body => bare(body),
    }
}

fn bare(body: Body) -> Result<Notice, Malformed> {
    if body.event.as_deref() == Some("s3:TestEvent") {
        return Ok(Notice::Test);
    }
    let records = body.records.ok_or(Malformed::Unknown)?;
    // MinIO and others write `s3:ObjectCreated:Put` where AWS writes `ObjectCreated:Put`.
    let created = records.into_iter().filter(|record| {
        let name = &record.event_name;
        name.strip_prefix("s3:")
            .unwrap_or(name)
            .starts_with("ObjectCreated:")
    });
    let objects = created.map(|record| {
        Ok(Object {
            key: decode(&record.s3.object.key)?,
            bucket: record.s3.bucket.name,
        })
    });
    objects.collect::<Result<_, _>>().map(Notice::Created)
}

/// AWS keeps slashes and writes a space as `+`; others encode slashes too, or write a space as `%20`.
/// A plus sign in a key is `%2B` to all of them.
fn decode(key: &str) -> Result<String, Malformed> {
    let spaced = key.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8();
    text.map(Into::into)
        .map_err(|_| Malformed::Key(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "my lake+/_manifest/dt=2026-11-23/0001-0000000042.json";

    fn record(event: &str, key: &str) -> serde_json::Value {
        json!({"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": event,
            "s3": {"bucket": {"name": "lake", "arn": "arn:aws:s3:::lake"},
                   "object": {"key": key, "size": 7, "sequencer": "00"}}})
    }

    fn created(key: &str) -> Notice {
        let (bucket, key) = ("lake".to_owned(), key.to_owned());
        Notice::Created(vec![Object { bucket, key }])
    }

    #[test]
    fn every_encoding_of_a_key_is_the_same_key() {
        for encoded in [
            "my+lake%2B/_manifest/dt%3D2026-11-23/0001-0000000042.json",
            "my+lake%2B%2F_manifest%2Fdt%3D2026-11-23%2F0001-0000000042.json",
            "my%20lake%2B/_manifest/dt=2026-11-23/0001-0000000042.json",
        ] {
            let body = json!({"Records": [record("ObjectCreated:Put", encoded)]});
            assert_eq!(read(&body.to_string()).unwrap(), created(KEY), "{encoded}");
        }
    }

    #[test]
    fn sns_and_eventbridge_tell_the_same() {
        let inner = json!({"Records": [record("ObjectCreated:Put", "a%2Fb")]}).to_string();
        let sns = json!({"Type": "Notification", "TopicArn": "arn", "Message": inner});
        assert_eq!(read(&sns.to_string()).unwrap(), created("a/b"));
        let bridge = |detail_type| {
            json!({"version": "0", "source": "aws.s3", "detail-type": detail_type,
                "detail": {"bucket": {"name": "lake"}, "object": {"key": "a%2Fb"}}})
            .to_string()
        };
        assert_eq!(read(&bridge("Object Created")).unwrap(), created("a%2Fb"));
        let deleted = read(&bridge("Object Deleted")).unwrap();
        assert_eq!(deleted, Notice::Created(Vec::new()));
    }

    #[test]
    fn several_records_are_read_and_only_the_making_of_objects_counts() {
        let body = json!({"Records": [
            record("ObjectCreated:Put", "a"),
            record("ObjectRemoved:Delete", "b"),
            record("s3:ObjectCreated:CompleteMultipartUpload", "c"),
        ]});
        let Notice::Created(objects) = read(&body.to_string()).unwrap() else {
            panic!("not a notification")
        };
        let keys: Vec<_> = objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["a", "c"]);
    }

    #[test]
    fn the_trial_is_known_bare_and_by_sns() {
        let trial = json!({"Service": "Amazon S3", "Event": "s3:TestEvent",
            "Time": "2026-11-23T05:00:00.000Z", "Bucket": "lake", "RequestId": "x", "HostId": "y"});
        assert_eq!(read(&trial.to_string()).unwrap(), Notice::Test);
        let sns = json!({"Type": "Notification", "Message": trial.to_string()});
        assert_eq!(read(&sns.to_string()).unwrap(), Notice::Test);
    }

    #[test]
    fn what_is_no_notification_says_why() {
        for (body, says) in [
            ("", "JSON"),
            ("hello", "JSON"),
            ("7", "JSON"),
            ("{}", "no notification"),
            ("{\"Message\":\"hello\"}", "JSON"),
            ("{\"Message\":\"{}\"}", "no notification"),
            ("{\"source\":\"aws.ec2\"}", "no notification"),
            ("{\"Records\":[{}]}", "eventName"),
            (
                "{\"Records\":[{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"%ff\"}}}]}",
                "UTF-8",
            ),
        ] {
            let why = read(body).unwrap_err().to_string();
            assert!(why.contains(says), "{body}: {why}");
        }
    }
}
