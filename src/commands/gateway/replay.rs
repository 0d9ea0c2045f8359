//! Reads a gateway's kept calls again, and records what they tell today.

use super::super::output;
use crate::domain::route::Route;
use crate::gateways::{Gateway, Items, Kept, Refusal};
use crate::http;
use crate::ledger::facts::{InboundReply, NewInbound, NewReceipt, ReceiptReply, RecordError};
use crate::ledger::recorder::replay::{Replay, Reread};
use crate::ledger::requests::{KeptRequest, LONGEST_KEPT, Page};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use url::Url;

/// Calls that are read at once: their bodies may take a megabyte each.
const PAGE: usize = 50;
/// So many calls lie between two lines of the log.
const CALLS_A_LINE: u64 = 10_000;

/// When the calls arrived that are read again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Span {
    /// Whatever is kept from before [`LONGEST_KEPT`] is about to be emptied, and the inbound messages
    /// that it told may be known no longer.
    pub(super) fn new(since: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Result<Self> {
        let now = Utc::now();
        let until = until.unwrap_or(now);
        ensure!(since < until, "--since must be before --until");
        Ok(Self {
            since: since.max(now - LONGEST_KEPT),
            until,
        })
    }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    /// Calls that were read again.
    calls: u64,
    /// Receipts that were not known.
    recorded: u64,
    /// Of these, the ones whose message is not known.
    parked: u64,
    /// Receipts that were read otherwise before.
    corrected: u64,
    /// Of these, the ones that had opted the recipient out, and no longer would.
    corrected_opt_outs: u64,
    /// Subscribers' messages that were not known.
    inbound: u64,
    /// Receipts and messages that are recorded as they are read today.
    unchanged: u64,
    /// Items that still cannot be read; a call that cannot be read at all is one.
    unreadable: u64,
    /// Calls that the ledger refused.
    refused: u64,
    /// The last call, in the order of arrival.
    through: Option<DateTime<Utc>>,
}

/// Reads and records, page by page. What is done stays done: after an error, the same command goes
/// through it again and adds nothing.
pub(super) fn run(mut replay: Replay, gateway: &Gateway, base: &Url, span: Span) -> Result<Done> {
    let mut done = Done::default();
    let bar = progress_bar();
    let mut after = None;
    loop {
        let page = Page {
            gateway: gateway.name(),
            since: span.since,
            until: span.until,
            after,
            limit: i64::try_from(PAGE)?,
        };
        let calls = replay.page(page).context("cannot read the kept calls")?;
        record(&mut replay, gateway, base, &calls, &mut done).with_context(|| stopped(&done))?;
        let Some(last) = calls.last() else { break };
        after = Some(last.id);
        done.through = Some(last.arrived_at);
        let before = done.calls;
        done.calls += calls.len() as u64;
        bar.set_position(done.calls);
        bar.set_message(shown(last.arrived_at));
        if before / CALLS_A_LINE < done.calls / CALLS_A_LINE {
            tracing::info!(calls = done.calls, through = %last.arrived_at, "reading again");
        }
        if calls.len() < PAGE {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(done)
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn stopped(done: &Done) -> String {
    let through = done.through.map_or_else(|| "none".to_owned(), shown);
    format!(
        "stopped after {} calls, the last of {through}; the same command goes on, and adds nothing twice",
        done.calls
    )
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} calls read again, through {msg}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Reads a page of calls with today's dialect, and records what they tell.
fn record(
    replay: &mut Replay,
    gateway: &Gateway,
    base: &Url,
    calls: &[KeptRequest],
    done: &mut Done,
) -> Result<(), RecordError> {
    let mut receipts: Vec<Reread<'_, NewReceipt>> = Vec::new();
    let mut inbounds: Vec<Reread<'_, NewInbound>> = Vec::new();
    for call in calls {
        let kept = Kept {
            method: call.method.clone(),
            path_and_query: call.path_and_query.clone(),
            headers: call.headers.clone(),
            body: call.body.clone(),
        };
        let headers = kept.header_map();
        let url = gateway.called_url(base, &kept.path_and_query);
        let webhook = kept.webhook(&url, &headers, call.arrived_at);
        match gateway.route(call.route, &webhook) {
            Route::Receipts => {
                let items = readable(gateway.receipts(&webhook), done);
                let new = |(place, item)| (place, http::new_receipt(gateway.name(), item));
                receipts.push((call, items.into_iter().map(new).collect()));
            }
            Route::Inbound => {
                let items = readable(gateway.inbound(&webhook), done);
                let new = |(place, item)| (place, http::new_inbound(gateway.name(), item));
                inbounds.push((call, items.into_iter().map(new).collect()));
            }
        }
    }
    for result in replay.receipts(receipts)? {
        count(result, done, Done::add_receipt);
    }
    for result in replay.inbound(inbounds)? {
        count(result, done, Done::add_inbound);
    }
    Ok(())
}

/// The items that can be read today, each with its place; the others are counted.
fn readable<T>(items: Result<Items<T>, Refusal>, done: &mut Done) -> Vec<(usize, T)> {
    let Ok(items) = items else {
        done.unreadable += 1;
        return Vec::new();
    };
    let mut readable = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        match item {
            Ok(item) => readable.push((place, item)),
            Err(_) => done.unreadable += 1,
        }
    }
    readable
}

fn count<T>(result: Result<Vec<T>, RecordError>, done: &mut Done, add: impl Fn(&mut Done, T)) {
    match result {
        Ok(replies) => replies.into_iter().for_each(|reply| add(done, reply)),
        Err(error) => {
            tracing::error!(%error, "the ledger refused a call that was read again");
            done.refused += 1;
        }
    }
}

impl Done {
    fn add_receipt(&mut self, reply: ReceiptReply) {
        match reply {
            ReceiptReply::Recorded => self.recorded += 1,
            ReceiptReply::Parked => {
                self.recorded += 1;
                self.parked += 1;
            }
            ReceiptReply::Corrected => self.corrected += 1,
            ReceiptReply::CorrectedOptOut => {
                self.corrected += 1;
                self.corrected_opt_outs += 1;
            }
            // Nothing is spooled here.
            ReceiptReply::Duplicate | ReceiptReply::Spooled => self.unchanged += 1,
        }
    }

    fn add_inbound(&mut self, reply: InboundReply) {
        if reply.duplicate {
            self.unchanged += 1;
        } else {
            self.inbound += 1;
        }
    }
}

/// Tells what came of it.
pub(super) fn tell(done: &Done, json: bool) -> Result<()> {
    if json {
        output::line(serde_json::to_string(done)?)?;
    } else {
        output::line(words(done))?;
    }
    ensure!(
        done.refused == 0,
        "the ledger refused {} calls: the log says why",
        done.refused
    );
    Ok(())
}

fn words(done: &Done) -> String {
    let mut words = format!(
        "{} calls read again: {} receipts recorded ({} parked), {} corrected, {} inbound messages \
         recorded, {} unchanged; {} items cannot be read",
        done.calls,
        done.recorded,
        done.parked,
        done.corrected,
        done.inbound,
        done.unchanged,
        done.unreadable
    );
    if done.corrected_opt_outs > 0 {
        words += &format!(
            "\n{} corrected readings had opted someone out, who stays opted out: review them with the query \
             of docs/gateways-replay.md, \"Opt-outs of a wrong reading\"",
            done.corrected_opt_outs
        );
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_outs_of_wrong_readings_are_told_with_how_to_review_them() {
        let mut done = Done::default();
        done.add_receipt(ReceiptReply::Corrected);
        assert_eq!(words(&done).lines().count(), 1);
        done.add_receipt(ReceiptReply::CorrectedOptOut);
        insta::assert_snapshot!(words(&done), @r#"
        0 calls read again: 0 receipts recorded (0 parked), 2 corrected, 0 inbound messages recorded, 0 unchanged; 0 items cannot be read
        1 corrected readings had opted someone out, who stays opted out: review them with the query of docs/gateways-replay.md, "Opt-outs of a wrong reading"
        "#);
        let page = include_str!("../../../docs/gateways-replay.md");
        assert!(page.contains("\n## Opt-outs of a wrong reading\n"));
    }
}
