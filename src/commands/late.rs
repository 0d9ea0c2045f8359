//! What a process that stands by answers: nothing, until the warehouse is its own.

use super::quarantine::LocalQuarantine;
use crate::http::{
    QuarantineError, QuarantineList, QuarantineOutcome, QuarantineQuery, QuarantineRetry,
    Quarantines,
};
use crate::report::{
    ErrorsReport, LocalReports, MessagesReport, ReportError, ReportQuery, Reports, WindowsQuery,
    WindowsReport,
};
use anyhow::{Context as _, Result};
use async_trait::async_trait;
use std::sync::OnceLock;

/// Something of a warehouse that is not open yet.
#[derive(Debug)]
pub(super) struct Late<T>(OnceLock<T>);

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Late<T> {
    /// From now on this one answers. The first one stays.
    pub(super) fn open(&self, opened: T) {
        self.0.get_or_init(|| opened);
    }

    fn opened(&self) -> Result<&T> {
        self.0
            .get()
            .context("this loader stands by: another process owns the warehouse")
    }
}

impl Late<LocalReports> {
    fn reports(&self) -> Result<&LocalReports, ReportError> {
        self.opened().map_err(ReportError::Unavailable)
    }
}

#[async_trait]
impl Reports for Late<LocalReports> {
    fn is_ready(&self) -> bool {
        self.opened().is_ok()
    }

    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        self.reports()?.messages(query).await
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        self.reports()?.errors(query).await
    }

    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        self.reports()?.windows(query).await
    }
}

impl Late<LocalQuarantine> {
    fn quarantine(&self) -> Result<&LocalQuarantine, QuarantineError> {
        self.opened().map_err(QuarantineError::Unavailable)
    }
}

#[async_trait]
impl Quarantines for Late<LocalQuarantine> {
    async fn list(&self, query: QuarantineQuery) -> Result<QuarantineList, QuarantineError> {
        self.quarantine()?.list(query).await
    }

    async fn retry(&self, retry: QuarantineRetry) -> Result<QuarantineOutcome, QuarantineError> {
        self.quarantine()?.retry(retry).await
    }
}
