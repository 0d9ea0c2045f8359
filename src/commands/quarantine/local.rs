//! The quarantine as the API has it, over the loader's.

use crate::http::{
    QuarantineEntry, QuarantineError, QuarantineFailure, QuarantineList, QuarantineOutcome,
    QuarantineQuery, QuarantineRetry, Quarantines,
};
use crate::load::{Correction, CorrectionError, LoadError, Quarantine};
use crate::warehouse::{QuarantineFilter, QuarantinedFile, Warehouse};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::task::JoinError;

/// The quarantine of a warehouse that this process owns.
#[derive(Clone, Debug)]
pub(in crate::commands) struct LocalQuarantine {
    quarantine: Quarantine,
    warehouse: Arc<dyn Warehouse>,
}

impl LocalQuarantine {
    pub(in crate::commands) fn new(quarantine: Quarantine, warehouse: Arc<dyn Warehouse>) -> Self {
        Self {
            quarantine,
            warehouse,
        }
    }

    async fn retry_all(self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError> {
        let window = window(retry.window)?;
        let corrections = retry.corrections.into_iter().map(|correction| Correction {
            file: correction.file,
            line_number: correction.line_number,
            line: correction.line,
        });
        let corrections: Vec<_> = corrections.collect();
        self.quarantine.correct(&corrections).await?;
        let report = self.quarantine.retry(window).await?;
        let failed = report.failed.into_iter();
        Ok(QuarantineOutcome {
            loaded: report.loaded,
            duplicates: report.duplicates,
            left: report.left,
            failed: failed
                .map(|(file, reason)| QuarantineFailure { file, reason })
                .collect(),
        })
    }
}

#[async_trait]
impl Quarantines for LocalQuarantine {
    async fn list(&self, query: QuarantineQuery) -> Result<QuarantineList, QuarantineError> {
        let most = query.most();
        let filter = QuarantineFilter {
            window: window(query.window)?,
            file: query.file,
            line_number: query.line_number.map(u64::from),
            text: query.text,
            // One more tells whether there are more.
            most: most + 1,
        };
        let warehouse = Arc::clone(&self.warehouse);
        let counts = tokio::task::spawn_blocking(move || warehouse.counts()).await;
        let counts = counts.map_err(LoadError::from)?.map_err(LoadError::from)?;
        let files = self.quarantine.list(filter).await?;
        let mut entries: Vec<_> = files
            .into_iter()
            .flat_map(|file| entries(file, query.text))
            .collect();
        let more = entries.len() > most;
        entries.truncate(most);
        Ok(QuarantineList {
            lines: counts.quarantined_lines,
            entries,
            more,
        })
    }

    async fn retry(&self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError> {
        // A caller that goes away does not stop it half-way between the warehouse and the lake.
        tokio::spawn(self.clone().retry_all(retry)).await?
    }
}

fn window(
    text: Option<String>,
) -> Result<Option<crate::domain::window::WindowId>, QuarantineError> {
    let query = QuarantineQuery {
        window: text,
        ..QuarantineQuery::default()
    };
    query.window().map_err(QuarantineError::Refused)
}

fn entries(file: QuarantinedFile, text: bool) -> impl Iterator<Item = QuarantineEntry> {
    let window = file.id.to_string();
    file.lines.into_iter().map(move |bad| QuarantineEntry {
        window: window.clone(),
        kind: file.kind.to_string(),
        file: file.key.clone(),
        line_number: bad.line_number,
        lines: bad.lines,
        reason: bad.reason,
        quarantined_at: file.quarantined_at,
        line: text.then_some(bad.line),
    })
}

impl From<LoadError> for QuarantineError {
    fn from(error: LoadError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<JoinError> for QuarantineError {
    fn from(error: JoinError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<CorrectionError> for QuarantineError {
    fn from(error: CorrectionError) -> Self {
        match error {
            CorrectionError::Refused { .. } => Self::Refused(error.to_string()),
            error => Self::Unavailable(error.into()),
        }
    }
}
