//! Reports from a warehouse that is not open yet.

use super::{
    ErrorsReport, LocalReports, MessagesReport, ReportError, ReportQuery, Reports, WindowsQuery,
    WindowsReport,
};
use async_trait::async_trait;
use std::sync::OnceLock;

/// Reports of a process that stands by: there are none until it has the warehouse.
#[derive(Debug, Default)]
pub struct LateReports {
    opened: OnceLock<LocalReports>,
}

impl LateReports {
    /// From now on these answer. The first ones stay.
    pub fn open(&self, reports: LocalReports) {
        self.opened.get_or_init(|| reports);
    }

    fn opened(&self) -> Result<&LocalReports, ReportError> {
        self.opened.get().ok_or_else(|| {
            ReportError::Unavailable(anyhow::anyhow!(
                "this loader stands by: another process owns the warehouse"
            ))
        })
    }
}

#[async_trait]
impl Reports for LateReports {
    fn is_ready(&self) -> bool {
        self.opened.get().is_some()
    }

    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        self.opened()?.messages(query).await
    }

    async fn errors(&self, query: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        self.opened()?.errors(query).await
    }

    async fn windows(&self, query: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        self.opened()?.windows(query).await
    }
}
