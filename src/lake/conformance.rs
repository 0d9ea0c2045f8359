//! What every lake must do: one suite, run against each adapter. The store given must be empty.

use super::store::{ObjectStore, Put, StoreError};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;

pub(crate) async fn check(store: Arc<dyn ObjectStore>) {
    a_missing_object_is_not_found(&*store).await;
    the_first_put_stays(&*store).await;
    any_bytes_and_odd_keys_come_back(&*store).await;
    one_of_many_puts_at_once_creates(&store).await;
    listing_is_by_prefix_in_order(&*store).await;
    listing_goes_on_after_a_key(&*store).await;
    listing_comes_in_pages_of_a_thousand(&store).await;
}

async fn put(store: &dyn ObjectStore, key: &str, body: &[u8]) -> Put {
    store
        .put_if_absent(key, Bytes::copy_from_slice(body), "application/json")
        .await
        .unwrap()
}

async fn a_missing_object_is_not_found(store: &dyn ObjectStore) {
    let error = store.get("nothing/here").await.unwrap_err();
    assert!(
        matches!(error, StoreError::NotFound { ref key } if key == "nothing/here"),
        "{error:?}"
    );
    let page = store.list("nothing/", None).await.unwrap();
    assert!(page.keys.is_empty() && !page.more);
}

async fn the_first_put_stays(store: &dyn ObjectStore) {
    assert_eq!(put(store, "once", b"first").await, Put::Created);
    assert_eq!(put(store, "once", b"second").await, Put::Exists);
    assert_eq!(put(store, "once", b"first").await, Put::Exists);
    assert_eq!(store.get("once").await.unwrap(), "first");
}

async fn any_bytes_and_odd_keys_come_back(store: &dyn ObjectStore) {
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert_eq!(
        put(store, "odd/dt=2026-11-23/a b+c.gz", &all).await,
        Put::Created
    );
    assert_eq!(store.get("odd/dt=2026-11-23/a b+c.gz").await.unwrap(), all);
    assert_eq!(put(store, "odd/empty", b"").await, Put::Created);
    assert_eq!(store.get("odd/empty").await.unwrap(), "");
    let page = store.list("odd/", None).await.unwrap();
    assert_eq!(page.keys, ["odd/dt=2026-11-23/a b+c.gz", "odd/empty"]);
}

async fn one_of_many_puts_at_once_creates(store: &Arc<dyn ObjectStore>) {
    let puts: Vec<_> = (0..8u8)
        .map(|body| {
            let store = Arc::clone(store);
            tokio::spawn(async move { (body, put(&*store, "race", &[body; 1000]).await) })
        })
        .collect();
    let mut created = Vec::new();
    for handle in puts {
        let (body, outcome) = handle.await.unwrap();
        if outcome == Put::Created {
            created.push(body);
        }
    }
    let [winner] = created[..] else {
        panic!("{} puts of one key created it", created.len());
    };
    assert_eq!(store.get("race").await.unwrap(), vec![winner; 1000]);
}

async fn listing_is_by_prefix_in_order(store: &dyn ObjectStore) {
    // `a-b` sorts before `a/`, and `a/` before `a0`: byte order of whole keys, not of folders.
    for key in ["list/a0", "list/a/2", "list/a-b", "list/a/1/x", "listing"] {
        put(store, key, b"x").await;
    }
    let page = store.list("list/", None).await.unwrap();
    assert_eq!(page.keys, ["list/a-b", "list/a/1/x", "list/a/2", "list/a0"]);
    assert!(!page.more);
    let page = store.list("list/a/", None).await.unwrap();
    assert_eq!(page.keys, ["list/a/1/x", "list/a/2"]);
    let page = store.list("list", None).await.unwrap();
    assert_eq!(page.keys.len(), 5, "a prefix need not end at a slash");
}

async fn listing_goes_on_after_a_key(store: &dyn ObjectStore) {
    let after = |key| store.list("list/", Some(key));
    assert_eq!(
        after("list/a/1/x").await.unwrap().keys,
        ["list/a/2", "list/a0"]
    );
    // The key to start after need not exist, nor even lie under the prefix.
    assert_eq!(after("list/a/1").await.unwrap().keys.len(), 3);
    assert_eq!(after("abc").await.unwrap().keys.len(), 4);
    assert!(after("zzz").await.unwrap().keys.is_empty());
}

async fn listing_comes_in_pages_of_a_thousand(store: &Arc<dyn ObjectStore>) {
    let puts = (0..1001).map(|number| {
        let store = Arc::clone(store);
        async move { put(&*store, &format!("many/{number:04}"), b"x").await }
    });
    // Not all at once: a busy machine would let them wait past their time limits.
    let mut puts = stream::iter(puts).buffer_unordered(32);
    while let Some(put) = puts.next().await {
        assert_eq!(put, Put::Created);
    }
    let first = store.list("many/", None).await.unwrap();
    assert_eq!(first.keys.len(), 1000);
    assert!(first.more);
    let rest = store
        .list("many/", first.keys.last().map(String::as_str))
        .await
        .unwrap();
    assert_eq!(rest.keys, ["many/1000"]);
    assert!(!rest.more);
}
