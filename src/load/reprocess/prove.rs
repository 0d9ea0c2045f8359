//! The proof that a generation holds what the lake holds: every file of every manifest, as it was
//! noted with its rows, and the notes against the tables themselves.

use crate::{
    domain::window::WindowId,
    event::Kind,
    lake::store::ObjectStore,
    load::{
        ask::ask,
        batch::Order,
        fault::{Fault, LoadError},
        fetch::{self, Found},
    },
    warehouse::{LoadedFile, Select, Warehouse},
};
use futures_util::{StreamExt as _, stream};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Windows whose manifests are in memory at once.
const AT_ONCE: usize = 1_000;
/// Manifests read at the same time.
const READS: usize = 16;
/// Differences told of; the first ones say what is wrong.
const MOST: usize = 100;
/// Longest time of the statement that adds the buckets up.
const LIMIT: Duration = Duration::from_secs(600);

/// What differs, in words; nothing if the proof holds. Tells how many windows are proven.
pub(super) async fn prove(
    store: &Arc<dyn ObjectStore>,
    warehouse: &Arc<dyn Warehouse>,
    listing: &Order,
    tell: &mut (dyn FnMut(usize) + Send),
) -> Result<Vec<String>, LoadError> {
    let mut differences = Vec::new();
    for (round, some) in listing.chunks(AT_ONCE).enumerate() {
        tell(round * AT_ONCE);
        let notes = notes(warehouse, some).await?;
        let reads = some.iter().cloned().map(|(id, key)| {
            let store = store.clone();
            async move { fetch::manifest(&*store, id, key).await }
        });
        let mut manifests = stream::iter(reads).buffered(READS);
        while let Some(found) = manifests.next().await {
            compare(found, &notes, &mut differences);
        }
        if differences.len() >= MOST {
            differences.truncate(MOST);
            return Ok(differences);
        }
    }
    tell(listing.len());
    let windows = listing.len();
    differences.extend(ask(warehouse, move |warehouse| tables(warehouse, windows)).await?);
    Ok(differences)
}

/// What was noted of these windows' files, by key.
async fn notes(
    warehouse: &Arc<dyn Warehouse>,
    some: &[(WindowId, String)],
) -> Result<HashMap<String, LoadedFile>, LoadError> {
    let ids: Vec<_> = some.iter().map(|(id, _)| *id).collect();
    let files = ask(warehouse, move |warehouse| warehouse.loaded_files(&ids)).await?;
    Ok(files
        .into_iter()
        .map(|file| (file.key.clone(), file))
        .collect())
}

/// Holds a manifest against the notes.
fn compare(
    found: Result<Found, Fault>,
    notes: &HashMap<String, LoadedFile>,
    differences: &mut Vec<String>,
) {
    let found = match found {
        Ok(found) => found,
        Err(fault) => return differences.push(fault.to_string()),
    };
    let of_window = notes.values().filter(|note| note.id == found.id).count();
    if of_window != found.manifest.files.len() {
        differences.push(format!(
            "{} names {} files, and {of_window} were loaded",
            found.key,
            found.manifest.files.len()
        ));
    }
    for file in &found.manifest.files {
        let Some(note) = notes.get(&file.key) else {
            differences.push(format!("{} is not loaded", file.key));
            continue;
        };
        let accounted = note.loaded + note.duplicates + note.quarantined;
        if note.lines != file.rows || accounted != file.rows {
            differences.push(format!(
                "{} has {} lines by its manifest, and {} were loaded, {} known already, {} put aside",
                file.key, file.rows, note.loaded, note.duplicates, note.quarantined
            ));
        }
        if note.text_sha256 != file.text_sha256 {
            differences.push(format!(
                "{} was loaded with another content than its manifest tells of",
                file.key
            ));
        }
    }
}

/// Holds the notes against the tables, and the buckets against the messages.
fn tables(
    warehouse: &dyn Warehouse,
    windows: usize,
) -> Result<Vec<String>, crate::warehouse::WarehouseError> {
    let mut differences = Vec::new();
    for count in warehouse.kind_counts()? {
        if count.noted != count.held {
            differences.push(format!(
                "the tables hold {} rows of {}, and {} were noted",
                count.held, count.kind, count.noted
            ));
        }
    }
    let sums = Select {
        sql: include_str!("sums.sql").to_owned(),
        parameters: Vec::new(),
        most_rows: 1,
    };
    let rows = warehouse.read(&[sums], LIMIT)?;
    let cells = rows.into_iter().flatten().flatten();
    let sums: Vec<_> = cells.filter_map(|cell| cell.integer()).collect();
    let [loaded, messages, ref counted @ ..] = sums[..] else {
        return Ok(differences);
    };
    if usize::try_from(loaded) != Ok(windows) {
        differences.push(format!(
            "{loaded} windows are loaded, and the lake has {windows}"
        ));
    }
    // Quarters of an hour, hours, days.
    if counted.iter().any(|counted| *counted != messages) {
        differences.push(format!(
            "the reports count {counted:?} of {messages} {}s",
            Kind::Message
        ));
    }
    Ok(differences)
}
