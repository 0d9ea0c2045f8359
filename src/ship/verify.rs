//! A shipped window is read back: its manifest, and the listing of its files. Only behind a verified
//! window is the outbox reclaimed.

use super::error::ShipError;
use super::standby::heard;
use crate::domain::window::WindowId;
use crate::lake::manifest::Manifest;
use crate::lake::store::{ObjectStore, StoreError, list_all};
use crate::ledger::session::Session;
use crate::ledger::windows::{self, Unverified};
use fail::fail_point;
use std::collections::BTreeSet;

/// Verifies the oldest window that waits for it; `None` if none does.
pub(super) async fn verify_next(
    session: &mut Session,
    store: &dyn ObjectStore,
) -> Result<Option<WindowId>, ShipError> {
    let Some(window) = session.run(windows::next_to_verify).await? else {
        return Ok(None);
    };
    let id = window.id;
    if let Some(reason) = heard(session, difference(store, &window)).await? {
        return Err(ShipError::NotVerified {
            epoch: id.epoch,
            window: id.number,
            reason,
        });
    }
    fail_point!("ship.verify.before");
    session
        .run(move |client| windows::note_verified(client, id))
        .await?;
    fail_point!("ship.verify.after");
    Ok(Some(id))
}

/// What differs between the ledger's note, the manifest and the lake.
async fn difference(
    store: &dyn ObjectStore,
    window: &Unverified,
) -> Result<Option<String>, StoreError> {
    let manifest = match store.get(&window.manifest_key).await {
        Ok(manifest) => manifest,
        Err(StoreError::NotFound { key }) => return Ok(Some(format!("{key} is missing"))),
        Err(error) => return Err(error),
    };
    let manifest: Manifest = match serde_json::from_slice(&manifest) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Some(format!("its manifest is not readable: {error}"))),
    };
    if i64::try_from(manifest.rows()) != Ok(window.rows) {
        return Ok(Some(format!(
            "its manifest has {} rows, the ledger noted {}",
            manifest.rows(),
            window.rows
        )));
    }
    let expected: BTreeSet<String> = manifest.files.into_iter().map(|file| file.key).collect();
    // All parts of a kind share what stands before the last dash.
    let prefixes: BTreeSet<&str> = expected
        .iter()
        .map(|key| &key[..key.rfind('-').map_or(key.len(), |dash| dash + 1)])
        .collect();
    let mut found = BTreeSet::new();
    for prefix in prefixes {
        found.extend(list_all(store, prefix, None).await?);
    }
    Ok(expected
        .symmetric_difference(&found)
        .next()
        .map(|key| format!("{key} is missing, or there unasked")))
}
