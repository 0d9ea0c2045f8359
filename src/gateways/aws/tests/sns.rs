//! SNS, as far as a gateway meets it: it signs, serves its certificate, and takes confirmations.

use super::super::fetch::Fetch;
use super::super::topics::Topics;
use super::super::{Aws, Dialect, Refusal};
use crate::gateways::testing::Call;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{BoxFuture, FutureExt};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use url::Url;

pub(super) const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:sms";
pub(super) const CERTIFICATE: &str =
    "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa.pem";
pub(super) const SUBSCRIBE: &str =
    "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37";

/// Its key: RSA takes a while to make, so all tests share it.
static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap());

/// A certificate of the key, valid in the years from `first` until `end`.
pub(super) fn certificate(first: i32, end: i32) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["sns.amazonaws.com".to_owned()]).unwrap();
    params.not_before = date_time_ymd(first, 1, 1);
    params.not_after = date_time_ymd(end, 1, 1);
    params.self_signed(&*KEY).unwrap().pem().into_bytes()
}

/// Signs with SHA-256.
pub(super) fn sign(text: &str) -> String {
    let key = RsaKeyPair::from_pkcs8(&KEY.serialize_der()).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .unwrap();
    STANDARD.encode(signature)
}

/// What answers our GETs.
#[derive(Default)]
pub(super) struct Sns {
    pages: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
}

impl Sns {
    pub(super) fn serving(pages: &[(&str, Vec<u8>)]) -> Arc<Self> {
        let sns = Self::default();
        for (url, page) in pages {
            sns.serve(url, page.clone());
        }
        Arc::new(sns)
    }

    /// The usual: a certificate that is valid, and confirmations are taken.
    pub(super) fn usual() -> Arc<Self> {
        Self::serving(&[
            (CERTIFICATE, certificate(2026, 2028)),
            (SUBSCRIBE, b"<ConfirmSubscriptionResponse/>".to_vec()),
        ])
    }

    pub(super) fn serve(&self, url: &str, page: Vec<u8>) {
        self.pages.lock().unwrap().insert(url.to_owned(), page);
    }

    /// Every URL that was asked for.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Fetch for Sns {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        async move {
            self.asked.lock().unwrap().push(url.to_string());
            // Others get their turn to ask as well.
            tokio::task::yield_now().await;
            let page = self.pages.lock().unwrap().get(url.as_str()).cloned();
            page.ok_or_else(|| "SNS answered 404 Not Found".to_owned())
        }
        .boxed()
    }
}

/// A gateway that takes the events of [`TOPIC`].
pub(super) fn gateway(sns: &Arc<Sns>) -> Aws {
    let topics = Topics::new(&[TOPIC.to_owned()]).unwrap();
    Aws::new(topics, Arc::clone(sns) as Arc<dyn Fetch>)
}

/// Runs what waits for SNS.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    runtime.block_on(future)
}

/// As `Gateway::verify` does it.
pub(super) fn verify(gateway: &Aws, call: &Call) -> Result<(), Refusal> {
    block_on(gateway.prepare(&call.webhook()))?;
    gateway.verify(&call.webhook())
}

/// A signed notification.
pub(super) fn notification(message: &str) -> Value {
    let (id, time) = ("MSG-1", "2026-11-18T23:06:30.000Z");
    let text = format!(
        "Message\n{message}\nMessageId\n{id}\nTimestamp\n{time}\nTopicArn\n{TOPIC}\nType\nNotification\n"
    );
    json!({"Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": message,
           "Timestamp": time, "SignatureVersion": "2", "Signature": sign(&text),
           "SigningCertURL": CERTIFICATE, "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?x",
           "MessageAttributes": {"a": {"Type": "String", "Value": "b"}}})
}

/// A signed `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
pub(super) fn about_subscription(kind: &str, subscribe_url: &str) -> Value {
    let (message, id, time, token) = ("You have chosen …", "MSG-2", "2026-11-18T23:06:30Z", "2336");
    let text = format!(
        "Message\n{message}\nMessageId\n{id}\nSubscribeURL\n{subscribe_url}\nTimestamp\n{time}\n\
         Token\n{token}\nTopicArn\n{TOPIC}\nType\n{kind}\n"
    );
    json!({"Type": kind, "MessageId": id, "TopicArn": TOPIC, "Message": message, "Timestamp": time,
           "SignatureVersion": "2", "Signature": sign(&text), "SigningCertURL": CERTIFICATE,
           "SubscribeURL": subscribe_url, "Token": token})
}

/// As SNS posts it: JSON that is said to be plain text.
pub(super) fn call(body: &Value) -> Call {
    let url = "https://t.example/v1/gateways/aws/receipts";
    Call::json(url, body.to_string()).header("content-type", "text/plain; charset=UTF-8")
}
