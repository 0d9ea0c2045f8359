use super::*;
use crate::lake::s3::{S3Settings, S3Store};
use crate::lake::store::ObjectStore as _;
use crate::lake::{conformance, store::Put};
use bytes::Bytes;
use std::sync::Arc;

async fn started() -> (tempfile::TempDir, EmbeddedStore, S3Store) {
    let folder = tempfile::tempdir().unwrap();
    let credentials = Credentials::random();
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = EmbeddedStore::start(folder.path(), "lake", &credentials, listen)
        .await
        .unwrap();
    let settings = S3Settings {
        endpoint: Some(server.endpoint()),
        region: Some("us-east-1".into()),
        credentials: Some((credentials.access_key, credentials.secret_key)),
        ..S3Settings::new("lake", "some/prefix")
    };
    let store = S3Store::connect(settings).await;
    (folder, server, store)
}

#[tokio::test]
async fn behaves_as_a_lake_must() {
    let (_folder, server, store) = started().await;
    conformance::check(Arc::new(store)).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn objects_are_plain_files() {
    let (folder, _server, store) = started().await;
    let put = store
        .put_if_absent("events/a.json.gz", Bytes::from_static(b"abc"), "text/plain")
        .await
        .unwrap();
    assert_eq!(put, Put::Created);
    let file = folder.path().join("lake/some/prefix/events/a.json.gz");
    assert_eq!(std::fs::read(file).unwrap(), b"abc");
    let left = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    let incoming = folder.path().join(".incoming");
    assert_eq!(left(incoming.to_str().unwrap()), 0);
    assert_eq!(
        left(folder.path().to_str().unwrap()),
        2,
        "nothing but the bucket and that"
    );
}

#[tokio::test]
async fn objects_outlive_a_restart() {
    let (folder, server, store) = started().await;
    let body = Bytes::from_static(b"abc");
    store
        .put_if_absent("key", body.clone(), "text/plain")
        .await
        .unwrap();
    server.stop().await.unwrap();

    let credentials = Credentials::random();
    let server = EmbeddedStore::start(
        folder.path(),
        "lake",
        &credentials,
        "127.0.0.1:0".parse().unwrap(),
    )
    .await
    .unwrap();
    let settings = S3Settings {
        endpoint: Some(server.endpoint()),
        region: Some("us-east-1".into()),
        credentials: Some((credentials.access_key, credentials.secret_key)),
        ..S3Settings::new("lake", "some/prefix")
    };
    let store = S3Store::connect(settings).await;
    assert_eq!(store.get("key").await.unwrap(), body);
}

#[tokio::test]
async fn a_key_does_not_lead_out_of_the_bucket() {
    let (folder, _server, store) = started().await;
    for key in ["../../../x", "a/../../../../x", "a/", "/x/../../../../../y"] {
        let put = store.put_if_absent(key, Bytes::from_static(b"x"), "text/plain");
        put.await.unwrap_err();
    }
    let listed = store.list("../../", None).await;
    assert!(listed.is_err() || listed.unwrap().keys.is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn strangers_are_refused() {
    let (_folder, server, _store) = started().await;
    let settings = S3Settings {
        endpoint: Some(server.endpoint()),
        region: Some("us-east-1".into()),
        credentials: Some(("someone".into(), "else".into())),
        ..S3Settings::new("lake", "")
    };
    let stranger = S3Store::connect(settings).await;
    assert!(stranger.get("key").await.is_err());
}
