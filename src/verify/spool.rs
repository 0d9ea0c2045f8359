//! What lies in a spool: facts that were answered and are not in the ledger yet, or never will be.

use super::{Difference, Findings, What};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// A folder, and what lies in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spooled {
    /// The folder.
    pub folder: String,
    /// Facts that wait for the ledger, by kind.
    pub facts: BTreeMap<String, u64>,
    /// When the oldest of them was accepted.
    pub oldest: Option<DateTime<Utc>>,
    /// Files that are kept because something in them is damaged.
    pub damaged_files: u64,
    /// Facts that the ledger refused.
    pub refused_facts: u64,
}

impl Spooled {
    /// Facts that wait.
    pub fn waiting(&self) -> u64 {
        self.facts.values().sum()
    }
}

impl Findings {
    /// Adds a spool. Facts that wait are on their way; what was set aside is in no ledger, although it
    /// was answered: that differs.
    pub fn add_spool(&mut self, spool: Spooled) {
        let set_aside = [
            (What::SpoolRefused, spool.refused_facts, "facts"),
            (What::SpoolDamaged, spool.damaged_files, "files"),
        ];
        for (what, count, of) in set_aside.into_iter().filter(|(_, count, _)| *count > 0) {
            let detail = format!("{count} {of} in {}", spool.folder);
            self.differences.push(Difference::new(what, detail));
        }
        self.sort();
        self.spools.push(spool);
    }
}
