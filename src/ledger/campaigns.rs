//! Campaigns.

use diesel::prelude::*;

/// A campaign as the API puts and shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The name in the API.
    pub name: String,
    /// The label by which campaigns are compared.
    pub campaign_type: String,
    /// The name that people read.
    pub title: String,
    /// Host of its short URLs.
    pub short_domain: Option<String>,
    /// How long its links lead somewhere.
    pub link_expires_after_seconds: Option<i64>,
    /// Where an expired link leads.
    pub fallback_url: Option<String>,
}

/// Creates or changes a campaign; true if it is new.
pub fn put(conn: &mut PgConnection, campaign: &Campaign) -> QueryResult<bool> {
    let _ = (conn, campaign);
    todo!()
}

/// A campaign by name.
pub fn find(conn: &mut PgConnection, name: &str) -> QueryResult<Option<Campaign>> {
    let _ = (conn, name);
    todo!()
}
