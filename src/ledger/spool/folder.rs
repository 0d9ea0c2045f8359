//! The spool's folder: one owner, private files, names, and what lasts in it.

use super::SpoolError;
use super::frame;
use crate::file_lock;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the records of a segment are, and so when they are drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Subscribers' messages: first, and before any send.
    Inbound,
    /// Delivery receipts.
    Receipts,
    /// Clicks.
    Clicks,
    /// Subscribers' messages that the ledger did not take although it took others, for a reason that
    /// may pass: a lock that somebody holds, say. Tried again every second, and sends wait for them.
    StuckInbound,
    /// The same of receipts and clicks. Tried again now and then.
    Stuck,
}

impl Stream {
    /// Every stream, in the order in which they are drained.
    pub const ALL: [Self; STREAMS] = [
        Self::Inbound,
        Self::Receipts,
        Self::Clicks,
        Self::StuckInbound,
        Self::Stuck,
    ];

    /// The beginning of its segments' names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Receipts => "receipts",
            Self::Clicks => "clicks",
            Self::StuckInbound => "stuck-inbound",
            Self::Stuck => "stuck",
        }
    }

    /// Where its facts go that the ledger does not take for now.
    pub(in crate::ledger) fn aside(self) -> Self {
        match self {
            Self::Inbound | Self::StuckInbound => Self::StuckInbound,
            Self::Receipts | Self::Clicks | Self::Stuck => Self::Stuck,
        }
    }

    /// Whether its facts were set aside already.
    pub(in crate::ledger) fn is_aside(self) -> bool {
        self == self.aside()
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::Inbound => 0,
            Self::Receipts => 1,
            Self::Clicks => 2,
            Self::StuckInbound => 3,
            Self::Stuck => 4,
        }
    }
}

/// How many streams there are.
pub(super) const STREAMS: usize = 5;

/// How a segment's name ends.
const SEGMENT: &str = "spool";
/// How the name of a copy ends that is kept because something in it is damaged.
const DAMAGED: &str = "damaged";
/// How the name of a copy of a torn tail ends.
const TORN: &str = "torn";
/// The folder of facts that the ledger refused.
const REFUSED: &str = "refused";

/// A file of records that nobody writes to any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ledger) struct Segment {
    pub(in crate::ledger) stream: Stream,
    pub(super) path: PathBuf,
    pub(super) number: u64,
    pub(super) bytes: u64,
    /// Records that were answered for.
    pub(in crate::ledger) records: u64,
}

/// The folder, owned by this process until it ends.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, and takes it.
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let fail = |source| SpoolError::Folder(path.to_path_buf(), source);
        for folder in [path, &path.join(REFUSED)] {
            let mut make = DirBuilder::new();
            make.recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(fail)?;
        }
        let lock = file_lock::take(&path.join("lock")).map_err(fail)?;
        let lock = lock.ok_or_else(|| SpoolError::Owned(path.to_path_buf()))?;
        Ok(Self {
            path: path.to_path_buf(),
            _lock: lock,
        })
    }

    /// A new segment, whose name lasts.
    pub(super) fn create(&self, stream: Stream, number: u64) -> io::Result<(File, PathBuf)> {
        let path = self
            .path
            .join(format!("{}-{number:016}.{SEGMENT}", stream.as_str()));
        let file = private().create_new(true).open(&path)?;
        self.sync()?;
        Ok((file, path))
    }

    /// Removes a segment for good.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        fail::fail_point!("spool.remove.before");
        fs::remove_file(path)?;
        self.sync()?;
        fail::fail_point!("spool.remove.after");
        Ok(())
    }

    /// Keeps facts that the ledger refused, each as a line with its reason.
    pub(super) fn refuse(&self, stream: Stream, lines: &[u8]) -> io::Result<()> {
        let folder = self.path.join(REFUSED);
        let path = folder.join(format!("{}.jsonl", stream.as_str()));
        let mut file = private().append(true).open(&path)?;
        file.write_all(lines)?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options
}

/// The segments in a folder, oldest first within each stream, each with its length.
pub(super) fn segments(folder: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((stream, number)) = name.to_str().and_then(parse_name) else {
            continue;
        };
        found.push(Segment {
            stream,
            number,
            path: entry.path(),
            bytes: entry.metadata()?.len(),
            records: 0,
        });
    }
    found.sort_by_key(|segment| (segment.stream, segment.number));
    Ok(found)
}

fn parse_name(name: &str) -> Option<(Stream, u64)> {
    let stem = name.strip_suffix(SEGMENT)?.strip_suffix('.')?;
    let (stream, number) = stem.rsplit_once('-')?;
    let stream = Stream::ALL.into_iter().find(|one| one.as_str() == stream)?;
    Some((stream, number.parse().ok()?))
}

/// The largest number that a segment of the folder ever had, as far as names tell: those of copies
/// too, so that none is taken for the copy of a later segment.
pub(super) fn last_number(folder: &Path) -> io::Result<u64> {
    let mut last = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let number = stem.and_then(|stem| stem.rsplit_once('-')?.1.parse().ok());
        last = last.max(number.unwrap_or_default());
    }
    Ok(last)
}

/// For how long the oldest segment has been there.
pub(super) fn age(folder: &Path) -> io::Result<Duration> {
    let made = |segment: &Segment| {
        let found = fs::metadata(&segment.path)?;
        found.created().or_else(|_| found.modified())
    };
    let times = segments(folder)?;
    let oldest = times.iter().filter_map(|segment| made(segment).ok()).min();
    Ok(oldest
        .and_then(|time| time.elapsed().ok())
        .unwrap_or_default())
}

/// Files that a person should look at: with damage in them, or with refused facts.
pub(super) fn set_aside(folder: &Path) -> io::Result<(u64, u64)> {
    let mut damaged = 0;
    for entry in fs::read_dir(folder)? {
        damaged += u64::from(entry?.path().extension().is_some_and(|end| end == DAMAGED));
    }
    let files = match fs::read_dir(folder.join(REFUSED)) {
        // Nothing was refused yet. Whatever else it is must not look like that.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((damaged, 0)),
        files => files?,
    };
    let mut refused = 0;
    for file in files {
        for line in BufReader::new(File::open(file?.path())?).split(b'\n') {
            line?;
            refused += 1;
        }
    }
    Ok((damaged, refused))
}

/// Whether a copy of a damaged segment is kept.
pub(super) fn has_copy(segment: &Path) -> bool {
    segment.with_extension(DAMAGED).exists()
}

/// The records of a segment, copied. Its first `sure` bytes were written and fsynced by this process,
/// so that nothing is torn there. A torn tail is cut off, a segment with damage in it is kept under
/// another name beside; both are counted and told.
pub(super) fn read(path: &Path, sure: u64) -> io::Result<Vec<Vec<u8>>> {
    let bytes = fs::read(path)?;
    let mut scan = frame::scan(&bytes);
    let sure = usize::try_from(sure).map_err(io::Error::other)?;
    let end = scan.torn.unwrap_or(bytes.len());
    if end < sure {
        scan.damaged.push(end..sure);
        scan.torn = None;
    }
    if !scan.damaged.is_empty() {
        keep_damaged(path, &scan)?;
    }
    if let Some(at) = scan.torn {
        let torn = bytes.len() - at;
        metrics::counter!("textrail_spool_torn_bytes_total").increment(torn as u64);
        tracing::warn!(
            segment = %path.display(), torn_bytes = torn, records = scan.records.len(),
            "cut a record off that was never written to its end, and never answered"
        );
        keep_torn(path, &bytes[at..])?;
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(at as u64)?;
        file.sync_all()?;
    }
    Ok(scan.records.into_iter().map(<[u8]>::to_vec).collect())
}

/// Should it have been a whole one after all, nothing is lost. Zeros tell nothing.
fn keep_torn(path: &Path, tail: &[u8]) -> io::Result<()> {
    if tail.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    let mut copy = private().truncate(true).open(path.with_extension(TORN))?;
    copy.write_all(tail)?;
    copy.sync_all()?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn keep_damaged(path: &Path, scan: &frame::Scan<'_>) -> io::Result<()> {
    let copy = path.with_extension(DAMAGED);
    match fs::hard_link(path, &copy) {
        // It was found before.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        linked => linked?,
    }
    sync_folder_of(path)?;
    metrics::counter!("textrail_spool_damaged_total").increment(scan.damaged.len() as u64);
    tracing::error!(
        segment = %path.display(), kept = %copy.display(), places = ?scan.damaged,
        records = scan.records.len(),
        "a segment of the spool is damaged: what can be read is recorded, a copy is kept"
    );
    Ok(())
}
