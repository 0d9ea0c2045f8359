//! How long the outbox may grow before its disk is full.
//!
//! While the lake cannot be reached nothing is reclaimed, and the ledger's disk fills. The time left
//! is the room that is left, divided by what was written a second in the last hour: as if nothing
//! were reclaimed from now on. What a reclaim gave back is no shrinking of that rate.

use super::measure;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Samples older than this are forgotten.
const LOOK_BACK: Duration = Duration::from_secs(3600);
/// Samples are at least so far apart.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// A rate over less time than this is none.
const SHORTEST: Duration = Duration::from_secs(60);
/// With less time left than this, it is said aloud: a night, in which nobody looks.
const ALARM: Duration = Duration::from_secs(12 * 3600);

/// What the outbox may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Nobody said: its size and growth are measured, but not the time left.
    #[default]
    Unknown,
    /// So many bytes, for the outbox and its indexes.
    Bytes(u64),
    /// What is free on the disk of this folder: PostgreSQL runs on this machine.
    DiskOf(PathBuf),
}

impl Room {
    /// Bytes that are left; `None` if nobody knows.
    fn left(&self, outbox_bytes: u64) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Bytes(bytes) => Some(bytes.saturating_sub(outbox_bytes)),
            Self::DiskOf(folder) => match nix::sys::statvfs::statvfs(folder) {
                Ok(disk) => Some(disk.blocks_available() * disk.fragment_size()),
                Err(error) => {
                    tracing::warn!(%error, folder = %folder.display(), "the room on a disk is not known");
                    None
                }
            },
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct RoomWatch {
    room: Room,
    /// Moment, size, and what was written until then since the first sample.
    samples: VecDeque<(Instant, u64, u64)>,
    alarmed: bool,
}

impl RoomWatch {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            samples: VecDeque::new(),
            alarmed: false,
        }
    }

    /// Takes the outbox's size, and tells what it means.
    pub(super) fn sample(&mut self, now: Instant, bytes: u64) {
        self.note(now, bytes);
        let rate = self.rate();
        let left = self.room.left(bytes).map(|room| seconds_left(room, rate));
        measure::room(bytes, rate, left);
        let Some(left) = left else { return };
        let alarming = left < ALARM.as_secs_f64();
        if alarming && !self.alarmed {
            tracing::error!(
                outbox_bytes = bytes,
                bytes_a_second = rate,
                seconds_left = left,
                "the outbox fills its disk: see why windows are not shipped, verified and reclaimed \
                 (textrail_ship_failures_total), or give it more room (shipper.outbox_room_bytes)"
            );
        }
        self.alarmed = alarming;
    }

    fn note(&mut self, now: Instant, bytes: u64) {
        let Some(&(last, size, written)) = self.samples.back() else {
            self.samples.push_back((now, bytes, 0));
            return;
        };
        if now.duration_since(last) < SAMPLE_EVERY {
            return;
        }
        let written = written + bytes.saturating_sub(size);
        self.samples.push_back((now, bytes, written));
        while self
            .samples
            .front()
            .is_some_and(|(moment, ..)| now.duration_since(*moment) > LOOK_BACK)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes written a second.
    fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return 0.0;
        };
        let time = last.0.duration_since(first.0);
        if time < SHORTEST {
            return 0.0;
        }
        (last.2 - first.2) as f64 / time.as_secs_f64()
    }
}

/// Without growth, for ever.
fn seconds_left(room: u64, rate: f64) -> f64 {
    if rate > 0.0 {
        room as f64 / rate
    } else {
        f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(room: Room, sizes: &[u64]) -> RoomWatch {
        let (mut watch, begun) = (RoomWatch::new(room), Instant::now());
        for (minute, bytes) in (0_u64..).zip(sizes) {
            watch.sample(begun + Duration::from_secs(60 * minute), *bytes);
        }
        watch
    }

    #[test]
    fn the_rate_is_what_was_written_whatever_was_given_back() {
        assert!((watched(Room::Unknown, &[0, 600, 1200]).rate() - 10.0).abs() < 1e-9);
        assert!(
            (watched(Room::Unknown, &[600, 1200, 0, 600]).rate() - 1200.0 / 180.0).abs() < 1e-9
        );
        assert!(watched(Room::Unknown, &[7]).rate() <= 0.0);
        assert!(watched(Room::Unknown, &[9, 9, 9]).rate() <= 0.0);
    }

    #[test]
    fn the_alarm_comes_and_goes() {
        let hour = 3600 * 10;
        let watch = watched(Room::Bytes(13 * hour), &[0, 600, 1200]);
        assert!(!watch.alarmed);
        let mut watch = watched(Room::Bytes(12 * hour), &[0, 600, 1200]);
        assert!(watch.alarmed);
        watch.room = Room::Bytes(100 * hour);
        watch.sample(Instant::now() + Duration::from_secs(180), 1800);
        assert!(!watch.alarmed);
    }

    #[test]
    fn what_is_left_is_counted_or_asked_of_the_disk() {
        assert_eq!(Room::Unknown.left(5), None);
        assert_eq!(Room::Bytes(7).left(5), Some(2));
        assert_eq!(Room::Bytes(7).left(9), Some(0));
        let folder = tempfile::tempdir().unwrap();
        assert!(Room::DiskOf(folder.path().to_owned()).left(0).unwrap() > 0);
        assert_eq!(Room::DiskOf("/no/such/folder".into()).left(0), None);
        assert!(seconds_left(5, 0.0).is_infinite());
    }

    #[test]
    fn what_is_older_than_an_hour_is_forgotten() {
        let sizes: Vec<u64> = (0..=200).map(|minute| minute * 60).collect();
        let watch = watched(Room::Unknown, &sizes);
        assert_eq!(watch.samples.len(), 61);
        assert!((watch.rate() - 1.0).abs() < 1e-9);
    }
}
