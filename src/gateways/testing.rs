//! Calls of gateways, for the dialects' tests.

use super::{
    DialectSettings, FieldFault, GatewaySettings, Gateways, Inbound, Items, Receipt, Refusal,
    Sample, Secrets, Webhook,
};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;

mod attacks;
pub(super) use attacks::{no_byte_can_be_altered, no_bytes_make_it_panic};

/// When every call arrives unless a test says otherwise: 2026-11-18T23:06:40Z.
pub(super) const ARRIVED: i64 = 1_795_043_200;

/// The time of [`ARRIVED`].
pub(super) fn arrived() -> DateTime<Utc> {
    DateTime::from_timestamp(ARRIVED, 0).unwrap()
}

/// One gateway, named as its dialect is.
pub(super) struct Account {
    name: &'static str,
    gateways: Gateways,
}

impl Account {
    /// A gateway of a dialect with these secrets, newest first.
    pub(super) fn new(dialect: &'static str, secrets: &[&str]) -> Self {
        Self::with(
            dialect,
            DialectSettings {
                secrets: Secrets::new(secrets.iter().map(|text| (*text).to_owned()).collect()),
                ..DialectSettings::default()
            },
        )
    }

    /// A gateway of a dialect with these settings.
    pub(super) fn with(dialect: &'static str, proof: DialectSettings) -> Self {
        let settings = GatewaySettings {
            name: dialect.to_owned(),
            dialect: dialect.to_owned(),
            proof,
            ..GatewaySettings::default()
        };
        Self {
            name: dialect,
            gateways: Gateways::new(&[settings]).unwrap(),
        }
    }

    /// The gateway.
    pub(super) fn gateway(&self) -> &super::Gateway {
        self.gateways.find(self.name).unwrap()
    }

    /// Whether a call is taken for this gateway's. Nothing that is awaited may have to wait.
    pub(super) fn verify(&self, call: &Call) -> Result<(), Refusal> {
        let verified = self.gateway().verify(&call.webhook()).now_or_never();
        verified.expect("verification waited for something outside")
    }

    /// The receipts of a call.
    pub(super) fn receipts(&self, call: &Call) -> Items<Receipt> {
        self.gateway().receipts(&call.webhook()).unwrap()
    }

    /// The one receipt of a call.
    pub(super) fn receipt(&self, call: &Call) -> Result<Receipt, Vec<FieldFault>> {
        let mut items = self.receipts(call);
        assert_eq!(items.len(), 1, "{items:?}");
        items.remove(0)
    }

    /// The one inbound of a call.
    pub(super) fn inbound(&self, call: &Call) -> Result<Inbound, Vec<FieldFault>> {
        let mut items = self.gateway().inbound(&call.webhook()).unwrap();
        assert_eq!(items.len(), 1, "{items:?}");
        items.remove(0)
    }

    /// A signed receipt of the dialect's own making; none if only the provider can sign.
    pub(super) fn sample(&self, id: &str, raw_status: &str) -> Option<Call> {
        let url = format!("https://t.example/v1/gateways/{}/receipts", self.name);
        let sample = self.gateway().sample(&url, id, raw_status, arrived());
        sample.map(Call::of)
    }
}

/// One call, as the gateway makes it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) arrived_at: DateTime<Utc>,
}

impl Call {
    /// A GET of a whole URL.
    pub(super) fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            arrived_at: arrived(),
        }
    }

    /// A POST of JSON to a whole URL.
    pub(super) fn json(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::post(url, "application/json", body)
    }

    /// A POST of a form to a whole URL.
    pub(super) fn form(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::post(url, "application/x-www-form-urlencoded", body)
    }

    fn post(url: impl Into<String>, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let call = Self {
            method: "POST",
            body: body.into(),
            ..Self::get(url)
        };
        call.header("content-type", media_type)
    }

    /// The same with a header more, or another value of it.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
        self
    }

    /// The same, arriving at another second since 1970.
    pub(super) fn at(mut self, seconds: i64) -> Self {
        self.arrived_at = DateTime::from_timestamp(seconds, 0).unwrap();
        self
    }

    fn of(sample: Sample) -> Self {
        let call = Self {
            method: sample.method,
            body: sample.body,
            ..Self::get(sample.url)
        };
        let headers = sample.headers.iter();
        headers.fold(call, |call, (name, value)| call.header(name, value))
    }

    /// As the dialects see it.
    pub(super) fn webhook(&self) -> Webhook<'_> {
        Webhook {
            method: self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
            arrived_at: self.arrived_at,
        }
    }
}
