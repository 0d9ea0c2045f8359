//! Large batches give way to clicks: a person looks at a browser that waits for the redirect, while a
//! campaign's 10,000 messages may take a second longer.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// So many times as long as the last piece took, at most, while clicks wait. At two, batches ask for a
/// third of what they could have of PostgreSQL; the rest is for clicks.
const TIMES: u32 = 2;
/// Most of a transaction's pauses together: callers give a batch up, and its transaction holds back the
/// windows of those that committed after it.
const MOST: Duration = Duration::from_secs(4);
/// How often is looked whether clicks still wait.
const LOOK: Duration = Duration::from_millis(1);

/// What is in a lane: waiting, or being written.
#[derive(Clone, Debug)]
pub(super) struct InLane {
    room: Arc<Semaphore>,
    most_rows: u32,
}

impl InLane {
    pub(super) fn new(room: Arc<Semaphore>, most_rows: u32) -> Self {
        Self { room, most_rows }
    }

    fn is_empty(&self) -> bool {
        self.room.available_permits() >= self.most_rows as usize
    }
}

/// The pauses of one transaction.
pub(super) struct GiveWay<'a> {
    clicks: Option<&'a InLane>,
    left: Duration,
    since: Instant,
}

impl<'a> GiveWay<'a> {
    /// From now on; to nobody without a lane.
    pub(super) fn to(clicks: Option<&'a InLane>) -> Self {
        Self {
            clicks,
            left: MOST,
            since: Instant::now(),
        }
    }

    /// Between two pieces of work: waits while clicks do, in proportion to the piece before.
    pub(super) fn pause(&mut self) {
        let Some(clicks) = self.clicks else { return };
        let piece = self.since.elapsed();
        let begun = Instant::now();
        let most = (piece * TIMES).min(self.left);
        while !clicks.is_empty() && begun.elapsed() < most {
            sleep(LOOK);
        }
        self.since = Instant::now();
        self.left = self.left.saturating_sub(begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: Duration = Duration::from_millis(100);

    fn lane() -> InLane {
        InLane::new(Arc::new(Semaphore::new(10)), 10)
    }

    /// Between pieces of this length.
    fn way(clicks: Option<&InLane>) -> GiveWay<'_> {
        GiveWay {
            since: Instant::now().checked_sub(PIECE).unwrap(),
            ..GiveWay::to(clicks)
        }
    }

    #[test]
    fn it_pauses_while_clicks_wait_and_no_longer() {
        let clicks = lane();
        let one = Arc::clone(&clicks.room).try_acquire_owned().unwrap();
        let answered = std::thread::spawn(move || {
            sleep(PIECE / 2);
            drop(one);
        });
        let mut way = way(Some(&clicks));
        way.pause();
        assert!(clicks.is_empty(), "the click was waited for");
        assert!(way.left < MOST, "which counts");
        answered.join().unwrap();
    }

    #[test]
    fn clicks_without_end_hold_it_up_for_twice_the_piece_and_all_in_all_for_a_bounded_time() {
        let clicks = lane();
        let _waits = clicks.room.try_acquire().unwrap();
        let mut way = way(Some(&clicks));
        way.pause();
        assert!(way.left <= MOST - PIECE * TIMES);
        way.left = Duration::ZERO;
        way.since = Instant::now().checked_sub(MOST).unwrap();
        let begun = Instant::now();
        way.pause();
        assert!(begun.elapsed() < MOST, "nothing is left to wait");
    }

    #[test]
    fn without_clicks_it_goes_on() {
        let clicks = lane();
        for clicks in [None, Some(&clicks)] {
            let mut way = way(clicks);
            way.pause();
            assert!(MOST - way.left < PIECE);
        }
    }
}
