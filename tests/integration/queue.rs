//! The whole chain with moto's SQS: the shipper puts a window into S3, S3 posts to the queue, and the
//! loader, a process of its own, loads it and answers the message. Then every way in which a queue
//! misbehaves.

use crate::support::chain::{Chain, PATIENCE, PREFIX, told};
use crate::support::eventually::eventually;
use crate::support::moto::BUCKET;
use serde_json::json;

/// What S3 posts of a key, as AWS writes it: slashes as they are, spaces as `+`.
fn as_aws(bucket: &str, key: &str) -> String {
    let key = key
        .replace('%', "%25")
        .replace('+', "%2B")
        .replace('=', "%3D")
        .replace(' ', "+");
    json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]})
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_loaded_because_the_queue_rang_and_its_message_is_answered() {
    let mut chain = Chain::start().await;
    let mut load = chain.load(1, "").await;
    // Nobody posts yet: the first window is told of by hand, as AWS would.
    chain.window().await;
    let manifest = format!("{PREFIX}/{}", chain.keys("_manifest/").await[0]);
    chain.moto.send(&as_aws(BUCKET, &manifest)).await;
    chain.metric("textrail_windows_loaded_total", 1.0).await;

    // From now on S3 posts by itself, of every object, with another encoding.
    chain.moto.notify().await;
    chain.window().await;
    chain.metric("textrail_windows_loaded_total", 2.0).await;
    chain.queue_is_empty().await;

    // Told again, twice at once and with its neighbour: nothing is loaded again.
    for _ in 0..2 {
        chain.moto.send(&as_aws(BUCKET, &manifest)).await;
    }
    chain.queue_is_empty().await;
    chain.metric("textrail_windows_loaded_total", 2.0).await;
    chain
        .metric("textrail_queue_messages_total{sort=\"test\"}", 2.0)
        .await;

    // What is not of this lake is set aside where anyone can read it, once.
    chain.moto.send(&as_aws("another", &manifest)).await;
    chain
        .moto
        .send(&as_aws(
            BUCKET,
            "other/_manifest/dt=2026-11-23/0001-0000000001.json",
        ))
        .await;
    chain.moto.send("hello").await;
    chain.queue_is_empty().await;
    chain
        .metric("textrail_queue_messages_total{sort=\"foreign\"}", 2.0)
        .await;
    chain
        .metric("textrail_queue_messages_total{sort=\"malformed\"}", 1.0)
        .await;
    let aside = chain.keys("_quarantine/queue/").await;
    assert_eq!(aside.len(), 3, "{aside:?}");
    let mut bodies = Vec::new();
    for key in aside {
        let object = chain.lake.get(&key).await.unwrap();
        let aside: serde_json::Value = serde_json::from_slice(&object).unwrap();
        assert!(aside["reason"].as_str().unwrap().len() > 10);
        bodies.push(aside["body"].as_str().unwrap().to_owned());
    }
    assert!(bodies.contains(&"hello".to_owned()));

    // A look that waits does not keep it from stopping.
    assert!(load.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_understands_is_left_to_the_queues_dead_letters() {
    let mut chain = Chain::start().await;
    let dead = chain.moto.make_queue("dead", None).await;
    chain.moto.queue = chain
        .moto
        .make_queue("with-dead-letters", Some(&dead))
        .await;
    let _load = chain.load(1, "").await;
    chain.moto.send("hello").await;
    eventually("it is a dead letter", PATIENCE, async || {
        let received = chain.moto.sqs.receive_message().queue_url(&dead);
        let messages = received.send().await.unwrap().messages.unwrap_or_default();
        let body = messages.first()?.body.clone()?;
        (body == "hello").then_some(())
    })
    .await;
    assert!(chain.keys("_quarantine/").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_hidden_while_its_window_is_loaded_however_long_that_takes() {
    let mut chain = Chain::start().await;
    // Three times as long as a message is hidden.
    let mut load = chain.load(2, "load.commit.before=1*sleep(6000)").await;
    chain.moto.notify().await;
    chain.queue_is_empty().await;
    chain.window().await;
    let mut hidden = false;
    let url = format!("http://{}/metrics", chain.address);
    eventually("the window is loaded", PATIENCE, async || {
        let (visible, received) = chain.moto.depth().await;
        hidden |= received > 0;
        assert!(
            !hidden || visible == 0,
            "the message came back while it was in hand"
        );
        let text = reqwest::get(&url).await.ok()?.text().await.ok()?;
        text.contains("textrail_windows_loaded_total 1")
            .then_some(())
    })
    .await;
    chain.queue_is_empty().await;
    assert!(load.runs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loader_that_is_killed_around_the_commit_has_not_answered_the_queue() {
    let mut chain = Chain::start().await;
    chain.moto.notify().await;
    for (place, windows) in [("load.commit.before", 1.0), ("load.commit.after", 0.0)] {
        let mut load = chain.load(1, &format!("{place}=panic")).await;
        chain.queue_is_empty().await;
        chain.window().await;
        load.ended().await;
        // The message of the window's file is answered, that of its manifest is not.
        eventually("one message is left", PATIENCE, async || {
            (chain.moto.depth().await == (1, 0)).then_some(())
        })
        .await;
        let mut load = chain.load(1, "").await;
        chain.queue_is_empty().await;
        chain.metric("textrail_windows_loaded_total", windows).await;
        assert!(load.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_the_commit_a_drain_is_finished_by_the_next() {
    let mut chain = Chain::start().await;
    chain.moto.notify().await;
    chain.window().await;
    // The first acknowledgement of a run is of windows that its sweep finds loaded.
    for (place, loads) in [
        ("load.commit.before=panic", 1),
        ("load.commit.after=panic", 0),
        ("load.acknowledge.before=1*off->panic", 0),
        ("load.acknowledge.after=1*off->panic", 0),
    ] {
        let killed = chain.drain(place).await;
        assert!(!killed.status.success(), "{place}: {}", told(&killed));
        // Its message comes again when it was hidden for long enough.
        eventually("nobody has the message", PATIENCE, async || {
            (chain.moto.depth().await.1 == 0).then_some(())
        })
        .await;
        let after = chain.drain("").await;
        assert!(after.status.success(), "{place}: {}", told(&after));
        let says = format!("loaded {loads} windows");
        assert!(told(&after).contains(&says), "{place}: {}", told(&after));
        assert_eq!(chain.moto.depth().await, (0, 0), "{place}");
        chain.window().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_ends_well_when_nothing_is_left_and_says_what_stays_out() {
    let mut chain = Chain::start().await;
    chain.window().await;
    // S3 posts of every object, where no filter keeps it from it.
    for number in 0..125 {
        let file = format!("{PREFIX}/events/click/dt=2026-11-23/hr=05/{number}.json.gz");
        chain.moto.send(&as_aws(BUCKET, &file)).await;
    }
    // Nobody posted of the window: the sweep finds it.
    let all = chain.drain("").await;
    assert_eq!(
        chain.moto.depth().await,
        (0, 0),
        "it goes on to the queue's end"
    );
    assert!(all.status.success(), "{}", told(&all));
    assert!(told(&all).contains("loaded 1 windows"), "{}", told(&all));

    // A file that is gone: its window stays out, the next does not.
    chain.moto.notify().await;
    chain.window().await;
    let files = chain.keys("events/").await;
    let lost = format!("{PREFIX}/{}", files.last().unwrap());
    let object = chain.moto.s3.get_object().bucket(BUCKET).key(&lost).send();
    let body = object
        .await
        .unwrap()
        .body
        .collect()
        .await
        .unwrap()
        .into_bytes();
    let delete = chain.moto.s3.delete_object().bucket(BUCKET).key(&lost);
    delete.send().await.unwrap();
    chain.window().await;
    let some = chain.drain("").await;
    assert_eq!(some.status.code(), Some(1), "{}", told(&some));
    assert!(told(&some).contains("loaded 1 windows"), "{}", told(&some));
    assert!(
        told(&some).contains("stopped (missing): _manifest/"),
        "{}",
        told(&some)
    );

    let put = chain.moto.s3.put_object().bucket(BUCKET).key(&lost);
    put.body(body.into()).send().await.unwrap();
    let rest = chain.drain("").await;
    assert!(rest.status.success(), "{}", told(&rest));
    assert!(told(&rest).contains("loaded 1 windows"), "{}", told(&rest));

    // A queue that is not there is no empty queue.
    chain.moto.queue.push_str("-gone");
    let gone = chain.drain("").await;
    assert_eq!(gone.status.code(), Some(1));
    assert!(told(&gone).contains("NonExistentQueue"), "{}", told(&gone));
}
