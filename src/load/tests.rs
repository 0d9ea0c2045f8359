//! Stories of the loader, on a lake in memory.

use super::*;
use crate::{
    domain::window::WindowId,
    event::{Body, Click, Context, Event, Inbound, Kind, TimeSource},
    lake::{
        keys,
        manifest::{File, MANIFEST_VERSION, Manifest},
        memory::MemoryStore,
    },
    warehouse::Warehouse,
};
use arrow::array::AsArray as _;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use double::Double;
use flate2::{Compression, write::GzEncoder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use sha2::{Digest as _, Sha256};
use std::{io::Write as _, path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

mod alarm;
mod bad_lines;
mod columns;
mod damaged;
mod double;
mod faults;
mod real;
mod retry;
mod windows;

/// A lake, a warehouse, and a place between them.
struct World {
    lake: Arc<MemoryStore>,
    warehouse: Arc<Double>,
    staging: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            lake: Arc::default(),
            warehouse: Arc::default(),
            staging: tempfile::tempdir().unwrap(),
        }
    }

    /// Looks back at its first look only.
    fn settings(&self) -> LoadSettings {
        LoadSettings {
            look_back_every: Duration::from_secs(86_400),
            staging: self.staging.path().to_owned(),
            ..LoadSettings::default()
        }
    }

    fn loader(&self) -> Loader {
        self.loader_with(self.settings())
    }

    fn loader_with(&self, settings: LoadSettings) -> Loader {
        Loader::new(self.lake.clone(), self.warehouse.clone(), settings)
    }

    /// A loader each of whose looks is one back.
    fn careful_loader(&self) -> Loader {
        self.loader_with(LoadSettings {
            look_back_every: Duration::ZERO,
            ..self.settings()
        })
    }

    /// Puts a window of clicks, one file.
    fn ship(&self, number: i64, clicks: usize) -> Manifest {
        let lines: Vec<_> = (0..clicks).map(|_| line(Kind::Click)).collect();
        self.ship_lines(id(number), &[(Kind::Click, lines)])
    }

    /// Puts a window of these lines, a file a kind.
    fn ship_lines(&self, id: WindowId, files: &[(Kind, Vec<String>)]) -> Manifest {
        let manifest = manifest(&self.lake, id, files);
        self.put_manifest(&manifest);
        manifest
    }

    fn put_manifest(&self, manifest: &Manifest) {
        let body = serde_json::to_vec(manifest).unwrap();
        self.lake.overwrite(&key_of(manifest), body.into());
    }
}

/// A window of epoch 1.
fn id(number: i64) -> WindowId {
    WindowId { epoch: 1, number }
}

fn ids(numbers: impl IntoIterator<Item = i64>) -> Vec<WindowId> {
    numbers.into_iter().map(id).collect()
}

fn start() -> DateTime<Utc> {
    "2026-11-23T05:00:00Z".parse().unwrap()
}

/// A new event of a kind.
fn line(kind: Kind) -> String {
    let body = match kind {
        Kind::Inbound => Body::Inbound(Inbound {
            intent: "none".to_owned(),
            ..Inbound::default()
        }),
        _ => Body::Click(Click {
            link_id: 7,
            verdict: "human".to_owned(),
            ..Click::default()
        }),
    };
    let event = Event {
        event_id: Uuid::now_v7(),
        occurred_at: start(),
        time_source: TimeSource::Server,
        recorded_at: start(),
        context: Context::default(),
        body,
    };
    event.encode().unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

impl World {
    /// Puts a window of clicks whose one object is what `damage` makes of it: as its writer put it, by
    /// the manifest.
    fn ship_damaged(&self, number: i64, lines: &[String], damage: impl Fn(Vec<u8>) -> Vec<u8>) {
        let lines = (Kind::Click, lines.to_vec());
        let mut manifest = manifest(&self.lake, id(number), &[lines]);
        let file = &mut manifest.files[0];
        let object = damage(self.lake.objects()[&file.key].to_vec());
        file.object_bytes = object.len() as u64;
        file.object_sha256 = hex::encode(Sha256::digest(&object));
        self.lake.overwrite(&file.key, object.into());
        self.put_manifest(&manifest);
    }
}

/// Puts a window's files, and returns the manifest that tells of them. Windows are five minutes.
fn manifest(lake: &MemoryStore, id: WindowId, files: &[(Kind, Vec<String>)]) -> Manifest {
    let sealed_at = start() + TimeDelta::minutes(5 * id.number);
    let files = files.iter().map(|(kind, lines)| {
        let mut text = lines.join("\n");
        text.push('\n');
        let object = gzip(text.as_bytes());
        let key = keys::log_file(kind.as_str(), sealed_at, id.epoch, id.number, 0);
        let file = File {
            key: key.clone(),
            kind: kind.to_string(),
            part: 0,
            rows: lines.len() as u64,
            text_bytes: text.len() as u64,
            text_sha256: hex::encode(Sha256::digest(&text)),
            object_bytes: object.len() as u64,
            object_sha256: hex::encode(Sha256::digest(&object)),
            first_recorded_at: start(),
            last_recorded_at: start(),
        };
        lake.overwrite(&key, Bytes::from(object));
        file
    });
    Manifest {
        manifest_version: MANIFEST_VERSION,
        epoch: id.epoch,
        window: id.number,
        boundary: sealed_at,
        sealed_at,
        snapshot: String::new(),
        previous_snapshot: String::new(),
        first_window: id.number,
        files: files.collect(),
    }
}

fn key_of(manifest: &Manifest) -> String {
    keys::manifest(manifest.sealed_at, manifest.epoch, manifest.window)
}

/// The events that these lines tell of.
fn events_of(lines: &[String]) -> Vec<Uuid> {
    let event = |line: &String| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["event_id"].as_str().unwrap().parse().unwrap()
    };
    lines.iter().map(event).collect()
}

/// The events in a staged file, in order.
fn staged_events(path: &Path) -> Vec<Uuid> {
    let file = std::fs::File::open(path).unwrap();
    let mut events = Vec::new();
    for batch in ParquetRecordBatchReader::try_new(file, 1024).unwrap() {
        let batch = batch.unwrap();
        let ids = batch.column_by_name("event_id").unwrap();
        let ids = ids.as_fixed_size_binary().iter();
        events.extend(ids.map(|id| Uuid::from_slice(id.unwrap()).unwrap()));
    }
    events
}

/// Reasons of the stopped windows.
fn reasons(report: &TickReport) -> Vec<&'static str> {
    let stopped = report.stopped.iter();
    stopped.map(|stopped| stopped.fault.reason()).collect()
}
