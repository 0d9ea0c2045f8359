//! Verdicts on subscribers' texts that a person should look at, or looked at.

use super::statement::prepared;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

/// An inbound message with the verdict on it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Judged {
    /// Its id: the cursor of the lists.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// From whom, E.164.
    #[diesel(sql_type = Text)]
    pub from_number: String,
    /// The platform's number that it was sent to.
    #[diesel(sql_type = Text)]
    pub sender: String,
    /// The text.
    #[diesel(sql_type = Text)]
    pub body: String,
    /// When, by the gateway's clock if it gave a time.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    /// What it asks for by the rules, or by the gateway.
    #[diesel(sql_type = Text)]
    pub intent: String,
    /// The rule that decided.
    #[diesel(sql_type = Nullable<Text>)]
    pub intent_reason: Option<String>,
    /// Its rule set.
    #[diesel(sql_type = Text)]
    pub ruleset: String,
    /// The message that it answers.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub message_id: Option<Uuid>,
    /// What a person decided last; none = nobody did.
    #[diesel(sql_type = Nullable<Text>)]
    pub reviewed_intent: Option<String>,
    /// Why, in words.
    #[diesel(sql_type = Nullable<Text>)]
    pub review_reason: Option<String>,
    /// Who: an API key's id.
    #[diesel(sql_type = Nullable<Text>)]
    pub reviewer: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub reviewed_at: Option<DateTime<Utc>>,
}

/// Possible STOPs that nobody decided about, with ids after `after`, at most `limit`.
///
/// # Errors
/// What PostgreSQL says.
pub fn waiting(conn: &mut PgConnection, after: Uuid, limit: i64) -> QueryResult<Vec<Judged>> {
    prepared(include_str!("sql/review/waiting.sql"))
        .bind::<SqlUuid, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
}

/// Inbound messages that somebody decided about, of this intent by the rules, with ids after `after`,
/// at most `limit`.
///
/// # Errors
/// What PostgreSQL says.
pub fn reviewed(
    conn: &mut PgConnection,
    intent: &str,
    after: Uuid,
    limit: i64,
) -> QueryResult<Vec<Judged>> {
    prepared(include_str!("sql/review/reviewed.sql"))
        .bind::<SqlUuid, _>(after)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(intent)
        .load(conn)
}
