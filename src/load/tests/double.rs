//! A warehouse that remembers what was loaded, and refuses when told. It behaves; it is no mock.

use super::staged_events;
use crate::{
    domain::window::WindowId,
    event::Kind,
    warehouse::{
        BadLine, Counts, KindCount, LoadReport, LoadedFile, Progress, QuarantineFilter,
        QuarantinedFile, Retry, Rows, Select, StagedWindow, Warehouse, WarehouseError,
    },
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

#[derive(Debug, Default)]
pub(super) struct Double(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    /// What it holds, with the events of the good lines as they stand in the staged files.
    pub(super) windows: BTreeMap<WindowId, (StagedWindow, Vec<Uuid>)>,
    /// The windows of each transaction.
    pub(super) transactions: Vec<Vec<WindowId>>,
    /// Refuses every transaction that holds one of these.
    pub(super) refused: HashSet<WindowId>,
    /// Refuses them by this one's row count, not for a reason of the engine.
    pub(super) row_count: bool,
    /// Refuses everything.
    pub(super) broken: bool,
    /// What the next transaction waits for.
    pub(super) awaits: Option<Awaited>,
    /// The windows that it was to read ahead, each time.
    pub(super) read_ahead: Vec<Vec<WindowId>>,
    /// The generation that takes its place.
    pub(super) newer: Option<Arc<Double>>,
    /// What was noted as stopped.
    pub(super) stopped: BTreeMap<WindowId, String>,
}

/// What the first transaction waits for.
#[derive(Debug)]
pub(super) enum Awaited {
    /// That a folder has so many entries.
    Entries { folder: PathBuf, entries: usize },
    /// That these windows are read ahead.
    ReadAhead(Vec<WindowId>),
}

impl Awaited {
    fn came(&self, double: &Double) -> bool {
        match self {
            Self::Entries { folder, entries } => fs::read_dir(folder).unwrap().count() >= *entries,
            Self::ReadAhead(windows) => double.state().read_ahead.contains(windows),
        }
    }

    fn wait(&self, double: &Double) {
        let begun = Instant::now();
        while !self.came(double) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{self:?} came to nothing"
            );
            thread::yield_now();
        }
    }
}

impl Double {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Windows that are loaded, in order.
    pub(super) fn ids(&self) -> Vec<WindowId> {
        self.state().windows.keys().copied().collect()
    }

    pub(super) fn events(&self, id: WindowId) -> Vec<Uuid> {
        self.state().windows[&id].1.clone()
    }

    pub(super) fn bad_lines(&self, id: WindowId) -> Vec<BadLine> {
        let files = self.state().windows[&id].0.files.clone();
        files.into_iter().flat_map(|file| file.bad_lines).collect()
    }
}

impl Warehouse for Double {
    fn generation(&self) -> String {
        "double".to_owned()
    }

    fn load(&self, windows: &[StagedWindow]) -> Result<LoadReport, WarehouseError> {
        let awaited = self.state().awaits.take();
        awaited.inspect(|awaited| awaited.wait(self));
        let mut state = self.state();
        let at_fault = windows
            .iter()
            .find(|window| state.broken || state.refused.contains(&window.id));
        if let Some(window) = at_fault {
            return Err(if state.row_count {
                WarehouseError::RowCount {
                    key: window.manifest_key.clone(),
                    expected: 1,
                    found: 0,
                }
            } else {
                WarehouseError::Engine {
                    action: "load",
                    source: anyhow::anyhow!("refused on purpose"),
                }
            });
        }
        let mut report = LoadReport::default();
        for window in windows {
            if state.windows.contains_key(&window.id) {
                continue;
            }
            let mut events = Vec::new();
            for file in &window.files {
                let staged = staged_events(&file.path);
                assert_eq!(staged.len() as u64, file.good_lines);
                let bad: u64 = file.bad_lines.iter().map(|bad| bad.lines).sum();
                assert_eq!(file.lines, file.good_lines + bad);
                events.extend(staged);
                let place = Kind::ALL.iter().position(|kind| *kind == file.kind);
                report.rows[place.unwrap()] += file.good_lines;
                report.quarantined += bad;
            }
            report.windows.push(window.id);
            state.stopped.remove(&window.id);
            state.windows.insert(window.id, (window.clone(), events));
        }
        state.transactions.push(report.windows.clone());
        Ok(report)
    }

    fn read_ahead(&self, windows: &[StagedWindow]) -> Result<(), WarehouseError> {
        let ids = windows.iter().map(|window| window.id).collect();
        self.state().read_ahead.push(ids);
        // A loader that took it for a load would stop here.
        Err(WarehouseError::Engine {
            action: "read ahead",
            source: anyhow::anyhow!("refused on purpose"),
        })
    }

    fn loaded(&self, among: &[WindowId]) -> Result<HashMap<WindowId, String>, WarehouseError> {
        let state = self.state();
        let known = among.iter().filter_map(|id| {
            let (window, _) = state.windows.get(id)?;
            Some((*id, window.manifest_key.clone()))
        });
        Ok(known.collect())
    }

    fn note_stopped(&self, stopped: &[(WindowId, String)]) -> Result<(), WarehouseError> {
        let mut state = self.state();
        for (id, key) in stopped {
            if !state.windows.contains_key(id) {
                state.stopped.insert(*id, key.clone());
            }
        }
        Ok(())
    }

    fn stopped(&self) -> Result<Vec<(WindowId, String)>, WarehouseError> {
        Ok(self.state().stopped.clone().into_iter().collect())
    }

    fn progress(&self) -> Result<Option<Progress>, WarehouseError> {
        let state = self.state();
        let mut last: Option<&StagedWindow> = None;
        for (window, _) in state.windows.values() {
            let follows = last.is_none_or(|last| {
                let held = state
                    .stopped
                    .keys()
                    .any(|stopped| stopped.epoch < window.id.epoch);
                (window.id.epoch > last.id.epoch && !held)
                    || window.first_number == last.id.number + 1
            });
            if !follows || (last.is_none() && window.first_number != 1) {
                break;
            }
            last = Some(window);
        }
        Ok(last.map(|window| Progress {
            id: window.id,
            boundary: window.boundary,
            manifest_key: window.manifest_key.clone(),
        }))
    }

    fn quarantined(&self, _: &QuarantineFilter) -> Result<Vec<QuarantinedFile>, WarehouseError> {
        Ok(Vec::new())
    }

    fn retry(&self, _: &Retry) -> Result<LoadReport, WarehouseError> {
        Ok(LoadReport::default())
    }

    fn counts(&self) -> Result<Counts, WarehouseError> {
        Ok(Counts::default())
    }

    fn loaded_files(&self, among: &[WindowId]) -> Result<Vec<LoadedFile>, WarehouseError> {
        let state = self.state();
        let known = among.iter().filter_map(|id| state.windows.get(id));
        let files = known.flat_map(|(window, _)| {
            window.files.iter().map(|file| LoadedFile {
                id: window.id,
                kind: file.kind,
                part: file.part,
                key: file.key.clone(),
                lines: file.lines,
                loaded: file.good_lines,
                duplicates: 0,
                quarantined: file.lines - file.good_lines,
                text_sha256: file.text_sha256.clone(),
            })
        });
        Ok(files.collect())
    }

    fn kind_counts(&self) -> Result<Vec<KindCount>, WarehouseError> {
        Ok(Vec::new())
    }

    fn read(&self, _: &[Select], _: Duration) -> Result<Vec<Rows>, WarehouseError> {
        Ok(Vec::new())
    }

    fn newer(&self) -> Result<Option<Arc<dyn Warehouse>>, WarehouseError> {
        let newer = self.state().newer.clone();
        Ok(newer.map(|newer| newer as Arc<dyn Warehouse>))
    }
}
