//! What the report must show of a run: as a table to read, as JSON to keep.

use super::drive::Finished;
use super::tally::{Counts, Tally};
use anyhow::Context;
use chrono::{DateTime, Utc};
use comfy_table::{CellAlignment, Table, presets};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The numbers that the report must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Expectation {
    /// The run's name, which is in the names of its campaigns.
    pub(super) run: String,
    /// What makes its people and their doings repeatable.
    pub(super) seed: u64,
    /// The server.
    pub(super) url: String,
    /// Before the first message was recorded, by this machine's clock.
    pub(super) started_at: DateTime<Utc>,
    /// After the last fact was acknowledged, by this machine's clock.
    pub(super) ended_at: DateTime<Utc>,
    /// The latest fact by the server's clock, cut to whole seconds.
    pub(super) last_fact_at: Option<DateTime<Utc>>,
    /// Its campaigns.
    pub(super) campaigns: Vec<String>,
    /// Answers that no correct server gives.
    pub(super) surprises: Vec<String>,
    /// The numbers by campaign type, under the report's names.
    pub(super) campaign_types: Tally,
}

impl Expectation {
    /// Takes over what a run came to.
    pub(super) fn finish(&mut self, finished: Finished) {
        self.ended_at = Utc::now();
        self.last_fact_at = finished.last_fact;
        self.surprises = finished.surprises;
        self.campaign_types = finished.tally;
    }

    /// Writes it as JSON.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The numbers, a column a campaign type.
    pub(super) fn table(&self) -> String {
        let types = &self.campaign_types.0;
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(std::iter::once("").chain(types.keys().map(String::as_str)));
        let columns: Vec<Vec<_>> = types.values().map(Counts::named).collect();
        for (row, (name, _)) in Counts::zero().named().into_iter().enumerate() {
            let numbers = columns.iter().map(|column| column[row].1.to_string());
            table.add_row(std::iter::once(name.to_owned()).chain(numbers));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
pub(super) fn example() -> Expectation {
    use super::tally::Outcome;
    let at: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let mut tally = Tally::default();
    let clicked = Outcome {
        human_visits: 2,
        lost_program_visits: 1,
        ..Outcome::default()
    };
    tally.add("promotion", &clicked);
    tally.add(
        "reminder",
        &Outcome {
            suppressed: true,
            ..Outcome::default()
        },
    );
    Expectation {
        run: "r1".to_owned(),
        seed: 1,
        url: "http://localhost/".to_owned(),
        started_at: at,
        ended_at: at,
        last_fact_at: Some(at),
        campaigns: vec!["autumn-sale-r1-1".to_owned()],
        surprises: Vec::new(),
        campaign_types: tally,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_column_a_campaign_type() {
        insta::assert_snapshot!(example().table());
    }

    #[test]
    fn what_is_written_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("expect.json");
        example().write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["campaign_types"]["promotion"]["clicks"]["max"], 3);
        assert_eq!(value["campaign_types"]["promotion"]["recorded"], 1);
        assert_eq!(
            serde_json::from_str::<Expectation>(&text).unwrap(),
            example()
        );
    }
}
