//! Stands where the loader and the reports will be joined in. Every other command file already uses
//! the names and signatures below; joining them in deletes this file.

use crate::report::{ErrorsReport, MessagesReport, ReportError, ReportQuery, Reports};
use anyhow::anyhow;
use async_trait::async_trait;

/// Reports of a process that has no warehouse.
#[derive(Debug)]
pub(super) struct NoReports;

#[async_trait]
impl Reports for NoReports {
    async fn messages(&self, _: &ReportQuery) -> Result<MessagesReport, ReportError> {
        Err(ReportError::Unavailable(anyhow!(
            "no warehouse is joined in"
        )))
    }
    async fn errors(&self, _: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        Err(ReportError::Unavailable(anyhow!(
            "no warehouse is joined in"
        )))
    }
}
