//! The calls to SQS, ten messages at a time, which is all that it takes.

use crate::announce::AnnounceError;
use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::{
    Client,
    config::Region,
    error::{DisplayErrorContext, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageSystemAttributeName, QueueAttributeName,
    },
};
use metrics::counter;
use std::time::Duration;

/// Time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for one attempt: the longest poll, and some.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for a call with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(90);
/// Attempts that the SDK makes where trying again can help.
const ATTEMPTS: u32 = 3;
/// What SQS takes and gives at once.
pub(super) const AT_ONCE: usize = 10;

/// What is asked of the queue.
#[derive(Clone, Copy, Debug)]
enum Call {
    Receive,
    Acknowledge,
    Hide,
    Attributes,
}

impl Call {
    /// Its label in the metric of failures.
    fn label(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Acknowledge => "acknowledge",
            Self::Hide => "hide",
            Self::Attributes => "attributes",
        }
    }

    /// What the queue could not do.
    fn words(self) -> &'static str {
        match self {
            Self::Receive | Self::Acknowledge => self.label(),
            Self::Hide => "hide messages that are being loaded",
            Self::Attributes => "tell of its dead letters",
        }
    }
}

/// A queue and the way to it.
#[derive(Clone, Debug)]
pub(super) struct QueueClient {
    client: Client,
    url: String,
}

impl QueueClient {
    /// Reads the AWS configuration, `AWS_ENDPOINT_URL_SQS` included. Makes no call.
    pub(super) async fn connect(url: &str) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .read_timeout(ATTEMPT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(OPERATION_TIMEOUT)
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(region) = region_of(url) {
            // The queue is where it is, whatever the lake's region.
            loader = loader.region(Region::new(region));
        }
        Self {
            client: Client::new(&loader.load().await),
            url: url.to_owned(),
        }
    }

    /// Up to ten messages, hidden from others for `visibility`; waits up to `wait` for the first.
    pub(super) async fn receive(
        &self,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Message>, AnnounceError> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(AT_ONCE).unwrap_or(i32::MAX))
            .wait_time_seconds(whole_seconds(wait))
            .visibility_timeout(whole_seconds(visibility))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .send()
            .await;
        let received = received.map_err(|error| self.failed(Call::Receive, &error))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Deletes messages; returns how many it took. Those that it refused come again.
    pub(super) async fn delete(&self, handles: &[String]) -> Result<usize, AnnounceError> {
        let mut deleted = 0;
        for handles in handles.chunks(AT_ONCE) {
            let entries = handles.iter().enumerate().map(|(place, handle)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(handle)
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>();
            let answer = self
                .client
                .delete_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(
                    entries.expect("an entry with an id and a handle is whole"),
                ))
                .send()
                .await
                .map_err(|error| self.failed(Call::Acknowledge, &error))?;
            deleted += answer.successful.len();
            for refused in &answer.failed {
                count_failure(Call::Acknowledge);
                tracing::warn!(
                    code = refused.code(),
                    reason = refused.message(),
                    "a message was not acknowledged: it comes again and is found loaded"
                );
            }
        }
        Ok(deleted)
    }

    /// Hides messages for `visibility` from now. Returns those of which the queue no longer knows
    /// that they were received: they come again.
    pub(super) async fn hide(
        &self,
        handles: &[String],
        visibility: Duration,
    ) -> Result<Vec<String>, AnnounceError> {
        let mut lost = Vec::new();
        for handles in handles.chunks(AT_ONCE) {
            let entries = handles.iter().enumerate().map(|(place, handle)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(whole_seconds(visibility))
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>();
            let answer = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.url)
                .set_entries(Some(
                    entries.expect("an entry with an id and a handle is whole"),
                ))
                .send()
                .await
                .map_err(|error| self.failed(Call::Hide, &error))?;
            let places = answer
                .failed
                .iter()
                .filter(|refused| refused.sender_fault());
            let places = places.filter_map(|refused| refused.id().parse::<usize>().ok());
            lost.extend(places.filter_map(|place| handles.get(place).cloned()));
        }
        Ok(lost)
    }

    /// Whether messages that are received again and again end in a queue of dead letters.
    pub(super) async fn has_dead_letters(&self) -> Result<bool, AnnounceError> {
        let asked = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await;
        let told = asked.map_err(|error| self.failed(Call::Attributes, &error))?;
        let policy = told
            .attributes
            .and_then(|mut all| all.remove(&QueueAttributeName::RedrivePolicy));
        Ok(policy.is_some_and(|policy| !policy.is_empty()))
    }

    /// The client's errors print no reason by themselves: their chain is written out here, once.
    fn failed<E>(&self, call: Call, error: &SdkError<E>) -> AnnounceError
    where
        E: std::error::Error + 'static,
    {
        count_failure(call);
        AnnounceError::Queue {
            queue: self.url.clone(),
            action: call.words(),
            source: anyhow::anyhow!("{}", DisplayErrorContext(error)),
        }
    }
}

fn count_failure(call: Call) {
    counter!("textrail_queue_failures_total", "action" => call.label()).increment(1);
}

/// `sqs.eu-central-1.amazonaws.com` stands in that region.
fn region_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://sqs.")?;
    let (region, rest) = rest.split_once('.')?;
    rest.starts_with("amazonaws.com").then(|| region.to_owned())
}

fn whole_seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queues_url_tells_its_region() {
        let of = |url: &str| region_of(url);
        let aws = "https://sqs.eu-central-1.amazonaws.com/123456789012/lake";
        assert_eq!(of(aws).as_deref(), Some("eu-central-1"));
        assert_eq!(of("http://127.0.0.1:5000/123456789012/lake"), None);
        assert_eq!(of("http://sqs.example.com/1/lake"), None);
    }
}
