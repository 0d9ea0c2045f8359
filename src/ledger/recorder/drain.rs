//! Brings PostgreSQL back into use, and the spool's facts into the ledger: subscribers' messages
//! first, before any send, then the rest, through the statements of the lanes.

mod closed;
mod lanes;

use super::{RecorderSettings, inbound};
use crate::ledger::gate::{Gate, Phase};
use crate::ledger::spool::{Appending, Segment, Spool, Stream};
use lanes::{Lanes, Outcome};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Facts of one transaction.
const BATCH: usize = 500;
/// A row that somebody holds locked is given up soon: it must not hold up the others.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// Pauses between looks: while all is well, and while PostgreSQL is away.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a stuck receipt or click is tried again. A stuck inbound is tried in every round.
const STUCK_PAUSE: Duration = Duration::from_secs(30);
/// So often may a batch fail as a whole before its facts are taken to be stuck, rather than the
/// ledger unwell.
const WHOLE_FAILURES: u32 = 3;
/// How long the drainer goes on after the server was told to stop.
const LAST_ROUND: Duration = Duration::from_secs(10);

/// Why a round ended early.
enum Halt {
    /// PostgreSQL cannot be reached.
    Away,
    /// It can, but takes nothing; or the spool cannot be read.
    Unwell,
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "the spool cannot be drained");
        Self::Unwell
    }
}

/// The thread's own.
pub(super) struct Drainer {
    gate: Weak<Gate>,
    spool: Spool,
    woken: Receiver<()>,
    lanes: Lanes,
    /// Batches in a row that failed as a whole.
    whole_failures: u32,
    stuck_due: Instant,
    alarm: closed::Alarm,
    /// When the last round ends, once the server was told to stop.
    until: Option<Instant>,
}

impl Drainer {
    pub(super) fn new(settings: &RecorderSettings, gate: &Arc<Gate>, woken: Receiver<()>) -> Self {
        let mut connection = settings.connection.clone();
        // Zero is no bound at all, and this thread needs one.
        if connection.lock_timeout.is_zero() || connection.lock_timeout > LOCK_TIMEOUT {
            connection.lock_timeout = LOCK_TIMEOUT;
        }
        Self {
            // Who holds the gate hands facts in; when all are gone, this ends.
            gate: Arc::downgrade(gate),
            spool: gate.spool.clone(),
            woken,
            lanes: Lanes {
                connection,
                inbounds: inbound::Inbounds::new(
                    settings.personal_data,
                    Arc::clone(&settings.opt_out_rules),
                ),
            },
            whole_failures: 0,
            stuck_due: Instant::now(),
            alarm: closed::Alarm::default(),
            until: None,
        }
    }

    /// Works until nobody hands facts in any more, then once more: what can be recorded now need not
    /// wait for the next start.
    pub(super) fn run(mut self) {
        let mut failures = 0;
        while let Some(gate) = self.gate.upgrade() {
            failures = match self.look(&gate) {
                Ok(()) => 0,
                Err(_) => failures + 1,
            };
            measure(&gate);
            self.alarm.look(&gate, &self.lanes.connection);
            drop(gate);
            if !self.pause(failures) {
                break;
            }
        }
        self.begin_last_round();
        let (wake, _) = std::sync::mpsc::sync_channel(1);
        let gate = Arc::new(Gate::new(self.spool.clone(), wake));
        if failures == 0 && self.look(&gate).is_err() {
            tracing::warn!("facts stay in the spool for the next start");
        }
    }

    /// Waits for something to do; false when there will be nothing more. While PostgreSQL is away,
    /// facts that come do not hasten the next attempt.
    fn pause(&self, failures: u32) -> bool {
        if failures == 0 {
            let woken = self.woken.recv_timeout(IDLE_PAUSE);
            return woken != Err(RecvTimeoutError::Disconnected);
        }
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(failures.min(8) - 1);
        std::thread::sleep(pause.min(LONGEST_PAUSE));
        self.woken.try_recv() != Err(TryRecvError::Disconnected)
    }

    /// One round, if there is anything to do.
    fn look(&mut self, gate: &Arc<Gate>) -> Result<(), Halt> {
        let waits = |stream: &Stream| self.spool.waiting(*stream) > 0;
        let stuck_is_due = waits(&Stream::Stuck) && self.stuck_due <= Instant::now();
        let [rest @ .., _] = Stream::ALL;
        if gate.phase() == Phase::Open
            && !gate.is_suspected()
            && !rest.iter().any(waits)
            && !stuck_is_due
        {
            return Ok(());
        }
        let done = self.round(gate);
        match done {
            Ok(()) => {}
            Err(Halt::Away) => gate.report_away("the spool's thread cannot reach it"),
            Err(Halt::Unwell) => gate.fall_back(),
        }
        done
    }

    fn round(&mut self, gate: &Arc<Gate>) -> Result<(), Halt> {
        self.lanes.probe()?;
        gate.report_back();
        self.drain(gate, Stream::Inbound)?;
        self.replies(gate)?;
        self.drain(gate, Stream::Receipts)?;
        self.drain(gate, Stream::Clicks)?;
        if self.until.is_some() {
            return Ok(()); // it was tried just now, and must not hold up the end
        }
        self.drain(gate, Stream::StuckInbound)?;
        if self.stuck_due <= Instant::now() {
            self.stuck_due = Instant::now() + STUCK_PAUSE;
            self.drain(gate, Stream::Stuck)?;
        }
        Ok(())
    }

    /// Records what subscribers said, the last of it while new ones wait; then sends are taken again.
    fn replies(&mut self, gate: &Arc<Gate>) -> Result<(), Halt> {
        loop {
            gate.hand_over();
            self.drain(gate, Stream::Inbound)?;
            if gate.open() {
                return Ok(());
            }
            // One that is on its way to the disk is there within a moment.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Drains the segments of a stream that are there now.
    fn drain(&mut self, gate: &Arc<Gate>, stream: Stream) -> Result<(), Halt> {
        let mut left = self.spool.waiting(stream);
        while left > 0 {
            if self.is_told_to_end(gate) {
                return Err(Halt::Unwell);
            }
            // Whoever wrote while others drained goes first all the same, and sends wait for that alone.
            let closed = gate.phase() != Phase::Open || self.spool.waiting(Stream::Inbound) > 0;
            if stream != Stream::Inbound && closed {
                self.replies(gate)?;
            }
            let Some(segment) = self.spool.oldest(stream) else {
                return Ok(()); // on its way to the disk
            };
            left = left.saturating_sub(segment.records.max(1));
            self.drain_segment(gate, &segment)?;
            measure(gate);
        }
        Ok(())
    }

    /// Whether what is left has to wait for the next start. The last round begins when nobody is left who could
    /// hand facts in.
    fn is_told_to_end(&mut self, gate: &Arc<Gate>) -> bool {
        if Arc::strong_count(gate) == 1 {
            self.begin_last_round();
        }
        self.until.is_some_and(|until| until <= Instant::now())
    }

    fn begin_last_round(&mut self) {
        self.until
            .get_or_insert_with(|| Instant::now() + LAST_ROUND);
    }

    /// Records a segment's facts, and removes it. Killed in between, the next process does all of it
    /// again, and every fact is there already.
    fn drain_segment(&mut self, gate: &Arc<Gate>, segment: &Segment) -> Result<(), Halt> {
        let stream = segment.stream;
        let records = self.spool.read(segment)?;
        let mut outcome = Outcome::default();
        for batch in records.chunks(BATCH) {
            fail::fail_point!("spool.replay.before");
            let stuck = outcome.stuck.len();
            self.lanes.write(gate, batch, &mut outcome)?;
            fail::fail_point!("spool.replay.after");
            // If nothing was taken, the ledger may be unwell rather than these facts.
            let whole = !stream.is_aside() && outcome.stuck.len() - stuck == batch.len();
            self.whole_failures = if whole { self.whole_failures + 1 } else { 0 };
            if whole && self.whole_failures < WHOLE_FAILURES {
                return Err(Halt::Unwell);
            }
            if !whole {
                gate.report_back();
            }
        }
        self.set_aside(stream, &outcome)?;
        self.spool.remove(segment)?;
        let recorded = records.len() - outcome.stuck.len() - outcome.refused.len();
        metrics::counter!("textrail_spool_drained_facts_total", "stream" => stream.as_str())
            .increment(recorded as u64);
        if stream.is_aside() && recorded + outcome.refused.len() == 0 {
            return Ok(()); // no news, every second
        }
        tracing::info!(
            stream = stream.as_str(),
            recorded,
            stuck = outcome.stuck.len(),
            refused = outcome.refused.len(),
            "drained a segment of the spool"
        );
        Ok(())
    }

    /// Keeps what the ledger did not take, before the segment goes. What is stuck first: should that
    /// fail, all comes again, and what was refused must not be kept once a round.
    fn set_aside(&self, stream: Stream, outcome: &Outcome<'_>) -> Result<(), Halt> {
        if !outcome.stuck.is_empty() {
            let stuck: Vec<Vec<u8>> = outcome.stuck.iter().map(|text| text.to_vec()).collect();
            let kept = self
                .spool
                .append_again(stream.aside(), &stuck)
                .and_then(Appending::wait);
            kept.map_err(|error| io::Error::other(error.to_string()))?;
            if !stream.is_aside() {
                tracing::error!(
                    stream = stream.as_str(),
                    stuck = stuck.len(),
                    "the ledger does not take some facts for now; they are tried again"
                );
            }
        }
        if !outcome.refused.is_empty() {
            self.spool.refuse(stream, &outcome.refused)?;
            let refused = outcome.refused.len();
            metrics::counter!("textrail_spool_refused_facts_total").increment(refused as u64);
            tracing::error!(
                stream = stream.as_str(),
                refused,
                "the ledger refused facts: they are kept under refused/ in the spool's folder"
            );
        }
        Ok(())
    }
}

/// Shows how things stand.
fn measure(gate: &Gate) {
    let spool = &gate.spool;
    for stream in Stream::ALL {
        metrics::gauge!("textrail_spool_facts", "stream" => stream.as_str())
            .set(spool.waiting(stream) as f64);
    }
    metrics::gauge!("textrail_spool_bytes").set(spool.bytes() as f64);
    metrics::gauge!("textrail_ledger_away_seconds")
        .set(gate.away_for().unwrap_or_default().as_secs_f64());
    match spool.age() {
        Ok(age) => metrics::gauge!("textrail_spool_oldest_age_seconds").set(age.as_secs_f64()),
        Err(error) => tracing::error!(%error, "the spool's folder cannot be looked at"),
    }
    match spool.set_aside() {
        Ok((damaged, refused)) => {
            metrics::gauge!("textrail_spool_set_aside", "what" => "damaged_segments")
                .set(damaged as f64);
            metrics::gauge!("textrail_spool_set_aside", "what" => "refused_facts")
                .set(refused as f64);
        }
        Err(error) => tracing::error!(%error, "what the spool set aside cannot be counted"),
    }
}

#[cfg(test)]
mod tests;
