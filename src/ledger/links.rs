//! Links: found by number.

use super::facts::LinkTarget;
use diesel::prelude::*;

/// The link of a number, with its message's context.
pub fn find(conn: &mut PgConnection, number: i64) -> QueryResult<Option<LinkTarget>> {
    let _ = (conn, number);
    todo!()
}
