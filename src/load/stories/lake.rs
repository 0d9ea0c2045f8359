//! A lake in memory, and windows written into it as the shipper would.

use crate::{
    event::{Event, Kind},
    lake::{
        keys,
        manifest::{File, MANIFEST_VERSION, Manifest},
        store::{ObjectStore, Page, Put, StoreError},
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, io::Write, sync::Mutex};

#[derive(Debug, Default)]
pub(super) struct MemoryLake {
    objects: Mutex<BTreeMap<String, Bytes>>,
}

#[async_trait]
impl ObjectStore for MemoryLake {
    async fn put_if_absent(&self, key: &str, body: Bytes, _: &str) -> Result<Put, StoreError> {
        let mut objects = self.objects.lock().unwrap();
        if objects.contains_key(key) {
            return Ok(Put::Exists);
        }
        objects.insert(key.to_owned(), body);
        Ok(Put::Created)
    }

    async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        let objects = self.objects.lock().unwrap();
        objects.get(key).cloned().ok_or(StoreError::NotFound {
            key: key.to_owned(),
        })
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Result<Page, StoreError> {
        let objects = self.objects.lock().unwrap();
        let keys = objects.keys().filter(|key| {
            key.starts_with(prefix) && start_after.is_none_or(|start| key.as_str() > start)
        });
        Ok(Page {
            keys: keys.cloned().collect(),
            more: false,
        })
    }
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Windows are sealed five minutes apart.
pub(super) fn boundary(number: i64) -> DateTime<Utc> {
    at("2026-11-23T05:00:00Z") + TimeDelta::minutes(5 * number)
}

impl MemoryLake {
    /// Writes a window of these events.
    pub(super) fn window(&self, number: i64, events: &[Event]) {
        let lines = events
            .iter()
            .map(|event| (event.body.kind(), event.encode().unwrap().into_bytes()));
        self.window_of_lines(number, lines.collect());
    }

    /// Writes a window of raw lines.
    pub(super) fn window_of_lines(&self, number: i64, lines: Vec<(Kind, Vec<u8>)>) {
        let mut texts = BTreeMap::<Kind, (u64, Vec<u8>)>::new();
        for (kind, line) in lines {
            let (rows, text) = texts.entry(kind).or_default();
            *rows += 1;
            text.extend(line);
            text.push(b'\n');
        }
        let files = texts.into_iter();
        let files = files.map(|(kind, (rows, text))| self.file(number, kind, rows, &text));
        let manifest = Manifest {
            manifest_version: MANIFEST_VERSION,
            epoch: 1,
            window: number,
            boundary: boundary(number),
            sealed_at: boundary(number),
            snapshot: String::new(),
            previous_snapshot: String::new(),
            first_window: number,
            files: files.collect(),
        };
        let body = serde_json::to_vec(&manifest).unwrap();
        self.replace(&keys::manifest(boundary(number), 1, number), body.into());
    }

    fn file(&self, number: i64, kind: Kind, rows: u64, text: &[u8]) -> File {
        let key = keys::log_file(kind.as_str(), boundary(number), 1, number, 0);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        let object = encoder.finish().unwrap();
        let file = File {
            key: key.clone(),
            kind: kind.as_str().to_owned(),
            part: 0,
            rows,
            text_bytes: text.len() as u64,
            text_sha256: hex::encode(Sha256::digest(text)),
            object_bytes: object.len() as u64,
            object_sha256: hex::encode(Sha256::digest(&object)),
            first_recorded_at: boundary(number - 1),
            last_recorded_at: boundary(number),
        };
        self.replace(&key, object.into());
        file
    }

    /// Puts an object where another may stand.
    pub(super) fn replace(&self, key: &str, body: Bytes) {
        self.objects.lock().unwrap().insert(key.to_owned(), body);
    }
}
