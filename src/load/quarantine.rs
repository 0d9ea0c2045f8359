//! Lines that could not be loaded, kept in the lake beside what they came from.

use crate::{
    lake::{
        keys,
        store::{ObjectStore, StoreError},
    },
    warehouse::{BadLine, StagedFile, StagedWindow},
};
use bytes::Bytes;
use serde::Serialize;

/// One line of a quarantine file.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    #[serde(flatten)]
    bad: &'a BadLine,
}

/// Stores the bad lines of a window, before it is loaded. A repeated load finds its objects there.
pub(super) async fn store(
    store: &dyn ObjectStore,
    window: &StagedWindow,
) -> Result<(), StoreError> {
    for file in window
        .files
        .iter()
        .filter(|file| !file.bad_lines.is_empty())
    {
        let key = key(window, file);
        let body = body(file).map_err(|error| StoreError::Unavailable {
            action: "put",
            key: key.clone(),
            source: error.into(),
        })?;
        store
            .put_if_absent(&key, body, "application/x-ndjson")
            .await?;
        tracing::warn!(
            key,
            file = file.key,
            lines = file.bad_lines.len(),
            "put lines into quarantine that could not be loaded"
        );
    }
    Ok(())
}

/// `_quarantine/0001-0000000042/click-0000.ndjson`.
fn key(window: &StagedWindow, file: &StagedFile) -> String {
    format!(
        "{}{:04}-{:010}/{}-{:04}.ndjson",
        keys::QUARANTINE,
        window.id.epoch,
        window.id.number,
        file.kind,
        file.part
    )
}

fn body(file: &StagedFile) -> serde_json::Result<Bytes> {
    let mut text = Vec::new();
    for bad in &file.bad_lines {
        let entry = Entry {
            file: &file.key,
            bad,
        };
        serde_json::to_writer(&mut text, &entry)?;
        text.push(b'\n');
    }
    Ok(text.into())
}
