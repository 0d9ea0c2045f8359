//! The quarantine as an operator sees it: what is in it, and how lines get out.
//!
//! A line gets out when it can be loaded: by a newer version that knows it, or by a correction
//! ([`super::corrections`]). The warehouse's own list decides what is in quarantine; it takes a line
//! off in the transaction that loads it, once. The objects under `_quarantine/` are for those who read
//! the lake: they stay as they are, and a note beside them says which lines were resolved.

use super::{
    ask::ask,
    corrections::{self, Correction},
    decode,
    fault::{Fault, LoadError},
    fetch::{self, window_of},
    staging,
};
use crate::{
    cause::with_causes,
    domain::window::WindowId,
    lake::{keys, store::ObjectStore},
    warehouse::{QuarantineFilter, QuarantinedFile, Retry, StagedFile, Warehouse, WarehouseError},
};
use chrono::Utc;
use serde_json::json;
use std::{collections::HashMap, ops::Range, path::PathBuf, sync::Arc};

/// See the module.
#[derive(Clone, Debug)]
pub struct Quarantine {
    store: Arc<dyn ObjectStore>,
    warehouse: Arc<dyn Warehouse>,
    staging: PathBuf,
}

/// What a retry did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryReport {
    /// Lines that are loaded now.
    pub loaded: u64,
    /// Lines whose event was known already; they left quarantine, too.
    pub duplicates: u64,
    /// Lines that were tried and stay.
    pub left: u64,
    /// Files that could not be tried, each with the reason.
    pub failed: Vec<(String, String)>,
}

impl RetryReport {
    fn fail(&mut self, key: String, fault: &Fault) {
        let why = with_causes(fault);
        tracing::warn!(key, error = why, "a file's lines stay in quarantine");
        self.failed.push((key, why));
    }
}

/// Why corrections are refused; none of them is taken.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    /// It cannot be what it says.
    #[error("line {line_number} of {file}: {problem}")]
    Refused {
        /// The file.
        file: String,
        /// The line.
        line_number: u64,
        /// Why.
        problem: String,
    },
    /// The lake or the warehouse.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The lake.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Quarantine {
    /// The quarantine of a warehouse and the lake that it is loaded from; `staging` as the loader's.
    pub fn new(
        store: Arc<dyn ObjectStore>,
        warehouse: Arc<dyn Warehouse>,
        staging: PathBuf,
    ) -> Self {
        Self {
            store,
            warehouse,
            staging,
        }
    }

    /// What is in quarantine.
    ///
    /// # Errors
    /// The warehouse's.
    pub async fn list(&self, filter: QuarantineFilter) -> Result<Vec<QuarantinedFile>, LoadError> {
        self.ask(move |warehouse| warehouse.quarantined(&filter))
            .await
    }

    /// Takes corrections into the lake, all of them or none, unless the lake fails in between: then
    /// giving them again goes on. [`Self::retry`] loads them.
    ///
    /// # Errors
    /// The first that is not of a line in quarantine, cannot be loaded itself, or differs from an
    /// earlier one.
    pub async fn correct(&self, corrections: &[Correction]) -> Result<(), CorrectionError> {
        let mut files = HashMap::new();
        for correction in corrections {
            if !files.contains_key(&correction.file) {
                let found = self.file(&correction.file).await?;
                files.insert(correction.file.clone(), found);
            }
            let file = files[&correction.file].as_ref();
            check(file, correction).map_err(|problem| refused(correction, problem))?;
        }
        for correction in corrections {
            let Some(file) = &files[&correction.file] else {
                continue;
            };
            let (kind, part) = (file.kind.as_str(), file.part);
            let taken = corrections::write(&*self.store, file.id, kind, part, correction).await;
            if !taken.map_err(Fault::from)? {
                let problem = "it was corrected otherwise before, and that stands".to_owned();
                return Err(refused(correction, problem));
            }
        }
        Ok(())
    }

    /// Tries the lines in quarantine again, file by file. A file that cannot be tried stops no other.
    ///
    /// # Errors
    /// The warehouse's, where it refuses all.
    pub async fn retry(&self, window: Option<WindowId>) -> Result<RetryReport, LoadError> {
        // All of it: of a part, lines that stay would hide those behind them for ever.
        let filter = QuarantineFilter {
            window,
            most: usize::MAX,
            ..QuarantineFilter::default()
        };
        let mut report = RetryReport::default();
        for file in self.list(filter).await? {
            if let Err(fault) = self.retry_file(&file, &mut report).await {
                report.fail(file.key, &fault);
            }
        }
        Ok(report)
    }

    /// Tries the files again whose lines were corrected since they were staged: a rebuild staged them
    /// while another generation answered, and took the correction.
    ///
    /// # Errors
    /// When the lake or the warehouse cannot be asked. A file that cannot be tried stops no other.
    pub(super) async fn retry_corrected(&self) -> Result<RetryReport, CorrectionError> {
        let filter = QuarantineFilter {
            most: usize::MAX,
            ..QuarantineFilter::default()
        };
        let mut report = RetryReport::default();
        for file in self.list(filter).await? {
            let (kind, part) = (file.kind.as_str(), file.part);
            let corrected = corrections::read(&*self.store, file.id, kind, part).await?;
            let waits = |line: &u64| file.lines.iter().any(|bad| range(bad).contains(line));
            if !corrected.keys().any(waits) {
                continue;
            }
            if let Err(fault) = self.retry_file(&file, &mut report).await {
                if fault.passes() {
                    return Err(fault.into());
                }
                report.fail(file.key, &fault);
            }
        }
        Ok(report)
    }

    async fn retry_file(
        &self,
        file: &QuarantinedFile,
        report: &mut RetryReport,
    ) -> Result<(), Fault> {
        let directory = staging::make(&self.staging).map_err(|source| Fault::Disk {
            key: file.key.clone(),
            source,
        })?;
        let id = window_of(&file.manifest_key).unwrap_or(file.id);
        let found = fetch::manifest(&*self.store, id, file.manifest_key.clone()).await?;
        let path = directory.path().join("retry.parquet");
        let ranges = file.lines.iter().map(range).collect();
        let staged =
            fetch::quarantined_lines(&*self.store, &found, &file.key, ranges, &path).await?;
        let bad = |staged: &StagedFile| staged.bad_lines.iter().map(|bad| bad.lines).sum::<u64>();
        if staged.good_lines == 0 {
            report.left += bad(&staged);
            return Ok(());
        }
        let before = file.lines.iter().map(|bad| (bad.line_number, bad.lines));
        let retry = Retry {
            id: file.id,
            before: before.collect(),
            file: staged,
        };
        let (warehouse, tried) = (self.warehouse.clone(), retry.clone());
        let done = tokio::task::spawn_blocking(move || warehouse.retry(&tried)).await??;
        let loaded: u64 = done.rows.iter().sum();
        if loaded + done.duplicates == 0 {
            return Ok(()); // somebody else was faster
        }
        report.loaded += loaded;
        report.duplicates += done.duplicates;
        report.left += done.quarantined;
        tracing::info!(
            key = file.key,
            loaded,
            duplicates = done.duplicates,
            left = done.quarantined,
            "lines left quarantine"
        );
        if let Err(fault) = self.mark(file, &retry.file).await {
            // They are loaded all the same.
            let error = with_causes(&fault);
            tracing::warn!(
                key = file.key,
                error,
                "the lake has no note of which lines left quarantine"
            );
        }
        Ok(())
    }

    /// Notes in the lake which lines were resolved. It follows the commit, and a crash between the two
    /// leaves it out: the warehouse's own list is what counts.
    async fn mark(&self, file: &QuarantinedFile, staged: &StagedFile) -> Result<(), Fault> {
        let stays: Vec<_> = staged.bad_lines.iter().map(range).collect();
        let tried = file.lines.iter().flat_map(range);
        for line in tried.filter(|line| !stays.iter().any(|range| range.contains(line))) {
            let key = keys::resolved(
                file.kind.as_str(),
                file.id.epoch,
                file.id.number,
                file.part,
                line,
            );
            let note = json!({
                "file": file.key,
                "line_number": line,
                "resolved_at": Utc::now(),
                "generation": self.warehouse.generation(),
            });
            let body = serde_json::to_vec(&note)?;
            self.store
                .put_if_absent(&key, body.into(), "application/json")
                .await?;
        }
        Ok(())
    }

    /// All that a file has in quarantine.
    async fn file(&self, key: &str) -> Result<Option<QuarantinedFile>, LoadError> {
        let filter = QuarantineFilter {
            file: Some(key.to_owned()),
            most: usize::MAX,
            ..QuarantineFilter::default()
        };
        Ok(self.list(filter).await?.pop())
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Warehouse) -> Result<T, WarehouseError> + Send + 'static,
    ) -> Result<T, LoadError> {
        ask(&self.warehouse, question).await
    }
}

/// The line numbers that an entry stands for.
fn range(bad: &crate::warehouse::BadLine) -> Range<u64> {
    bad.line_number..bad.line_number + bad.lines
}

fn check(file: Option<&QuarantinedFile>, correction: &Correction) -> Result<(), String> {
    let line = correction.line_number;
    let in_quarantine =
        |file: &&QuarantinedFile| file.lines.iter().any(|bad| range(bad).contains(&line));
    let file = file
        .filter(in_quarantine)
        .ok_or("it is not in quarantine")?;
    if correction.line.contains('\n') {
        return Err("the correction is more than one line".to_owned());
    }
    decode::check(file.kind, correction.line.as_bytes())
        .map(drop)
        .map_err(|why| format!("the correction cannot be loaded either: {why}"))
}

fn refused(correction: &Correction, problem: String) -> CorrectionError {
    CorrectionError::Refused {
        file: correction.file.clone(),
        line_number: correction.line_number,
        problem,
    }
}
