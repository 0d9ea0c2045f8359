//! One HTTP call, repeated until it is answered: a server that is away, restarts or is overloaded
//! is asked again, with growing pauses, until patience ends.

use super::wire::Problem;
use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Calls in hand at once.
const CONCURRENCY: usize = 128;
/// The first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a call was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// Asking again would not help.
    #[error("{what} was refused with {status}: {detail}")]
    Refused {
        /// The call.
        what: &'static str,
        /// HTTP status.
        status: StatusCode,
        /// The problem document's words.
        detail: String,
    },
    /// The server stayed away.
    #[error("{what}: no answer in {patience:?}; the last try: {last}")]
    NoAnswer {
        /// The call.
        what: &'static str,
        /// How long it was tried.
        patience: Duration,
        /// What went wrong last.
        last: String,
    },
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: StatusCode,
    /// The body.
    pub(super) body: Vec<u8>,
    /// Earlier tries that may or may not have been carried out: their answers were lost.
    pub(super) lost: u32,
    /// `Date`: the server's clock.
    pub(super) date: Option<chrono::DateTime<chrono::Utc>>,
}

impl Answer {
    /// The problem document; empty if the body is none.
    pub(super) fn problem(&self) -> Problem {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// How one try went wrong.
#[derive(Debug)]
enum Failure {
    /// The server never saw the request, or said that it did nothing.
    NotDone(String),
    /// Nobody knows.
    Lost(String),
}

/// A client of one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    key: String,
    slots: Semaphore,
    repeated: AtomicU64,
    patience: Duration,
}

impl Client {
    /// A client that keeps asking for `patience`.
    pub(super) fn new(base: Url, key: String, patience: Duration) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none()) // a click ends at the redirect
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self {
            http,
            base,
            key,
            slots: Semaphore::new(CONCURRENCY),
            repeated: AtomicU64::new(0),
            patience,
        })
    }

    /// Tries that had to be repeated so far.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// A request with the API key.
    pub(super) fn api(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.key)
    }

    /// A request as anyone on the internet makes it.
    pub(super) fn anonymous(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        // A base that cannot have a path was refused when the options were read.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.http.request(method, url)
    }

    /// Sends until there is an answer that is worth reading. `request` is built anew for each try;
    /// statuses that say "later" are tries in vain.
    pub(super) async fn send(
        &self,
        what: &'static str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, CallError> {
        let lost = AtomicU32::new(0);
        let pauses = ExponentialBuilder::new()
            .with_min_delay(PAUSES.0)
            .with_max_delay(PAUSES.1)
            .without_max_times()
            .with_total_delay(Some(self.patience))
            .with_jitter();
        let answer = (|| self.try_once(request()))
            .retry(pauses)
            .notify(|failure, _| {
                self.repeated.fetch_add(1, Ordering::Relaxed);
                if matches!(failure, Failure::Lost(_)) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            })
            .await;
        match answer {
            Ok(answer) => Ok(Answer {
                lost: lost.into_inner(),
                ..answer
            }),
            Err(Failure::NotDone(last) | Failure::Lost(last)) => Err(CallError::NoAnswer {
                what,
                patience: self.patience,
                last,
            }),
        }
    }

    async fn try_once(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        // The semaphore is never closed.
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|e| Failure::NotDone(e.to_string()))?;
        let response = request.send().await.map_err(Failure::of)?;
        let status = response.status();
        let date = date(response.headers());
        let body = response.bytes().await.map_err(Failure::of)?;
        let answer = Answer {
            status,
            body: body.into(),
            lost: 0,
            date,
        };
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Err(Failure::NotDone(describe(&answer)))
            }
            // A call with the same key is in flight: ours, whose answer was lost.
            StatusCode::CONFLICT => Err(Failure::NotDone(describe(&answer))),
            // A proxy in between cannot know.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
                Err(Failure::Lost(describe(&answer)))
            }
            _ => Ok(answer),
        }
    }
}

impl Failure {
    fn of(error: reqwest::Error) -> Self {
        let connected = !error.is_connect();
        let text = format!("{:#}", anyhow::Error::from(error.without_url()));
        if connected {
            Self::Lost(text)
        } else {
            Self::NotDone(text)
        }
    }
}

/// Reads the answer, which must have the status `wanted`.
pub(super) fn expect(
    what: &'static str,
    answer: Answer,
    wanted: &[StatusCode],
) -> Result<Answer, CallError> {
    if wanted.contains(&answer.status) {
        return Ok(answer);
    }
    Err(CallError::Refused {
        what,
        status: answer.status,
        detail: describe(&answer),
    })
}

/// The words of a problem document, or the beginning of whatever came instead.
fn describe(answer: &Answer) -> String {
    let problem = answer.problem();
    if problem.title.is_empty() {
        let text = String::from_utf8_lossy(&answer.body);
        return format!(
            "{} {}",
            answer.status,
            text.chars().take(200).collect::<String>()
        );
    }
    let mut words = format!("{}. {}", problem.title, problem.detail);
    for error in problem.errors.iter().take(3) {
        words.push_str(&format!(" [{error}]"));
    }
    words
}

fn date(headers: &HeaderMap) -> Option<chrono::DateTime<chrono::Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    chrono::DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|time| time.to_utc())
}

#[cfg(test)]
mod tests;
