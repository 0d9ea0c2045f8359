//! What this server knows of its ledger: there, away, or back with facts in the spool that have to
//! go in first.
//!
//! Everyone who finds PostgreSQL away says so here, so that the next one need not wait to find out;
//! the thread that drains the spool is the one that brings it back.

use super::facts::NotTaken;
use super::spool::{Appending, Spool, SpoolError, Stream};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a ledger that did not answer in time is given to answer the prober.
const SUSPECTED: Duration = Duration::from_secs(3);

/// Where facts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// To the ledger.
    Open,
    /// PostgreSQL is away: to the spool what it takes; nothing else is taken.
    Away,
    /// PostgreSQL is back, and subscribers' messages of meanwhile are being recorded. New ones go
    /// behind them, into the spool; sends wait.
    Draining,
    /// The last of them are being recorded: new ones wait for a moment, else there would always be a
    /// last one.
    Handover,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    away_since: Option<Instant>,
    suspected_since: Option<Instant>,
}

/// What this server knows of its ledger. Shared by all who write to it or ask it.
#[derive(Debug)]
pub struct Gate {
    state: watch::Sender<State>,
    pub(super) spool: Spool,
    wake: SyncSender<()>,
}

/// Where an inbound message goes.
#[derive(Debug)]
pub(super) enum Way {
    Ledger,
    Spool(Appending),
    /// Ask again when [`Gate::handed_over`] says so.
    Wait,
}

impl Gate {
    /// A gate before a spool; `wake` is heard by the thread that drains it.
    pub(super) fn new(spool: Spool, wake: SyncSender<()>) -> Self {
        let phase = match spool.waiting(Stream::Inbound) {
            0 => Phase::Open,
            _ => Phase::Draining,
        };
        let (state, _) = watch::channel(State {
            phase,
            away_since: None,
            suspected_since: None,
        });
        Self { state, spool, wake }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.borrow().phase
    }

    /// Whether PostgreSQL is known to be away.
    pub fn ledger_is_away(&self) -> bool {
        self.phase() == Phase::Away
    }

    /// For how long PostgreSQL has been away.
    pub(super) fn away_for(&self) -> Option<Duration> {
        self.state.borrow().away_since.map(|since| since.elapsed())
    }

    /// Whether a caller waited in vain, and the prober has not yet been answered.
    pub(super) fn is_suspected(&self) -> bool {
        self.state.borrow().suspected_since.is_some()
    }

    /// Whether facts are taken that must come after what subscribers said. What PostgreSQL does not
    /// take for now, since somebody holds a row, stands apart in the spool: new inbounds need not wait
    /// for it, sends do.
    pub(super) fn takes_sends(&self) -> Result<(), NotTaken> {
        // In this order: an inbound is counted as stuck before the gate opens.
        match self.phase() {
            Phase::Open if self.spool.waiting(Stream::StuckInbound) > 0 => {
                Err(NotTaken::ReplyStuck)
            }
            Phase::Open => Ok(()),
            Phase::Away => Err(NotTaken::LedgerAway),
            Phase::Draining | Phase::Handover => Err(NotTaken::RepliesFirst),
        }
    }

    /// PostgreSQL cannot be reached, or takes no writes.
    pub(super) fn report_away(&self, why: &str) {
        let changed = self.state.send_if_modified(State::go_away);
        if changed {
            tracing::error!(why, "PostgreSQL is away: facts go to the spool");
        }
        self.wake();
    }

    /// PostgreSQL did not answer somebody in time. It is taken to be away if the prober gets no
    /// answer either.
    pub(super) fn suspect(&self) {
        let changed = self.state.send_if_modified(|state| {
            let since = *state.suspected_since.get_or_insert_with(Instant::now);
            since.elapsed() > SUSPECTED && state.go_away()
        });
        if changed {
            tracing::error!("PostgreSQL does not answer: facts go to the spool");
        }
        self.wake();
    }

    /// PostgreSQL answers, and takes writes.
    pub(super) fn report_back(&self) {
        let mut away_for = None;
        self.state.send_if_modified(|state| {
            state.suspected_since = None;
            if state.phase != Phase::Away {
                return false;
            }
            away_for = state.away_since.take().map(|since| since.elapsed());
            state.phase = match self.spool.waiting(Stream::Inbound) {
                0 => Phase::Open,
                _ => Phase::Draining,
            };
            true
        });
        if let Some(away_for) = away_for {
            tracing::info!(away_seconds = away_for.as_secs_f64(), "PostgreSQL is back");
        }
    }

    /// Lets new inbounds wait, so that those in the spool come to an end.
    pub(super) fn hand_over(&self) {
        self.state.send_if_modified(|state| {
            let due = state.phase == Phase::Draining;
            if due {
                state.phase = Phase::Handover;
            }
            due
        });
    }

    /// The ledger does not take the last ones: new ones need not wait for that.
    pub(super) fn fall_back(&self) {
        self.state.send_if_modified(|state| {
            let due = state.phase == Phase::Handover;
            if due {
                state.phase = Phase::Draining;
            }
            due
        });
    }

    /// Opens, if no inbound is left in the spool but those that are stuck. Says whether the gate is open, or PostgreSQL away:
    /// in both cases there is nothing more to hand over.
    pub(super) fn open(&self) -> bool {
        self.state.send_if_modified(|state| {
            let due = state.phase == Phase::Handover && self.spool.waiting(Stream::Inbound) == 0;
            if due {
                state.phase = Phase::Open;
            }
            due
        });
        matches!(self.phase(), Phase::Open | Phase::Away)
    }

    /// Decides where an inbound goes, and hands it to the spool in the same moment: none that comes
    /// later may find the gate open before this one is in the ledger.
    pub(super) fn way_of_inbound(&self, texts: &[Vec<u8>]) -> Result<Way, SpoolError> {
        let mut way = Ok(Way::Ledger);
        self.state.send_if_modified(|state| {
            way = match state.phase {
                Phase::Open => Ok(Way::Ledger),
                Phase::Handover => Ok(Way::Wait),
                Phase::Away | Phase::Draining => {
                    self.spool.append(Stream::Inbound, texts).map(Way::Spool)
                }
            };
            false
        });
        way
    }

    /// Hands an inbound to the spool that the ledger did not take in time, and closes the gate
    /// behind it.
    pub(super) fn spool_inbound(&self, texts: &[Vec<u8>]) -> Result<Appending, SpoolError> {
        let mut appending = Err(SpoolError::Full);
        self.state.send_if_modified(|state| {
            appending = self.spool.append(Stream::Inbound, texts);
            let closes = appending.is_ok() && state.phase == Phase::Open;
            if closes {
                state.phase = Phase::Draining;
            }
            closes
        });
        self.wake();
        appending
    }

    /// Waits until new inbounds need wait no longer.
    pub(super) async fn handed_over(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as this does.
        drop(state.wait_for(|state| state.phase != Phase::Handover).await);
    }

    /// Has the spool looked at soon.
    pub(super) fn wake(&self) {
        // A wake-up that waits already is as good.
        let _ = self.wake.try_send(());
    }
}

impl State {
    /// Says whether that is news.
    fn go_away(&mut self) -> bool {
        let news = self.phase != Phase::Away;
        if news {
            self.phase = Phase::Away;
            self.away_since = Some(Instant::now());
        }
        news
    }
}
