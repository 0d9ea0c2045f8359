//! What the report must show, counted from what the server acknowledged.

use crate::domain::status::{Evidence, Status, current};
use crate::report::MessagesRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A count that may be off: a visit whose answer was lost may or may not have been recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    /// What was surely recorded.
    pub(super) min: u64,
    /// What may have been recorded.
    pub(super) max: u64,
}

impl Range {
    /// Adds what surely and what perhaps happened.
    fn add(&mut self, surely: u64, perhaps: u64) {
        self.min += surely;
        self.max += surely + perhaps;
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.min == self.max {
            write!(formatter, "{}", self.min)
        } else {
            write!(formatter, "{}–{}", self.min, self.max)
        }
    }
}

/// What one send came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The recipient was opted out.
    pub(super) suppressed: bool,
    /// Submission and receipts that were acknowledged.
    pub(super) evidence: Vec<Evidence>,
    /// Visits that were answered: a person's, a program's.
    pub(super) human_visits: u64,
    /// See `human_visits`.
    pub(super) program_visits: u64,
    /// Visits whose answer was lost.
    pub(super) lost_human_visits: u64,
    /// See `lost_human_visits`.
    pub(super) lost_program_visits: u64,
    /// Texts from the subscriber after this message.
    pub(super) replies: u64,
    /// Of these, opt-outs.
    pub(super) opt_outs: u64,
}

/// The numbers of one campaign type, under the report's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Messages, suppressed ones not included.
    pub(super) messages: u64,
    /// Sends to recipients that were opted out.
    pub(super) suppressed: u64,
    /// Messages by their status, by its name; every status has an entry.
    #[serde(flatten)]
    pub(super) statuses: BTreeMap<String, u64>,
    /// All clicks.
    pub(super) clicks: Range,
    /// People's clicks.
    pub(super) human_clicks: Range,
    /// Messages with at least one click of a person.
    pub(super) unique_clicks: u64,
    /// Texts from subscribers.
    pub(super) replies: u64,
    /// Opt-outs.
    pub(super) opt_outs: u64,
}

/// The numbers of a run by campaign type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tally(pub(super) BTreeMap<String, Counts>);

impl Tally {
    /// Adds one send.
    pub(super) fn add(&mut self, campaign_type: &str, outcome: &Outcome) {
        self.0
            .entry(campaign_type.to_owned())
            .or_insert_with(Counts::zero)
            .add(outcome);
    }
}

impl Counts {
    /// Nothing, under every status.
    pub(super) fn zero() -> Self {
        let statuses = Status::ALL.map(|status| (status.as_str().to_owned(), 0));
        Self {
            statuses: statuses.into(),
            ..Self::default()
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        if outcome.suppressed {
            self.suppressed += 1;
        } else {
            self.messages += 1;
            let status = current(outcome.evidence.iter().copied());
            *self.statuses.entry(status.as_str().to_owned()).or_default() += 1;
        }
        let (human, lost_human) = (outcome.human_visits, outcome.lost_human_visits);
        self.human_clicks.add(human, lost_human);
        self.clicks.add(
            human + outcome.program_visits,
            lost_human + outcome.lost_program_visits,
        );
        // A lost visit is made again until it is answered, so this number is exact.
        self.unique_clicks += u64::from(human > 0);
        self.replies += outcome.replies;
        self.opt_outs += outcome.opt_outs;
    }

    /// Every number by its name in the report.
    pub(super) fn named(&self) -> Vec<(&str, Range)> {
        let exact = |number| Range {
            min: number,
            max: number,
        };
        let statuses = Status::ALL.map(|status| {
            let count = self
                .statuses
                .get(status.as_str())
                .copied()
                .unwrap_or_default();
            (status.as_str(), exact(count))
        });
        let mut named = vec![
            ("messages", exact(self.messages)),
            ("suppressed", exact(self.suppressed)),
        ];
        named.extend(statuses);
        named.extend([
            ("clicks", self.clicks),
            ("human_clicks", self.human_clicks),
            ("unique_clicks", exact(self.unique_clicks)),
            ("replies", exact(self.replies)),
            ("opt_outs", exact(self.opt_outs)),
        ]);
        named
    }
}

/// A row's numbers in the order of [`Counts::named`].
pub(super) fn of_row(row: &MessagesRow) -> [i64; 18] {
    [
        row.messages,
        row.suppressed,
        row.recorded,
        row.accepted,
        row.queued,
        row.sent,
        row.unknown,
        row.delivered,
        row.undelivered,
        row.failed,
        row.rejected,
        row.expired,
        row.canceled,
        row.clicks,
        row.human_clicks,
        row.unique_clicks,
        row.replies,
        row.opt_outs,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(status: Status) -> Evidence {
        Evidence {
            status,
            synthetic: false,
            gateway_time: None,
            segment_number: None,
        }
    }

    #[test]
    fn a_send_counts_once_under_its_status() {
        let mut tally = Tally::default();
        let delivered = Outcome {
            evidence: vec![evidence(Status::Delivered), evidence(Status::Accepted)],
            human_visits: 2,
            program_visits: 1,
            lost_human_visits: 1,
            replies: 1,
            opt_outs: 1,
            ..Outcome::default()
        };
        tally.add("promotion", &delivered);
        tally.add("promotion", &Outcome::default());
        tally.add(
            "promotion",
            &Outcome {
                suppressed: true,
                ..Outcome::default()
            },
        );
        let counts = &tally.0["promotion"];
        assert_eq!((counts.messages, counts.suppressed), (2, 1));
        assert_eq!(
            (counts.statuses["delivered"], counts.statuses["recorded"]),
            (1, 1)
        );
        assert_eq!(counts.statuses.values().sum::<u64>(), counts.messages);
        assert_eq!(counts.clicks, Range { min: 3, max: 4 });
        assert_eq!(counts.human_clicks, Range { min: 2, max: 3 });
        assert_eq!(
            (counts.unique_clicks, counts.replies, counts.opt_outs),
            (1, 1, 1)
        );
    }

    /// Names and numbers of a row stand at the same places.
    #[test]
    fn a_row_is_read_in_the_order_of_the_names() {
        let counts = Counts::zero();
        let names: Vec<_> = counts.named().into_iter().map(|(name, _)| name).collect();
        let row: serde_json::Map<_, _> = names
            .iter()
            .zip(100..)
            .map(|(name, number)| ((*name).to_owned(), number.into()))
            .collect();
        let mut whole = serde_json::to_value(MessagesRow::default()).unwrap();
        whole.as_object_mut().unwrap().extend(row);
        let row: MessagesRow = serde_json::from_value(whole).unwrap();
        assert!(of_row(&row).into_iter().eq(100..118));
    }
}
