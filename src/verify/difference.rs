//! What may differ, what it means, and what to do.

use super::Counts;
use crate::domain::window::WindowId;
use crate::event::Kind;
use serde::{Serialize, Serializer};

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The window; none if it is not one window's.
    #[serde(serialize_with = "as_optional_name")]
    pub window: Option<WindowId>,
    /// The kind; none if it is not one kind's.
    pub kind: Option<Kind>,
    /// What.
    pub what: What,
    /// Which: a key, an id, a number.
    pub detail: String,
    /// The counts of that window and kind.
    pub counts: Counts,
}

impl Difference {
    /// One that is no window's and no kind's, until it is said otherwise.
    pub(super) fn new(what: What, detail: String) -> Self {
        Self {
            window: None,
            kind: None,
            what,
            detail,
            counts: Counts::default(),
        }
    }
}

/// The kinds of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Events in the outbox whose fact is not in the ledger.
    EventWithoutFact,
    /// A fact in the ledger that no event tells of.
    FactWithoutEvent,
    /// The ledger counts other events than the manifest has lines.
    LedgerIsNotLake,
    /// A sealed window was not shipped in time.
    NotShipped,
    /// The ledger's own count of a shipped window was not made in time.
    NotCounted,
    /// The manifest of a shipped window is not in the lake.
    ManifestMissing,
    /// It is there, and cannot be read.
    ManifestUnreadable,
    /// One window has several manifests.
    ManifestTwice,
    /// A file that a manifest lists is not in the lake.
    FileMissing,
    /// A file in the lake that no manifest lists.
    FileUnasked,
    /// A file is not what its manifest says.
    FileAltered,
    /// A window of the ledger's present life that the ledger does not know.
    NotInLedger,
    /// A window in the lake was not loaded in time.
    NotLoaded,
    /// A loaded window that the lake does not have.
    LoadedFromNowhere,
    /// The warehouse accounts for another number of lines than the manifest has.
    LakeIsNotWarehouse,
    /// The warehouse's tables hold another number of rows than it noted.
    RowsAreNotNotes,
    /// Events that are in the warehouse's tables twice.
    RowsTwice,
    /// The windows before the span differ in sum.
    BeforeDiffers,
    /// Facts that were answered, and that the ledger refused when they came out of the spool.
    SpoolRefused,
    /// Segments of the spool that the disk gave back altered.
    SpoolDamaged,
}

impl What {
    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::EventWithoutFact => "the ledger told the lake of something that it does not have",
            Self::FactWithoutEvent => "a fact is in the ledger that the lake will never hear of",
            Self::LedgerIsNotLake => "the lake lacks events of the window, or has too many",
            Self::NotShipped => "the window was sealed over ten minutes ago and is not in the lake",
            Self::NotCounted => {
                "the window was sealed over ten minutes ago and the shipper did not count it"
            }
            Self::ManifestMissing => {
                "the ledger noted the window as shipped, and the lake lost its manifest"
            }
            Self::ManifestUnreadable => "the manifest was changed since it was put",
            Self::ManifestTwice => "two ledgers wrote the same window into one lake",
            Self::FileMissing => "the lake lost a log file",
            Self::FileUnasked => "a log file is in the lake that no window has",
            Self::FileAltered => "a log file was changed since it was put",
            Self::NotInLedger => "the lake has a window that this ledger did not ship",
            Self::NotLoaded => {
                "the window is in the lake for over ten minutes and not in the warehouse"
            }
            Self::LoadedFromNowhere => "the warehouse holds a window that the lake does not have",
            Self::LakeIsNotWarehouse => "the warehouse lost lines of the window, or has too many",
            Self::RowsAreNotNotes => {
                "rows were lost from the warehouse's tables, or got in beside a load"
            }
            Self::RowsTwice => "the warehouse holds events twice: its reports count them twice",
            Self::BeforeDiffers => "ledger and warehouse differ in windows before the span",
            Self::SpoolRefused => "facts were answered and are in no ledger: it refused them",
            Self::SpoolDamaged => {
                "facts were answered and may be in no ledger: the disk altered them"
            }
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::EventWithoutFact | Self::FactWithoutEvent => {
                "a mistake of textrail's or a change by hand: keep the rows and report it"
            }
            Self::LedgerIsNotLake => {
                "stop the shipper: the outbox keeps the window's rows; compare them with its files"
            }
            Self::NotShipped | Self::NotCounted => {
                "see the shipper's log: is it running, is the lake away?"
            }
            Self::ManifestMissing
            | Self::ManifestUnreadable
            | Self::FileMissing
            | Self::FileAltered => {
                "restore the object from the bucket's versions or a copy; the warehouse may have the rows"
            }
            Self::ManifestTwice => "give each ledger a bucket or a prefix of its own",
            Self::FileUnasked => "an upload that was cut short leaves none: find out who put it",
            Self::NotInLedger => {
                "does another ledger write here? After a restore a new epoch begins by itself"
            }
            Self::NotLoaded => "see the loader's log: is it running, was the window stopped?",
            Self::LoadedFromNowhere => "restore the window's objects, or reprocess without them",
            Self::LakeIsNotWarehouse | Self::RowsAreNotNotes | Self::RowsTwice => {
                "rebuild the warehouse from the lake: textrail reprocess"
            }
            Self::BeforeDiffers => "find the window: textrail verify --since with an earlier time",
            Self::SpoolRefused => {
                "read refused/ in the spool: each fact stands there with its reason"
            }
            Self::SpoolDamaged => {
                "keep *.damaged: what can be read of it was recorded; see the disk"
            }
        }
    }
}

pub(super) fn as_name<S: Serializer>(id: &WindowId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn as_names<S: Serializer>(ids: &[WindowId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(ToString::to_string))
}

fn as_optional_name<S: Serializer>(
    id: &Option<WindowId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => as_name(id, serializer),
        None => serializer.serialize_none(),
    }
}
