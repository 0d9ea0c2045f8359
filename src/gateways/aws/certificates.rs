//! The certificates that SNS signs with: fetched once, from SNS alone.

use super::super::Refusal;
use super::envelope::Envelope;
use super::fetch::Fetch;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::ASN1Time;

/// SNS has a few at a time, one a region.
const KNOWN_LIMIT: u64 = 64;
/// One that AWS withdrew is asked for again after this.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a call waits for its certificate, also behind others.
const WAIT: Duration = Duration::from_secs(10);
/// One that could not be had is asked for again after this: SNS tries a call for an hour.
pub(super) const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The most that are asked for in a [`PAUSE`]. Whoever knows a topic could name us any number that SNS does
/// not have; it has one a region, and a new one a year.
pub(super) const ASKED_LIMIT: usize = 10;

/// Those at hand.
pub(super) struct Certificates {
    fetch: Arc<dyn Fetch>,
    known: Cache<Url, Arc<Certificate>>,
    /// One is fetched at a time: a burst of calls asks once. What was asked for lately.
    turn: Mutex<Vec<Asked>>,
}

/// A certificate that was asked for, whether or not it came.
struct Asked {
    url: Url,
    at: DateTime<Utc>,
}

impl Certificates {
    pub(super) fn new(fetch: Arc<dyn Fetch>) -> Self {
        let known = Cache::builder()
            .max_capacity(KNOWN_LIMIT)
            .time_to_live(KEPT)
            .build();
        Self {
            fetch,
            known,
            turn: Mutex::new(Vec::new()),
        }
    }

    /// Sees to it that a certificate is at hand, for a call that arrived `now`.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] if it cannot be had now.
    pub(super) async fn fetch(&self, url: &Url, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.known.contains_key(url) {
            return Ok(());
        }
        let fetched = tokio::time::timeout(WAIT, self.fetch_in_turn(url, now)).await;
        let refuse = |why: String| Refusal::Unavailable(format!("SNS's certificate: {why}"));
        fetched
            .unwrap_or_else(|_| Err("it took too long".to_owned()))
            .map_err(refuse)
    }

    async fn fetch_in_turn(&self, url: &Url, now: DateTime<Utc>) -> Result<(), String> {
        let mut asked = self.turn.lock().await;
        // Whoever had the turn before may have fetched it.
        if self.known.contains_key(url) {
            return Ok(());
        }
        ask(&mut asked, url, now)?;
        let pem = self.fetch.get(url).await?;
        let certificate = Certificate::parse(&pem)?;
        self.known.insert(url.clone(), Arc::new(certificate));
        Ok(())
    }

    /// One that was fetched.
    pub(super) fn known(&self, url: &Url) -> Result<Arc<Certificate>, Refusal> {
        self.known
            .get(url)
            .ok_or(Refusal::Unverified("the certificate is not at hand"))
    }
}

/// Notes that a certificate is asked for.
///
/// # Errors
/// If it must not be now: it was moments ago, and did not come, or too many were.
fn ask(asked: &mut Vec<Asked>, url: &Url, now: DateTime<Utc>) -> Result<(), String> {
    // In both directions: a clock that is set back must not make a pause of hours.
    asked.retain(|one| now.signed_duration_since(one.at).abs() < PAUSE);
    if asked.iter().any(|one| one.url == *url) {
        return Err("it could not be had moments ago".to_owned());
    }
    if asked.len() >= ASKED_LIMIT {
        return Err("too many others were asked for".to_owned());
    }
    let url = url.clone();
    asked.push(Asked { url, at: now });
    Ok(())
}

/// What a certificate says.
pub(super) struct Certificate {
    /// RSA, as PKCS #1 has it (RFC 8017, appendix A.1.1).
    public_key: Vec<u8>,
    /// Seconds since 1970.
    not_before: i64,
    not_after: i64,
}

impl Certificate {
    /// Reads PEM. Its issuer is not looked at: that it came from SNS's own address over TLS is the
    /// proof, as for AWS's own SDKs.
    fn parse(pem: &[u8]) -> Result<Self, String> {
        let (_, pem) = parse_x509_pem(pem).map_err(|error| format!("no PEM: {error}"))?;
        let certificate = pem
            .parse_x509()
            .map_err(|error| format!("no X.509: {error}"))?;
        let validity = certificate.validity();
        let seconds = |time: ASN1Time| time.timestamp();
        Ok(Self {
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
            not_before: seconds(validity.not_before),
            not_after: seconds(validity.not_after),
        })
    }

    /// Whether it signed an envelope (RSASSA-PKCS1-v1_5; version 1 with SHA-1, version 2 with
    /// SHA-256).
    pub(super) fn verify(
        &self,
        envelope: &Envelope,
        arrived_at: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if !(self.not_before..=self.not_after).contains(&arrived_at.timestamp()) {
            return Err(Refusal::Unverified(
                "the certificate is not valid at this time",
            ));
        }
        let algorithm: &RsaParameters = match envelope.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Refusal::Unverified("the SignatureVersion is not 1 or 2")),
        };
        let signature = STANDARD
            .decode(&envelope.signature)
            .map_err(|_| Refusal::Unverified("the Signature is not base64"))?;
        let key = UnparsedPublicKey::new(algorithm, &self.public_key);
        key.verify(envelope.signed_text().as_bytes(), &signature)
            .map_err(|_| Refusal::Unverified("the Signature does not fit"))
    }
}

/// The address of a certificate at a host.
///
/// # Errors
/// If it is not there: anyone can put a certificate elsewhere.
pub(super) fn url(text: &str, host: &str) -> Result<Url, Refusal> {
    let refuse = || {
        Refusal::Unverified(
            "the SigningCertURL is not https://sns.REGION.amazonaws.com/….pem, of the topic's region",
        )
    };
    let url = sns_url(text, host).ok_or_else(refuse)?;
    let plain = url.query().is_none() && url.fragment().is_none();
    if plain && url.path().ends_with(".pem") {
        return Ok(url);
    }
    Err(refuse())
}

/// A URL of SNS itself, at the host of a topic's region: https, and its usual port.
pub(super) fn sns_url(text: &str, host: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let no_one = url.username().is_empty() && url.password().is_none();
    let there = url.host_str() == Some(host) && url.port().is_none();
    (url.scheme() == "https" && there && no_one).then_some(url)
}
