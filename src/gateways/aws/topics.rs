//! The topics whose events are taken. Every AWS account's topics are signed with the same key, so the
//! signature says only that SNS sent it, and the topic for whom.

use super::super::Refusal;

pub(super) struct Topics(Vec<String>);

impl Topics {
    /// Takes the ARNs.
    ///
    /// # Errors
    /// If there is none, or one that is no topic's.
    pub(super) fn new(topics: &[String]) -> Result<Self, String> {
        if topics.is_empty() {
            return Err(
                "needs `topics`, the ARNs of its SNS topics: SNS signs for every AWS account alike, \
                 so without them anyone with one could report deliveries"
                    .to_owned(),
            );
        }
        if let Some(topic) = topics.iter().find(|topic| !is_topic(topic)) {
            return Err(format!(
                "has {topic:?} in `topics`, which is no topic's ARN, such as \
                 arn:aws:sns:eu-central-1:123456789012:sms"
            ));
        }
        Ok(Self(topics.to_vec()))
    }

    /// Whether a topic is one of them.
    pub(super) fn hold(&self, topic: &str) -> Result<(), Refusal> {
        let listed = self.0.iter().any(|one| one == topic);
        listed.then_some(()).ok_or(Refusal::Unverified(
            "the TopicArn is not one of this gateway's `topics`",
        ))
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "sns", ..])
        && parts.len() == 6
        && parts.iter().all(|part| !part.is_empty())
        && !arn.contains(char::is_whitespace)
}
