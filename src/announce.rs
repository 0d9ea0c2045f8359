//! How the loader hears of new windows: a doorbell, never the truth. Whether a window is loaded is
//! noted in the warehouse alone, so hearing of it twice, or late, does no harm.

use crate::lake::store::StoreError;
use async_trait::async_trait;

pub mod sweep;

/// Something that tells of manifests in the lake.
#[async_trait]
pub trait Announcer: Send + Sync + std::fmt::Debug {
    /// Keys of manifests that may be new, in order of sealing. `after` is the manifest up to which
    /// all are known; a late one may stand before it.
    async fn manifests(&self, after: Option<&str>) -> Result<Vec<String>, StoreError>;
}
