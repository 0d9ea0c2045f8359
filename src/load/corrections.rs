//! Corrected lines: what an operator puts in the place of a line that cannot be loaded.
//!
//! A log file is never changed, and the lake alone must rebuild the warehouse; so a correction is an
//! object of the lake, written once, beside the quarantine of its file. Whoever stages the file, now
//! or in a rebuild, takes the corrected line where the written one cannot be loaded.

use super::fault::Fault;
use crate::{
    domain::window::WindowId,
    lake::{
        keys,
        store::{ObjectStore, Put, StoreError, list_all},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Corrected lines by line number.
pub(super) type Corrections = BTreeMap<u64, String>;

/// A correction, in the form of a quarantine file's lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The log file's key.
    pub file: String,
    /// From 1.
    pub line_number: u64,
    /// What the line should have been.
    pub line: String,
}

/// Where the corrections of a file are.
fn folder(window: WindowId, kind: &str, part: i32) -> String {
    keys::corrections(kind, window.epoch, window.number, part)
}

/// All corrections of a file.
pub(super) async fn read(
    store: &dyn ObjectStore,
    window: WindowId,
    kind: &str,
    part: i32,
) -> Result<Corrections, Fault> {
    let mut corrections = Corrections::new();
    for key in list_all(store, &folder(window, kind, part), None).await? {
        let body = store.get(&key).await?;
        let correction: Correction =
            serde_json::from_slice(&body).map_err(|error| Fault::Correction {
                key,
                problem: error.to_string(),
            })?;
        corrections.insert(correction.line_number, correction.line);
    }
    Ok(corrections)
}

/// Stores a correction; false if the line was corrected otherwise before.
pub(super) async fn write(
    store: &dyn ObjectStore,
    window: WindowId,
    kind: &str,
    part: i32,
    correction: &Correction,
) -> Result<bool, StoreError> {
    let key = format!(
        "{}{:010}.json",
        folder(window, kind, part),
        correction.line_number
    );
    let body = serde_json::to_vec(correction).expect("text and a number are JSON");
    let put = store
        .put_if_absent(&key, body.into(), "application/json")
        .await?;
    if put == Put::Created {
        return Ok(true);
    }
    let stands = store.get(&key).await?;
    Ok(serde_json::from_slice::<Correction>(&stands).is_ok_and(|stands| stands == *correction))
}
