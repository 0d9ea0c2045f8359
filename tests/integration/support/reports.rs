//! Stories that read no report run without a warehouse.

use async_trait::async_trait;
use textrail::report::{ErrorsReport, MessagesReport, ReportError, ReportQuery, Reports};

/// Says of every report that the warehouse is away.
#[derive(Debug)]
pub struct NoWarehouse;

#[async_trait]
impl Reports for NoWarehouse {
    async fn messages(&self, _: &ReportQuery) -> Result<MessagesReport, ReportError> {
        Err(ReportError::Unavailable(anyhow::anyhow!(
            "this test has no warehouse"
        )))
    }

    async fn errors(&self, _: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        Err(ReportError::Unavailable(anyhow::anyhow!(
            "this test has no warehouse"
        )))
    }
}
