//! moto's SQS, with an S3 that posts to it: a simulator of AWS's, `moto_server`, in a process of its own.
//!
//! What was learned by trying, with moto 5.2: its S3 percent-encodes the slashes of a key in what it
//! posts (AWS does not), and posts an `s3:TestEvent` when the notification is set; `If-None-Match: *`
//! is honoured.

use super::eventually::eventually;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// As moto takes any.
pub const KEY: &str = "testing";
pub const REGION: &str = "eu-central-1";
pub const BUCKET: &str = "lake";
/// A machine under load may take its time to start Python.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills it, by its id.
pub struct Moto {
    child: Child,
    endpoint: String,
    pub s3: aws_sdk_s3::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub queue: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.kill()); // it may have ended already
        drop(self.child.wait());
    }
}

impl Moto {
    /// Starts it with a bucket that posts each new object to a queue.
    pub async fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(".deps/python/bin/moto_server");
        assert!(
            program.exists(),
            "{} is missing: scripts/install-deps test",
            program.display()
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut moto = Self {
            child,
            s3: s3(&endpoint),
            sqs: sqs(&endpoint),
            endpoint,
            queue: String::new(),
        };
        let health = format!("{}/moto-api/", moto.endpoint);
        eventually("moto answers", PATIENCE, async || {
            reqwest::get(&health).await.ok()
        })
        .await;
        moto.queue = moto.make_queue("lake", None).await;
        moto.s3
            .create_bucket()
            .bucket(BUCKET)
            .create_bucket_configuration(
                aws_sdk_s3::types::CreateBucketConfiguration::builder()
                    .location_constraint(REGION.into())
                    .build(),
            )
            .send()
            .await
            .expect("a bucket");
        moto
    }

    /// Has the bucket post to the queue; S3 tries it with an `s3:TestEvent`.
    pub async fn notify(&self) {
        let queue = QueueConfiguration::builder()
            .queue_arn(self.arn(&self.queue).await)
            .events(Event::from("s3:ObjectCreated:*"))
            .build()
            .expect("a configuration");
        let all = NotificationConfiguration::builder()
            .queue_configurations(queue)
            .build();
        self.s3
            .put_bucket_notification_configuration()
            .bucket(BUCKET)
            .notification_configuration(all)
            .send()
            .await
            .expect("a notification");
    }

    /// Makes a queue; one that is given dead letters hands on what was received once.
    pub async fn make_queue(&self, name: &str, dead_letters: Option<&str>) -> String {
        let mut queue = self.sqs.create_queue().queue_name(name);
        if let Some(dead_letters) = dead_letters {
            let arn = self.arn(dead_letters).await;
            let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"1"}}"#);
            queue = queue.attributes(QueueAttributeName::RedrivePolicy, policy);
        }
        let made = queue.send().await.expect("a queue");
        made.queue_url.expect("its URL")
    }

    async fn arn(&self, queue: &str) -> String {
        self.attribute(queue, QueueAttributeName::QueueArn).await
    }

    async fn attribute(&self, queue: &str, name: QueueAttributeName) -> String {
        let told = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue)
            .attribute_names(name.clone())
            .send()
            .await
            .expect("attributes");
        told.attributes.expect("attributes")[&name].clone()
    }

    pub async fn send(&self, body: &str) {
        let message = self.sqs.send_message().queue_url(&self.queue);
        message.message_body(body).send().await.expect("a message");
    }

    /// Messages that anyone may receive, and messages that somebody has received.
    pub async fn depth(&self) -> (u32, u32) {
        let count = async |name| {
            let text = self.attribute(&self.queue, name).await;
            text.parse::<u32>().expect("a number")
        };
        (
            count(QueueAttributeName::ApproximateNumberOfMessages).await,
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await,
        )
    }

    /// What a process of ours is told, as an operator would.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL_S3", self.endpoint.clone()),
            ("AWS_ENDPOINT_URL_SQS", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("TEXTRAIL_LAKE__BUCKET", BUCKET.to_owned()),
        ]
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

fn sqs(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "test"));
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "test"));
    aws_sdk_s3::Client::from_conf(config.build())
}
