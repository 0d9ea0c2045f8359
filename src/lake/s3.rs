//! The lake in S3, or in anything that speaks its protocol.
//!
//! Configured as every AWS tool is: environment, profiles, instance roles, `AWS_ENDPOINT_URL`.
//! Bodies are in memory and every call has time limits: with file-backed bodies, or after minutes
//! of idleness, a put can otherwise stall without end.

use super::store::{ObjectStore, Page, Put, StoreError};
use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, Region};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use std::time::Duration;

/// Time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for one attempt, its body included, unless set.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for a call with all its attempts, in times of one.
const ATTEMPTS_IN_TIME: u32 = 3;
/// Attempts that the SDK makes where trying again can help.
const ATTEMPTS: u32 = 4;

/// Which bucket, and what of the AWS configuration is set by hand.
#[derive(Clone)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// What stands before every key; empty, or a path without outer slashes.
    pub prefix: String,
    /// The service's URL; `None`: as the environment says (`AWS_ENDPOINT_URL`), else AWS.
    pub endpoint: Option<String>,
    /// The region; `None`: as the environment says.
    pub region: Option<String>,
    /// Access key id and secret; `None`: as the environment says.
    pub credentials: Option<(String, String)>,
    /// `http://host/bucket/key` instead of `http://bucket.host/key`. `None`: when an endpoint is
    /// set, which is what every S3 but AWS wants.
    pub path_style: Option<bool>,
    /// Time for one attempt, its body included.
    pub attempt_timeout: Duration,
}

impl S3Settings {
    /// All but the bucket and the prefix as the environment says.
    pub fn new(bucket: &str, prefix: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: None,
            region: None,
            credentials: None,
            path_style: None,
            attempt_timeout: ATTEMPT_TIMEOUT,
        }
    }
}

impl std::fmt::Debug for S3Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("S3Settings")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// A bucket, or the part of one under a prefix.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Ends with a slash unless empty.
    prefix: String,
    attempt_timeout: Duration,
}

impl S3Store {
    /// Reads the AWS configuration. Makes no call: a lake that is away is found at the first use.
    pub async fn connect(settings: S3Settings) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .read_timeout(settings.attempt_timeout)
                    .operation_attempt_timeout(settings.attempt_timeout)
                    .operation_timeout(settings.attempt_timeout * ATTEMPTS_IN_TIME)
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(region) = settings.region {
            loader = loader.region(Region::new(region));
        }
        if let Some((id, secret)) = settings.credentials {
            loader =
                loader.credentials_provider(Credentials::new(id, secret, None, None, "textrail"));
        }
        let shared = loader.load().await;
        let has_endpoint =
            shared.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&shared)
            .force_path_style(settings.path_style.unwrap_or(has_endpoint))
            .build();
        let prefix = match settings.prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self {
            client: Client::from_conf(config),
            bucket: settings.bucket,
            prefix,
            attempt_timeout: settings.attempt_timeout,
        }
    }

    async fn try_put(&self, key: &str, body: Bytes, content_type: &str) -> Result<Put, PutRefusal> {
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(format!("{}{key}", self.prefix))
            .if_none_match("*")
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(Put::Created);
        };
        match error.raw_response().map(|answer| answer.status().as_u16()) {
            Some(412) => Ok(Put::Exists),
            Some(409) if is_conflict(&error) => {
                Err(PutRefusal::Conflict(unavailable("put", key, &error)))
            }
            _ => Err(PutRefusal::Other(unavailable("put", key, &error))),
        }
    }
}

/// Why a put was refused.
enum PutRefusal {
    /// Another put of the same key is under way: its outcome decides, so ask again.
    Conflict(StoreError),
    Other(StoreError),
}

impl From<PutRefusal> for StoreError {
    fn from(refusal: PutRefusal) -> Self {
        match refusal {
            PutRefusal::Conflict(error) | PutRefusal::Other(error) => error,
        }
    }
}

fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ConditionalRequestConflict") || error.code() == Some("OperationAborted")
}

/// The client's errors print no reason by themselves: their chain is written out here, once.
fn unavailable<E>(action: &'static str, key: &str, error: &SdkError<E>) -> StoreError
where
    E: std::error::Error + 'static,
{
    StoreError::Unavailable {
        action,
        key: key.to_owned(),
        source: anyhow::anyhow!("{}", DisplayErrorContext(error)),
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn put_if_absent(
        &self,
        key: &str,
        body: Bytes,
        content_type: &str,
    ) -> Result<Put, StoreError> {
        let again = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_times(6)
            .with_jitter();
        (|| self.try_put(key, body.clone(), content_type))
            .retry(again)
            .when(|refusal| matches!(refusal, PutRefusal::Conflict(_)))
            .await
            .map_err(StoreError::from)
    }

    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        let found =
            self.client
                .get_object()
                .bucket(&self.bucket)
                .key(format!("{}{key}", self.prefix))
                .send()
                .await
                .map_err(|error| {
                    if error.as_service_error().is_some_and(
                        aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key,
                    ) {
                        return StoreError::NotFound {
                            key: key.to_owned(),
                        };
                    }
                    unavailable("get", key, &error)
                })?;
        // The SDK's limits end with the head of the answer: the body has one of its own.
        let body = tokio::time::timeout(self.attempt_timeout, found.body.collect())
            .await
            .map_err(anyhow::Error::from)
            .and_then(|body| body.map_err(anyhow::Error::from))
            .map_err(|source| StoreError::Unavailable {
                action: "get",
                key: key.to_owned(),
                source,
            })?;
        Ok(body.into_bytes())
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(format!("{}{prefix}", self.prefix))
            .set_start_after(start_after.map(|after| format!("{}{after}", self.prefix)))
            .send()
            .await
            .map_err(|error| unavailable("list", prefix, &error))?;
        let more = listed.is_truncated() == Some(true);
        let keys = listed
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|object| object.key?.strip_prefix(&self.prefix).map(str::to_owned))
            .collect();
        Ok(Page { keys, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// Takes one request, answers that all is well, and returns its head in lower case.
    fn serve_once(listener: &TcpListener) -> String {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
        let head = loop {
            let count = stream.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&read).to_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && !body.is_empty()
            {
                break head.to_owned();
            }
        };
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        head
    }

    /// The embedded store never replaces an object, whatever it is asked: this is for all others.
    #[tokio::test]
    async fn a_put_asks_that_what_stands_be_left_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::task::spawn_blocking(move || serve_once(&listener));
        let store = S3Store::connect(S3Settings {
            endpoint: Some(format!("http://{address}")),
            region: Some("us-east-1".to_owned()),
            credentials: Some(("id".to_owned(), "secret".to_owned())),
            ..S3Settings::new("lake", "")
        })
        .await;
        let put = store.put_if_absent("key", Bytes::from_static(b"body"), "text/plain");
        assert_eq!(put.await.unwrap(), Put::Created);
        let head = served.await.unwrap();
        assert!(head.contains("\r\nif-none-match: *"), "{head}");
    }
}
