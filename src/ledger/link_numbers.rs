//! Numbers of links go on beyond what a lost life of this ledger can have handed out.
//!
//! A server may reach a restored or promoted ledger long before the shipper begins its new epoch, so
//! each of the recorder's connections looks at where it is before it draws a number. The one thing
//! that cannot be seen from here is a copy of the data folder that is put back in its place: only the
//! lake knows. Then `textrail ship` has to be started first.

use super::epochs::{LINKS_A_SECOND, LINKS_BESIDE};
use super::statement::prepared;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Timestamptz};

#[derive(QueryableByName)]
struct Strange {
    #[diesel(sql_type = Bool)]
    strange: bool,
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    first_number: i64,
}

/// Moves the numbers if this cluster or timeline is not the newest epoch's, and nobody has yet.
/// Whoever comes meanwhile waits until they are moved.
///
/// # Errors
/// What PostgreSQL says.
pub(super) fn guard(conn: &mut PgConnection) -> QueryResult<()> {
    let here: Strange = prepared(include_str!("sql/links/is_strange.sql")).get_result(conn)?;
    if !here.strange {
        return Ok(());
    }
    conn.transaction(|conn| {
        let claimed = prepared(include_str!("sql/links/claim_move.sql")).execute(conn)?;
        if claimed == 0 {
            return Ok(());
        }
        let moved: Moved = prepared(include_str!("sql/ship/move_link_numbers.sql"))
            .bind::<BigInt, _>(LINKS_A_SECOND)
            .bind::<BigInt, _>(LINKS_BESIDE)
            .bind::<Nullable<Timestamptz>, _>(None::<chrono::DateTime<chrono::Utc>>)
            .get_result(conn)?;
        tracing::error!(
            first_link_number = moved.first_number,
            "this ledger was restored or promoted: the numbers of links go on beyond what may be lost"
        );
        Ok(())
    })
}
