//! A window's files and its manifest are put into the lake, each key once and for ever.
//!
//! Where an object stands already, an earlier attempt or another shipper put it: the checksum of the
//! *text* decides whether it is the same, since another version of gzip may pack it otherwise. The
//! manifest then tells of the object that stands, not of ours.

use super::error::ShipError;
use super::part::Part;
use crate::lake::keys;
use crate::lake::manifest::{File, MANIFEST_VERSION, Manifest};
use crate::lake::store::{ObjectStore, Put};
use crate::ledger::windows::SealedWindow;
use bytes::Bytes;
use fail::fail_point;
use flate2::read::MultiGzDecoder;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use std::io::{BufRead, BufReader};

/// Files put at the same time: their bodies are in memory, beside those that never left it.
const AT_ONCE: usize = 2;

/// Puts the files, then the manifest; returns the manifest and its key.
pub(super) async fn put_window(
    store: &dyn ObjectStore,
    window: &SealedWindow,
    first_window: i64,
    parts: &[Part],
) -> Result<(String, Manifest), ShipError> {
    let puts: Vec<_> = parts
        .iter()
        .map(|part| put_file(store, window, part).boxed())
        .collect();
    let files = futures_util::stream::iter(puts)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        epoch: window.id.epoch,
        window: window.id.number,
        boundary: window.boundary,
        sealed_at: window.sealed_at,
        snapshot: window.snapshot.to_string(),
        previous_snapshot: window.previous.to_string(),
        first_window,
        files,
    };
    let key = keys::manifest(window.sealed_at, window.id.epoch, window.id.number);
    put_manifest(store, &key, &manifest).await?;
    Ok((key, manifest))
}

async fn put_file(
    store: &dyn ObjectStore,
    window: &SealedWindow,
    part: &Part,
) -> Result<File, ShipError> {
    let kind = part.kind.as_str();
    let id = window.id;
    let key = keys::log_file(kind, window.sealed_at, id.epoch, id.number, part.part);
    let body = part.object.body().await.map_err(ShipError::Spill)?;
    fail_point!("ship.file.before");
    let put = store.put_if_absent(&key, body, "application/gzip").await?;
    fail_point!("ship.file.after");
    let (object_bytes, object_sha256) = match put {
        Put::Created => (part.object_bytes, part.object_sha256),
        Put::Exists => standing_object(store, &key, part).await?,
    };
    Ok(File {
        key,
        kind: kind.to_owned(),
        part: part.part,
        rows: part.rows,
        text_bytes: part.text_bytes,
        text_sha256: hex::encode(part.text_sha256),
        object_bytes,
        object_sha256: hex::encode(object_sha256),
        first_recorded_at: part.first_recorded_at,
        last_recorded_at: part.last_recorded_at,
    })
}

/// Length and checksum of the object that stands under a key, if its text is the part's.
async fn standing_object(
    store: &dyn ObjectStore,
    key: &str,
    part: &Part,
) -> Result<(u64, [u8; 32]), ShipError> {
    let object = store.get(key).await?;
    let mismatch = || ShipError::Mismatch {
        key: key.to_owned(),
    };
    let hashed = tokio::task::spawn_blocking(move || {
        let text = text_sha256(&object)?;
        let object_sha256 = <[u8; 32]>::from(Sha256::digest(&object));
        Ok::<_, std::io::Error>((text, object.len() as u64, object_sha256))
    });
    match hashed
        .await
        .map_err(|panic| ShipError::Spill(panic.into()))?
    {
        Ok((text, bytes, sha256)) if text == part.text_sha256 => Ok((bytes, sha256)),
        // What cannot be unpacked is another content too.
        Ok(_) | Err(_) => Err(mismatch()),
    }
}

fn text_sha256(object: &Bytes) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut text = BufReader::new(MultiGzDecoder::new(&object[..]));
    loop {
        let chunk = text.fill_buf()?;
        if chunk.is_empty() {
            return Ok(hasher.finalize().into());
        }
        hasher.update(chunk);
        let read = chunk.len();
        text.consume(read);
    }
}

async fn put_manifest(
    store: &dyn ObjectStore,
    key: &str,
    manifest: &Manifest,
) -> Result<(), ShipError> {
    let body = serde_json::to_vec_pretty(manifest)?;
    fail_point!("ship.manifest.before");
    let put = store
        .put_if_absent(key, body.into(), "application/json")
        .await?;
    fail_point!("ship.manifest.after");
    if put == Put::Created {
        return Ok(());
    }
    // Compared as values: another version may lay the JSON out otherwise.
    let standing = store.get(key).await?;
    match serde_json::from_slice::<Manifest>(&standing) {
        Ok(standing) if standing == *manifest => Ok(()),
        _ => Err(ShipError::Mismatch {
            key: key.to_owned(),
        }),
    }
}
