//! A part of the lake, copied to this machine, for SQL on its files where the lake is no folder.

use crate::{
    event::Kind,
    lake::{
        keys,
        store::{ObjectStore, list_all},
    },
    warehouse::lake_sql::LakeSource,
};
use anyhow::{Context, ensure};
use chrono::NaiveDate;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::{ops::RangeInclusive, path::Path};

/// Objects fetched at once.
const PARALLEL: usize = 8;

/// How far a download is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Downloaded {
    /// Objects that are here.
    pub objects: usize,
    /// Of how many.
    pub of: usize,
    /// Bytes that are here.
    pub bytes: u64,
}

/// Copies the log files sealed on these days (UTC) into a folder, and tells of each one. More than
/// `most_bytes` is an error: ask for fewer days.
///
/// # Errors
/// If the lake cannot be asked, holds more than that, or has a key that is no path; if the folder cannot be
/// written.
pub async fn download(
    store: &dyn ObjectStore,
    days: RangeInclusive<NaiveDate>,
    folder: &Path,
    most_bytes: u64,
    mut tell: impl FnMut(Downloaded),
) -> anyhow::Result<LakeSource> {
    let keys = list(store, &days).await?;
    let mut done = Downloaded {
        of: keys.len(),
        ..Downloaded::default()
    };
    let copies = keys.iter().map(|key| copy(store, key, folder));
    let mut copies = stream::iter(copies.collect::<Vec<_>>()).buffer_unordered(PARALLEL);
    while let Some(bytes) = copies.try_next().await? {
        done.objects += 1;
        done.bytes += bytes;
        ensure!(
            done.bytes <= most_bytes,
            "these days hold more than {most_bytes} bytes; ask for fewer"
        );
        tell(done);
    }
    Ok(LakeSource {
        folder: folder.to_owned(),
    })
}

/// The log files of some days. Keys begin with kind and day, so no other day is listed.
async fn list(
    store: &dyn ObjectStore,
    days: &RangeInclusive<NaiveDate>,
) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for day in days.start().iter_days().take_while(|day| day <= days.end()) {
            all.extend(list_all(store, &keys::log_files_of(kind.as_str(), day), None).await?);
        }
    }
    Ok(all)
}

async fn copy(store: &dyn ObjectStore, key: &str, folder: &Path) -> anyhow::Result<u64> {
    let safe = key.split('/').all(|part| !matches!(part, "" | "." | ".."));
    ensure!(safe, "the lake holds an object with a strange key, {key}");
    let body = store.get(key).await?;
    let path = folder.join(key);
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    tokio::fs::write(&path, &body)
        .await
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(body.len() as u64)
}
