//! Verify: ledger = lake = warehouse, for every window and kind.
//!
//! Three sides are read, each by its own means: the ledger's own count ([`crate::ledger::counts`]),
//! the manifests and the listing of the lake ([`lake`]; with their contents, [`deep`]), and the notes
//! of the warehouse ([`crate::report::windows`]). They are read in the direction in which a window
//! travels, so that one that moves meanwhile is further ahead at each later side, never behind.
//! [`compare`] holds them against each other, and tells each [`Difference`] with what it means and
//! what to do.

use crate::domain::window::WindowId;
use crate::event::Kind;
use crate::ledger::counts::kept::{Alone, Heads, KnownWindow};
use crate::report::windows::{KindRows, LoadedLines, LoadedWindow};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

pub mod compare;
pub mod deep;
mod difference;
pub mod lake;
pub mod look;
pub mod show;
mod spool;

pub use difference::{Difference, What};
pub use spool::Spooled;

/// The ledger's side.
#[derive(Clone, Debug)]
pub struct LedgerSide {
    /// The last window of each epoch, and its clock.
    pub heads: Heads,
    /// The windows of the span.
    pub windows: Vec<KnownWindow>,
    /// Lines of the windows before.
    pub before: BTreeMap<Kind, i64>,
    /// Facts that no event tells of, of all time.
    pub alone: Vec<Alone>,
}

/// The warehouse's side.
#[derive(Clone, Debug)]
pub struct WarehouseSide {
    /// Which build of it.
    pub generation: String,
    /// The windows of the span.
    pub windows: Vec<LoadedWindow>,
    /// Lines of the windows before.
    pub before: Vec<LoadedLines>,
    /// Rows of all windows.
    pub kinds: Vec<KindRows>,
}

/// The lines of one kind, at each side. What a side does not have is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events, by the ledger's own count.
    pub events: Option<i64>,
    /// Of these, those with their fact.
    pub facts: Option<i64>,
    /// Lines, by the manifest.
    pub manifest: Option<i64>,
    /// Lines in the files themselves, where they were read.
    pub lines: Option<i64>,
    /// Rows of the warehouse.
    pub loaded: Option<i64>,
    /// Lines whose event the warehouse knew already.
    pub duplicates: Option<i64>,
    /// Lines put aside.
    pub quarantined: Option<i64>,
}

impl Counts {
    /// Lines that the warehouse accounts for.
    fn accounted(&self) -> Option<i64> {
        Some(self.loaded? + self.duplicates? + self.quarantined?)
    }

    /// Adds another window's.
    fn add(&mut self, other: &Self) {
        let sum = |left: &mut Option<i64>, right: Option<i64>| {
            if let Some(right) = right {
                *left = Some(left.unwrap_or(0) + right);
            }
        };
        sum(&mut self.events, other.events);
        sum(&mut self.facts, other.facts);
        sum(&mut self.manifest, other.manifest);
        sum(&mut self.lines, other.lines);
        sum(&mut self.loaded, other.loaded);
        sum(&mut self.duplicates, other.duplicates);
        sum(&mut self.quarantined, other.quarantined);
    }
}

/// A window that is not everywhere yet, and not late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OnItsWay {
    /// Which.
    #[serde(serialize_with = "difference::as_name")]
    pub window: WindowId,
    /// When it was sealed.
    pub sealed_at: DateTime<Utc>,
    /// How far it is: in the `ledger`, in the `lake`; or everywhere, and the `count` is to be made.
    pub at: &'static str,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// Windows sealed from here on were compared.
    pub since: DateTime<Utc>,
    /// To here.
    pub until: DateTime<Utc>,
    /// Which build of the warehouse.
    pub generation: String,
    /// Windows that were compared, empty ones included.
    pub windows: u64,
    /// Of those, the ones with equal counts on every side.
    pub proven: u64,
    /// Windows on their way.
    pub on_their_way: Vec<OnItsWay>,
    /// Windows that a ledger before a restore shipped: only the lake has them.
    #[serde(serialize_with = "difference::as_names")]
    pub only_in_lake: Vec<WindowId>,
    /// Lines by kind, all compared windows together.
    pub kinds: BTreeMap<Kind, Counts>,
    /// Lines of the windows before, by the ledger and by the warehouse.
    pub before: BTreeMap<Kind, (i64, i64)>,
    /// What is in a spool.
    pub spools: Vec<Spooled>,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// By window and kind; what is no window's comes last.
    fn sort(&mut self) {
        self.differences.sort_by_key(|difference| {
            (
                difference.window.is_none(),
                difference.window,
                difference.kind,
                difference.what,
            )
        });
    }
}

#[cfg(test)]
mod tests;
