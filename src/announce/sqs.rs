//! The queue: S3 posts a message for each object that it stores, and a manifest among them rings.
//!
//! A message is deleted only after every window that it tells of is durably loaded, and stays hidden
//! from other loaders until then. What is none of the loader's business is sorted out here:
//!
//! | message | what becomes of it |
//! |---|---|
//! | a manifest of this lake | announced; deleted after the load |
//! | another object of this lake, an object that was removed, `s3:TestEvent` | deleted |
//! | foreign: an object of another bucket or prefix | set aside |
//! | malformed: no notification | set aside |
//!
//! Set aside means: if the queue has a queue of dead letters (a `RedrivePolicy`), the message is left
//! to it: it comes again until the queue moves it there. Without one it would come for ever, or until
//! its retention ends and it is gone: it is stored under `_quarantine/queue/` in the lake and then
//! deleted. Either way it is counted and told of in the log.

use super::{AnnounceError, Announcement, Announcer};
use crate::{
    cause::with_causes,
    lake::{keys, store::ObjectStore},
};
use async_trait::async_trait;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use chrono::{DateTime, Utc};
use client::{AT_ONCE, QueueClient};
use heartbeat::Heartbeat;
use metrics::{counter, histogram};
use notification::Notice;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

mod aside;
mod client;
mod heartbeat;
mod notification;

/// As many batches at most before the loader gets what came: a backlog is taken in gulps.
const BATCHES: usize = 10;

/// Which queue, and which lake it rings for.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// Its URL, as SQS tells it.
    pub url: String,
    /// The lake's bucket: objects of any other are foreign.
    pub bucket: String,
    /// What stands before every key of the lake; empty, or ending with a slash.
    pub prefix: String,
    /// How long a look waits for the first message: up to 20 seconds, whole ones.
    pub wait: Duration,
    /// How long a message stays hidden unless it is prolonged, which is done three times as often:
    /// after a crash, that long until it comes again. Whole seconds.
    pub visibility: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct Queue {
    client: QueueClient,
    settings: QueueSettings,
    lake: Arc<dyn ObjectStore>,
    heartbeat: Heartbeat,
    /// Of each message in hand, the manifests that it waits for.
    open: HashMap<String, BTreeSet<String>>,
}

impl Queue {
    /// A queue with AWS's own configuration. Makes no call: a queue that is away or forbidden is
    /// found at the first look. Must be called within a Tokio runtime.
    pub async fn connect(settings: QueueSettings, lake: Arc<dyn ObjectStore>) -> Self {
        let client = QueueClient::connect(&settings.url).await;
        Self {
            heartbeat: Heartbeat::start(client.clone(), settings.visibility),
            client,
            settings,
            lake,
            open: HashMap::new(),
        }
    }

    /// Sorts messages; returns what rings. The rest is dealt with here.
    async fn sort(&mut self, messages: Vec<Message>) -> Vec<Announcement> {
        let (mut rings, mut done, mut strange) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            let Some(handle) = message.receipt_handle.clone() else {
                continue; // not as received
            };
            age(&message);
            let (sort, manifests) = self.judge(message.body.as_deref().unwrap_or_default());
            counter!("textrail_queue_messages_total", "sort" => sort.name()).increment(1);
            let handle = match sort {
                Sort::Manifest => {
                    self.heartbeat.hold(&handle);
                    self.open
                        .insert(handle.clone(), manifests.iter().cloned().collect());
                    Some(handle)
                }
                Sort::Ordinary | Sort::Test => {
                    done.push(handle);
                    None
                }
                Sort::Foreign(ref why) | Sort::Malformed(ref why) => {
                    strange.push((message, handle, why.clone()));
                    None
                }
            };
            rings.extend(manifests.into_iter().map(|manifest_key| Announcement {
                manifest_key,
                handle: handle.clone(),
            }));
        }
        done.extend(self.set_aside(strange).await);
        self.delete(&done).await;
        rings
    }

    /// What a message is, and the manifests of this lake that it tells of.
    fn judge(&self, body: &str) -> (Sort, Vec<String>) {
        let objects = match notification::read(body) {
            Ok(Notice::Test) => return (Sort::Test, Vec::new()),
            Ok(Notice::Created(objects)) => objects,
            Err(why) => return (Sort::Malformed(why.to_string()), Vec::new()),
        };
        let (mut manifests, mut foreign) = (Vec::new(), None);
        for object in objects {
            let ours = object.bucket == self.settings.bucket;
            match object.key.strip_prefix(&self.settings.prefix) {
                Some(key) if ours => {
                    manifests.extend(keys::manifest_window(key).map(|_| key.to_owned()));
                }
                _ => {
                    foreign = Some(format!(
                        "it tells of {} in the bucket {}, which is not of this lake",
                        object.key, object.bucket
                    ));
                }
            }
        }
        let sort = match foreign {
            Some(why) => Sort::Foreign(why),
            None if manifests.is_empty() => Sort::Ordinary,
            None => Sort::Manifest,
        };
        (sort, manifests)
    }

    /// Returns the handles of those that may be deleted now.
    async fn set_aside(&self, strange: Vec<(Message, String, String)>) -> Vec<String> {
        if strange.is_empty() {
            return Vec::new();
        }
        let dead_letters = match self.client.has_dead_letters().await {
            Ok(has) => has,
            Err(error) => {
                // Nothing is lost: they come again.
                let error = with_causes(&error);
                tracing::warn!(error, "the queue does not tell whether it has dead letters");
                return Vec::new();
            }
        };
        let mut stored = Vec::new();
        for (message, handle, why) in strange {
            let id = message.message_id.as_deref().unwrap_or_default();
            tracing::warn!(
                message = id,
                reason = why,
                dead_letters,
                "set a message of the queue aside"
            );
            if dead_letters {
                continue;
            }
            match aside::store(&*self.lake, &message, &why).await {
                Ok(()) => stored.push(handle),
                Err(error) => tracing::warn!(
                    message = id,
                    error = format!("{error:#}"),
                    "it could not be stored: it comes again"
                ),
            }
        }
        stored
    }

    /// Deletes messages; a failure is told of, and they come again.
    async fn delete(&self, handles: &[String]) {
        if handles.is_empty() {
            return;
        }
        match self.client.delete(handles).await {
            Ok(deleted) => {
                counter!("textrail_queue_acknowledged_total").increment(deleted as u64);
            }
            Err(error) => {
                let error = with_causes(&error);
                tracing::warn!(error, "messages were not acknowledged: they come again");
            }
        }
    }
}

#[async_trait]
impl Announcer for Queue {
    async fn next(&mut self, _mark: Option<&str>) -> Result<Vec<Announcement>, AnnounceError> {
        let mut rings = Vec::new();
        let mut wait = self.settings.wait;
        for batch in 1.. {
            let messages = match self.client.receive(wait, self.settings.visibility).await {
                Ok(messages) => messages,
                // What came before it failed is in hand.
                Err(_) if !rings.is_empty() => break,
                Err(error) => return Err(error),
            };
            let came = messages.len();
            rings.extend(self.sort(messages).await);
            // A backlog of what does not ring is passed whole: a drain takes a look that finds nothing for the
            // queue's end.
            let more = match (came, rings.is_empty()) {
                (0, _) => false,
                (AT_ONCE, true) => true,
                (AT_ONCE, false) | (_, true) => batch < BATCHES,
                (_, false) => false,
            };
            if !more {
                break;
            }
            if !rings.is_empty() {
                wait = Duration::ZERO;
            }
        }
        Ok(rings)
    }

    async fn acknowledge(&mut self, loaded: &[Announcement]) -> Result<(), AnnounceError> {
        let mut done = Vec::new();
        for announcement in loaded {
            let Some(handle) = &announcement.handle else {
                continue;
            };
            let Some(manifests) = self.open.get_mut(handle) else {
                continue;
            };
            manifests.remove(&announcement.manifest_key);
            if manifests.is_empty() {
                self.open.remove(handle);
                self.heartbeat.let_go(handle);
                done.push(handle.clone());
            }
        }
        self.delete(&done).await;
        Ok(())
    }

    fn release(&mut self, stopped: &[Announcement]) {
        for handle in stopped.iter().filter_map(|stopped| stopped.handle.as_ref()) {
            // One window that stays out is enough for the message to come again, and in the end to
            // be a dead letter: it tells somebody.
            self.open.remove(handle);
            self.heartbeat.let_go(handle);
        }
    }

    fn waits(&self) -> bool {
        true
    }
}

/// What a message is to the loader.
enum Sort {
    Manifest,
    Ordinary,
    Test,
    Foreign(String),
    Malformed(String),
}

impl Sort {
    fn name(&self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Ordinary => "ordinary",
            Self::Test => "test",
            Self::Foreign(_) => "foreign",
            Self::Malformed(_) => "malformed",
        }
    }
}

/// From the posting of a message until now.
fn age(message: &Message) {
    let sent = message
        .attributes
        .as_ref()
        .and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp))
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis);
    if let Some(sent) = sent {
        // A clock that differs from the queue's gives no age rather than a negative one.
        let age = (Utc::now() - sent).to_std().unwrap_or_default();
        histogram!("textrail_queue_message_age_seconds").record(age.as_secs_f64());
    }
}
