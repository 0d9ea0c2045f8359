//! A link as bytes: its texts without an allocation each, its times as numbers.

use super::super::facts::LinkTarget;
use crate::event::Context;
use chrono::serde::{ts_microseconds, ts_microseconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// A [`LinkTarget`] without its code, which is the key. Times have microseconds, as PostgreSQL's do.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    number: i64,
    #[serde(borrow)]
    target_url: &'a str,
    fallback_url: Option<&'a str>,
    #[serde(with = "ts_microseconds_option")]
    expires_at: Option<DateTime<Utc>>,
    subscriber_id: Option<Uuid>,
    message_id: Uuid,
    #[serde(with = "ts_microseconds")]
    message_recorded_at: DateTime<Utc>,
    campaign: Option<&'a str>,
    campaign_type: Option<&'a str>,
    sender: Option<&'a str>,
    country: Option<&'a str>,
    gateway: Option<&'a str>,
    test: Option<bool>,
}

/// The link's bytes; none for one that lacks what every link has, which then is not kept.
pub(super) fn pack(link: &LinkTarget) -> Option<Arc<[u8]>> {
    let context = &link.context;
    let packed = Packed {
        number: link.number,
        target_url: &link.target_url,
        fallback_url: link.fallback_url.as_deref(),
        expires_at: link.expires_at,
        subscriber_id: context.subscriber_id,
        message_id: context.message_id?,
        message_recorded_at: context.message_recorded_at?,
        campaign: context.campaign.as_deref(),
        campaign_type: context.campaign_type.as_deref(),
        sender: context.sender.as_deref(),
        country: context.country.as_deref(),
        gateway: context.gateway.as_deref(),
        test: context.test,
    };
    postcard::to_stdvec(&packed).ok().map(Arc::from)
}

/// The link of these bytes; none if they are no link's.
pub(super) fn unpack(code: &str, bytes: &[u8]) -> Option<LinkTarget> {
    let packed: Packed<'_> = postcard::from_bytes(bytes).ok()?;
    let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
    Some(LinkTarget {
        number: packed.number,
        code: code.to_owned(),
        target_url: packed.target_url.to_owned(),
        fallback_url: owned(packed.fallback_url),
        expires_at: packed.expires_at,
        context: Context {
            subscriber_id: packed.subscriber_id,
            message_id: Some(packed.message_id),
            message_recorded_at: Some(packed.message_recorded_at),
            campaign: owned(packed.campaign),
            campaign_type: owned(packed.campaign_type),
            sender: owned(packed.sender),
            country: owned(packed.country),
            gateway: owned(packed.gateway),
            test: packed.test,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = Option<String>> {
        proptest::option::of("\\PC{0,40}")
    }

    fn time() -> impl Strategy<Value = DateTime<Utc>> {
        // Years 1970 to 2262, in microseconds.
        (0..9_223_372_036_854_775_i64)
            .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
    }

    fn id() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    prop_compose! {
        fn context()(
            subscriber_id in proptest::option::of(id()), message_id in id(), recorded_at in time(),
            campaign in text(), campaign_type in text(), sender in text(), country in text(),
            gateway in text(), test in any::<Option<bool>>(),
        ) -> Context {
            Context {
                subscriber_id,
                message_id: Some(message_id),
                message_recorded_at: Some(recorded_at),
                campaign,
                campaign_type,
                sender,
                country,
                gateway,
                test,
            }
        }
    }

    prop_compose! {
        fn link()(
            number in any::<i64>(), code in "[A-Za-z0-9]{1,12}", target_url in "\\PC{0,200}",
            fallback_url in text(), expires_at in proptest::option::of(time()), context in context(),
        ) -> LinkTarget {
            LinkTarget { number, code, target_url, fallback_url, expires_at, context }
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(link in link()) {
            let bytes = pack(&link).unwrap();
            prop_assert_eq!(unpack(&link.code, &bytes), Some(link.clone()));
        }

        #[test]
        fn other_bytes_are_no_panic(bytes in any::<Vec<u8>>()) {
            unpack("code", &bytes);
        }
    }

    #[test]
    fn a_usual_link_is_small() {
        let target_url = "https://shop.example/autumn/sale?utm_source=sms".to_owned();
        let link = LinkTarget {
            number: 1,
            code: "aB3dE6gH9k".to_owned(),
            target_url,
            fallback_url: None,
            expires_at: None,
            context: Context {
                subscriber_id: Some(Uuid::max()),
                message_id: Some(Uuid::max()),
                message_recorded_at: DateTime::from_timestamp_micros(1_800_000_000_000_000),
                campaign: Some("autumn-sale-2026".to_owned()),
                campaign_type: Some("promotion".to_owned()),
                sender: Some("43720".to_owned()),
                country: Some("AT".to_owned()),
                gateway: Some("kannel".to_owned()),
                test: Some(false),
            },
        };
        let bytes = pack(&link).unwrap();
        assert!(bytes.len() < 170, "{} bytes", bytes.len());
    }
}
