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

/// The host of SNS in a topic's region: `sns.REGION.amazonaws.com`, in China with `.cn`. None if it is no
/// topic's ARN.
pub(super) fn host(topic: &str) -> Option<String> {
    match parts(topic)? {
        ["arn", "aws-cn", "sns", region, ..] => Some(format!("sns.{region}.amazonaws.com.cn")),
        ["arn", _, "sns", region, ..] => Some(format!("sns.{region}.amazonaws.com")),
        _ => None,
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
fn is_topic(arn: &str) -> bool {
    let is_region = |region: &str| {
        (3..=32).contains(&region.len())
            && region
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let named = |parts: [&str; 6]| match parts {
        ["arn", _, "sns", region, ..] => {
            is_region(region) && parts.iter().all(|part| !part.is_empty())
        }
        _ => false,
    };
    parts(arn).is_some_and(named) && !arn.contains(char::is_whitespace)
}

fn parts(arn: &str) -> Option<[&str; 6]> {
    let parts: Vec<&str> = arn.split(':').collect();
    parts.try_into().ok()
}
