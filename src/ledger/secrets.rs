//! Secrets of the ledger itself, kept with the rows they belong to.

use super::schema::ledger_secrets;
use diesel::prelude::*;
use rand::RngCore;

const SHORT_CODE_KEY: &str = "short_code_key";

/// The key under which link numbers become short codes; drawn on the first call. It stands in the
/// ledger, so that every backup holds it: without it every link ever sent is broken.
///
/// # Errors
/// What PostgreSQL says; a stored key that is not of 32 bytes.
pub fn short_code_key(conn: &mut PgConnection) -> QueryResult<[u8; 32]> {
    let mut drawn = [0; 32];
    rand::rng().fill_bytes(&mut drawn);
    diesel::insert_into(ledger_secrets::table)
        .values((
            ledger_secrets::name.eq(SHORT_CODE_KEY),
            ledger_secrets::value.eq(drawn.as_slice()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    let stored: Vec<u8> = ledger_secrets::table
        .find(SHORT_CODE_KEY)
        .select(ledger_secrets::value)
        .first(conn)?;
    stored.try_into().map_err(|_| {
        diesel::result::Error::DeserializationError("a short-code key has 32 bytes".into())
    })
}
