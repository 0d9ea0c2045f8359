//! Reads the three sides and has them compared.

use super::compare::{Sides, compare};
use super::deep::{self, Contents};
use super::lake::{self, LakeSide};
use super::{Findings, LedgerSide, WarehouseSide};
use crate::domain::window::WindowId;
use crate::lake::keys;
use crate::lake::manifest::Manifest;
use crate::lake::store::{ObjectStore, list_all};
use crate::ledger::counts::kept;
use crate::ledger::session::Session;
use crate::report::{Reports, WindowsQuery};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// How far back is looked unless told otherwise.
const SPAN: TimeDelta = TimeDelta::days(1);
/// The warehouse is asked for this much at a time: windows may be a second long.
const PIECE: TimeDelta = TimeDelta::hours(6);

/// What is to be verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    /// Windows sealed at or after this; a day before `until` unless given.
    pub since: Option<DateTime<Utc>>,
    /// And before this; now unless given.
    pub until: Option<DateTime<Utc>>,
    /// This window alone.
    pub only: Option<WindowId>,
    /// Whether files are read.
    pub deep: bool,
}

/// How far a deep look is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Windows whose files were read.
    pub windows: usize,
    /// Of how many.
    pub of: usize,
    /// Bytes that were read.
    pub bytes: u64,
}

/// A part could not be asked, so nothing is proven.
#[derive(Debug, thiserror::Error)]
#[error("could not verify: {part} cannot be asked")]
pub struct Unchecked {
    /// Which part.
    pub part: &'static str,
    /// Why.
    #[source]
    pub source: anyhow::Error,
}

impl Unchecked {
    /// That a part gave an error.
    pub fn of<E: Into<anyhow::Error>>(part: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self {
            part,
            source: source.into(),
        }
    }
}

/// A part that may be [`Unchecked`].
pub const LEDGER: &str = "the ledger";
/// Another.
pub const LAKE: &str = "the lake";
/// The third.
pub const WAREHOUSE: &str = "the warehouse";

/// Reads and compares. Ledger first, warehouse last: what moves meanwhile is never behind.
///
/// # Errors
/// If a part cannot be asked.
pub async fn look(
    ledger: &mut Session,
    store: &dyn ObjectStore,
    reports: &dyn Reports,
    question: &Question,
    mut tell: impl FnMut(Progress) + Send,
) -> Result<Findings, Unchecked> {
    let heads = ledger
        .run(kept::heads)
        .await
        .map_err(Unchecked::of(LEDGER))?;
    let span = match question.only {
        Some(only) => span_of(ledger, store, only).await?,
        None => {
            let until = question
                .until
                .map_or(heads.now, |until| until.min(heads.now));
            (question.since.unwrap_or(until - SPAN), until)
        }
    };
    let side = ledger
        .run(move |client| {
            Ok(LedgerSide {
                heads,
                windows: kept::windows(client, span.0, span.1)?,
                before: kept::before(client, span.0)?,
                alone: kept::alone(client)?,
            })
        })
        .await
        .map_err(Unchecked::of(LEDGER))?;
    let lake = lake::read(store, span.0, span.1)
        .await
        .map_err(Unchecked::of(LAKE))?;
    let contents = if question.deep {
        contents(store, &lake, question.only, &mut tell).await?
    } else {
        BTreeMap::new()
    };
    let warehouse = warehouse(reports, span, question.deep).await?;
    Ok(compare(&Sides {
        ledger: &side,
        lake: &lake,
        warehouse: &warehouse,
        contents: &contents,
        only: question.only,
        span,
    }))
}

/// The instant at which a window was sealed, as a span.
async fn span_of(
    ledger: &mut Session,
    store: &dyn ObjectStore,
    only: WindowId,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Unchecked> {
    let known = ledger
        .run(move |client| kept::sealed_at(client, only))
        .await
        .map_err(Unchecked::of(LEDGER))?;
    let sealed_at = match known {
        Some(sealed_at) => sealed_at,
        None => sealed_in_lake(store, only).await?,
    };
    Ok((sealed_at, sealed_at + TimeDelta::microseconds(1)))
}

/// Of a window that only the lake has: looked for among the keys of all manifests.
async fn sealed_in_lake(
    store: &dyn ObjectStore,
    only: WindowId,
) -> Result<DateTime<Utc>, Unchecked> {
    let name = Some((only.epoch, only.number));
    let keys = list_all(store, keys::MANIFESTS, None)
        .await
        .map_err(Unchecked::of(LAKE))?;
    let key = keys
        .into_iter()
        .find(|key| keys::manifest_window(key) == name);
    let key = key.ok_or_else(|| Unchecked {
        part: "this window",
        source: anyhow::anyhow!("neither the ledger nor the lake has it"),
    })?;
    let body = store.get(&key).await.map_err(Unchecked::of(LAKE))?;
    let manifest: Manifest = serde_json::from_slice(&body).map_err(Unchecked::of(LAKE))?;
    Ok(manifest.sealed_at)
}

async fn contents(
    store: &dyn ObjectStore,
    lake: &LakeSide,
    only: Option<WindowId>,
    tell: &mut (impl FnMut(Progress) + Send),
) -> Result<BTreeMap<WindowId, Contents>, Unchecked> {
    let manifests: Vec<(WindowId, &Manifest)> = lake
        .manifests
        .iter()
        .filter(|(id, _)| only.is_none_or(|only| only == **id))
        .filter_map(|(id, standing)| Some((*id, standing.first()?.manifest.as_ref().ok()?)))
        .collect();
    let mut progress = Progress {
        of: manifests.len(),
        ..Progress::default()
    };
    let mut all = BTreeMap::new();
    for (id, manifest) in manifests {
        let contents = deep::read(store, manifest)
            .await
            .map_err(Unchecked::of(LAKE))?;
        progress.windows += 1;
        progress.bytes += contents.bytes;
        tell(progress);
        all.insert(id, contents);
    }
    Ok(all)
}

/// Asks piece by piece; what is of all windows, with the last one.
async fn warehouse(
    reports: &dyn Reports,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    deep: bool,
) -> Result<WarehouseSide, Unchecked> {
    let mut side: Option<WarehouseSide> = None;
    let mut start = since;
    loop {
        let end = (start + PIECE).min(until);
        let last = end >= until;
        let query = WindowsQuery {
            start,
            end,
            deep: deep && last,
        };
        let answer = reports
            .windows(&query)
            .await
            .map_err(Unchecked::of(WAREHOUSE))?;
        let side = side.get_or_insert_with(|| WarehouseSide {
            generation: String::new(),
            windows: Vec::new(),
            before: answer.before.clone(),
            kinds: Vec::new(),
        });
        side.generation = answer.generation;
        side.windows.extend(answer.windows);
        side.kinds = answer.kinds;
        if last {
            side.windows
                .sort_by_key(|window| (window.epoch, window.number));
            return Ok(side.clone());
        }
        start = end;
    }
}
