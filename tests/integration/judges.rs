//! The providers' own SDKs as judges: what they sign is taken, and whatever is altered is refused.

use crate::support::app::TestApp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Requests of each of `sign.py`'s functions; more can be asked for by `TEXTRAIL_JUDGED_CALLS`.
const CALLS: usize = 12;
/// The gateways that `sign.py` signs for, and how many of its functions do.
const JUDGED: [(&str, usize); 5] = [
    ("judge-plivo", 1),
    ("judge-telnyx", 1),
    ("judge-twilio", 2),
    ("judge-vonage-messages", 1),
    ("judge-vonage-sms", 1),
];

/// A request as a provider's SDK signed it.
#[derive(Clone, Deserialize)]
struct Signed {
    gateway: String,
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// What the signature covers: `query`, `body`, or a header.
    signed: Vec<String>,
    /// What it is answered.
    answer: u16,
}

impl Signed {
    fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).unwrap()
    }

    /// The bytes of a signed part.
    fn part(&self, part: &str) -> Vec<u8> {
        match part {
            "query" => self.target.split_once('?').unwrap().1.as_bytes().to_vec(),
            "body" => self.body(),
            header => self.headers[header].as_bytes().to_vec(),
        }
    }

    /// The same with the lowest bit of a byte of that part flipped.
    fn flipped(&self, part: &str, place: usize) -> Self {
        let mut bytes = self.part(part);
        bytes[place] ^= 1;
        let mut other = self.clone();
        match part {
            "body" => other.body = STANDARD.encode(bytes),
            "query" => {
                let path = self.target.split_once('?').unwrap().0;
                other.target = format!("{path}?{}", String::from_utf8(bytes).unwrap());
            }
            header => {
                let text = String::from_utf8(bytes).unwrap();
                other.headers.insert(header.to_owned(), text);
            }
        }
        other
    }
}

fn signed(base: &str, count: usize, seed: u64) -> Vec<Signed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join(".deps/python/bin/python"))
        .arg(root.join("tests/judges/sign.py"))
        .args([base, &count.to_string(), &seed.to_string()])
        .output()
        .expect("scripts/install-deps test was run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn post(app: &TestApp, call: &Signed) -> u16 {
    let method = Method::from_bytes(call.method.as_bytes()).unwrap();
    let mut request = app.bare(method, &call.target).body(call.body());
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status().as_u16()
}

/// What came of one gateway's calls.
#[derive(Default)]
struct Tally {
    taken: usize,
    refused: usize,
}

/// Of the first call of a gateway every byte is flipped, of the others one of each part.
#[tokio::test]
async fn what_the_sdks_sign_is_taken_and_whatever_is_altered_is_refused() {
    let app = TestApp::start().await;
    let count = std::env::var("TEXTRAIL_JUDGED_CALLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(CALLS);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (index, call) in signed(&app.url(), count, 20_261_123).iter().enumerate() {
        let tally = tallies.entry(call.gateway.clone()).or_default();
        assert_eq!(
            post(&app, call).await,
            call.answer,
            "{} {}",
            call.gateway,
            call.target
        );
        let first = tally.taken == 0;
        tally.taken += 1;
        for part in &call.signed {
            let length = call.part(part).len();
            let places = match first {
                true => 0..length,
                false => index * 31 % length..index * 31 % length + 1,
            };
            for place in places {
                let status = post(&app, &call.flipped(part, place)).await;
                assert!(
                    matches!(status, 401 | 503),
                    "{}: byte {place} of {part} flipped, and answered {status}",
                    call.gateway
                );
                tally.refused += 1;
            }
        }
    }
    let taken: Vec<_> = tallies
        .iter()
        .map(|(gateway, tally)| (gateway.as_str(), tally.taken))
        .collect();
    assert_eq!(taken, JUDGED.map(|(gateway, each)| (gateway, each * count)));
    for (gateway, Tally { taken, refused }) in tallies {
        assert!(refused > 0, "{gateway}: nothing was altered");
        println!("{gateway:24} {taken:6} signed and taken, {refused:6} altered and refused");
    }
}
