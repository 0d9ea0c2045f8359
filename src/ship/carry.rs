//! Sealed windows are carried into the lake, in order, one at a time.

use super::error::ShipError;
use super::measure;
use super::part::Part;
use super::standby::heard;
use super::upload::put_window;
use super::write::{Packing, WindowWriter};
use crate::domain::window::WindowId;
use crate::event::Kind;
use crate::lake::manifest::{File, Manifest};
use crate::lake::store::ObjectStore;
use crate::ledger::outbox::read_window;
use crate::ledger::session::{Session, SessionError};
use crate::ledger::windows::{self, SealedWindow, ShippedFile};
use anyhow::Context as _;
use fail::fail_point;
use postgres::Client;
use std::time::Instant;

/// A window that is now in the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippedWindow {
    /// Its name.
    pub id: WindowId,
    /// Its rows.
    pub rows: u64,
    /// Key of its manifest; none if it was empty.
    pub manifest_key: Option<String>,
}

/// A window, read and packed.
struct PackedWindow {
    window: SealedWindow,
    first_window: i64,
    parts: Vec<Part>,
}

/// Ships the oldest window that waits; `None` if none does.
pub(super) async fn ship_next(
    session: &mut Session,
    store: &dyn ObjectStore,
    packing: &Packing,
) -> Result<Option<ShippedWindow>, ShipError> {
    let begun = Instant::now();
    let packing = packing.clone();
    let Some(packed) = session
        .run(move |client| pack_next(client, packing))
        .await?
    else {
        return Ok(None);
    };
    let id = packed.window.id;
    let manifest = match heard(session, put(store, &packed)).await {
        // Someone else may have shipped it meanwhile, and its rows been reclaimed under our eyes:
        // then what we read was not the window, and nothing is wrong.
        Err(ShipError::Mismatch { key }) => {
            if !session
                .run(move |client| windows::is_shipped(client, id))
                .await?
            {
                return Err(ShipError::Mismatch { key });
            }
            return Ok(Some(shipped(id, None)));
        }
        put => put?,
    };
    let confirmed = confirm(session, &packed.window, manifest.as_ref()).await?;
    if confirmed {
        measure::shipped(id, manifest.as_ref().map(|(_, manifest)| manifest), begun);
    }
    Ok(Some(shipped(id, manifest)))
}

fn shipped(id: WindowId, manifest: Option<(String, Manifest)>) -> ShippedWindow {
    ShippedWindow {
        id,
        rows: manifest.as_ref().map_or(0, |(_, manifest)| manifest.rows()),
        manifest_key: manifest.map(|(key, _)| key),
    }
}

fn pack_next(client: &mut Client, packing: Packing) -> Result<Option<PackedWindow>, SessionError> {
    let Some(window) = windows::next_to_ship(client)? else {
        return Ok(None);
    };
    let mut writer = WindowWriter::new(window.split_bytes, packing);
    fail_point!("ship.read.before");
    read_window(client, &window, |row| Ok(writer.push(row)?))?;
    fail_point!("ship.read.after");
    let parts = writer
        .finish()
        .map_err(|error| SessionError::Work(error.into()))?;
    let first_window = windows::first_accounted(client, window.id)?;
    Ok(Some(PackedWindow {
        window,
        first_window,
        parts,
    }))
}

async fn put(
    store: &dyn ObjectStore,
    packed: &PackedWindow,
) -> Result<Option<(String, Manifest)>, ShipError> {
    if packed.parts.is_empty() {
        return Ok(None);
    }
    put_window(store, &packed.window, packed.first_window, &packed.parts)
        .await
        .map(Some)
}

/// Notes the window in the ledger; false if another shipper had.
async fn confirm(
    session: &mut Session,
    window: &SealedWindow,
    manifest: Option<&(String, Manifest)>,
) -> Result<bool, ShipError> {
    let key = manifest.map(|(key, _)| key.clone());
    let files = manifest
        .map_or(&[][..], |(_, manifest)| &manifest.files)
        .iter()
        .map(ledger_file)
        .collect::<anyhow::Result<Vec<_>>>()
        .map_err(SessionError::Unexpected)?;
    let window = window.clone();
    fail_point!("ship.confirm.before");
    let noted = session
        .run(move |client| windows::confirm(client, &window, key.as_deref(), &files))
        .await?;
    fail_point!("ship.confirm.after");
    Ok(noted)
}

/// The ledger's note of a manifest's file.
fn ledger_file(file: &File) -> anyhow::Result<ShippedFile> {
    let kind =
        Kind::from_name(&file.kind).with_context(|| format!("no kind is called {}", file.kind))?;
    Ok(ShippedFile {
        kind,
        part: file.part,
        key: file.key.clone(),
        rows: file.rows.try_into()?,
        text_bytes: file.text_bytes.try_into()?,
        text_sha256: hex::decode(&file.text_sha256)?,
        object_bytes: file.object_bytes.try_into()?,
        object_sha256: hex::decode(&file.object_sha256)?,
        first_recorded_at: file.first_recorded_at,
        last_recorded_at: file.last_recorded_at,
    })
}
