//! Campaigns.

use super::schema::campaigns;
use diesel::prelude::*;

/// A campaign as the API puts and shows it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = campaigns, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Campaign {
    /// The name in the API.
    pub name: String,
    /// The label by which campaigns are compared.
    pub campaign_type: String,
    /// The name that people read.
    pub title: String,
    /// Host of its short URLs; none = the public base.
    pub short_domain: Option<String>,
    /// How long its links lead somewhere; none = for ever.
    pub link_expires_after_seconds: Option<i64>,
    /// Where an expired link leads; none = 410.
    pub fallback_url: Option<String>,
}

/// Creates or changes a campaign; true if it is new. A change counts for later messages only: each
/// message copies what it needs.
///
/// # Errors
/// What PostgreSQL says.
pub fn put(conn: &mut PgConnection, campaign: &Campaign) -> QueryResult<bool> {
    let inserted = diesel::insert_into(campaigns::table)
        .values(campaign)
        .on_conflict_do_nothing()
        .execute(conn)?;
    if inserted == 0 {
        diesel::update(campaigns::table.filter(campaigns::name.eq(&campaign.name)))
            .set((campaign, campaigns::updated_at.eq(diesel::dsl::now)))
            .execute(conn)?;
    }
    Ok(inserted == 1)
}

/// A campaign by name.
///
/// # Errors
/// What PostgreSQL says.
pub fn find(conn: &mut PgConnection, name: &str) -> QueryResult<Option<Campaign>> {
    campaigns::table
        .filter(campaigns::name.eq(name))
        .select(Campaign::as_select())
        .first(conn)
        .optional()
}

/// The campaigns of these names with their internal numbers, for the recorder.
pub(super) fn find_all(
    conn: &mut PgConnection,
    names: &[&str],
) -> QueryResult<Vec<(i64, Campaign)>> {
    campaigns::table
        .filter(campaigns::name.eq_any(names))
        .select((campaigns::id, Campaign::as_select()))
        .load(conn)
}
