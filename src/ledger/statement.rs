//! Statements of named SQL files, prepared once a connection.
//!
//! Diesel prepares what its query builder makes, and sends every `sql_query` anew, since its text could
//! be another one each time: PostgreSQL then parses and plans it at every call, which took half a
//! millisecond where partitions are joined. A file's text never changes.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};
use diesel::{PgConnection, QueryResult, RunQueryDsl};
use std::marker::PhantomData;

/// A statement with what is bound to `$1`, `$2`, …; see [`prepared`].
#[derive(Clone, Copy, Debug)]
#[must_use = "it is sent by `load`, `get_result` or `execute`"]
pub(crate) struct Prepared<B> {
    sql: &'static str,
    binds: B,
}

/// A value, the last of several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<B, T, V> {
    before: B,
    value: V,
    sql_type: PhantomData<T>,
}

/// A statement whose text is the same at every call, `$1` and so on in it. It is used as
/// [`diesel::sql_query`] is.
pub(crate) fn prepared(sql: &'static str) -> Prepared<()> {
    Prepared { sql, binds: () }
}

impl<B> Prepared<B> {
    /// Binds the next parameter.
    pub(crate) fn bind<T, V>(self, value: V) -> Prepared<Bound<B, T, V>> {
        Prepared {
            sql: self.sql,
            binds: Bound {
                before: self.binds,
                value,
                sql_type: PhantomData,
            },
        }
    }
}

/// What is bound, in order.
trait Binds {
    fn walk<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl Binds for () {
    fn walk<'b>(&'b self, _: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        Ok(())
    }
}

impl<B: Binds, T, V: ToSql<T, Pg>> Binds for Bound<B, T, V>
where
    Pg: HasSqlType<T>,
{
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.before.walk(out.reborrow())?;
        out.push_sql(" ");
        out.push_bind_param(&self.value)
    }
}

impl<B: Binds> QueryFragment<Pg> for Prepared<B> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.sql);
        // The text names its parameters itself. Diesel names each that it binds as well, in the same
        // order: here it does so in a comment.
        out.push_sql("\n--");
        self.binds.walk(out)
    }
}

/// Known by its text.
impl<B> QueryId for Prepared<B> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<B> Query for Prepared<B> {
    type SqlType = Untyped;
}

impl<B> RunQueryDsl<PgConnection> for Prepared<B> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::connection::ConnectionSettings;
    use crate::ledger::test_database::TestDatabase;
    use diesel::QueryableByName;
    use diesel::sql_types::{Array, BigInt, Text};

    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number: i64,
        #[diesel(sql_type = Text)]
        word: String,
    }

    /// `$2` stands before `$1`, and twice: the text's own names count.
    const SQL: &str = "-- Asked again and again.
        SELECT number, $2 || $2 AS word FROM unnest($1) AS number ORDER BY number";

    fn ask(conn: &mut PgConnection, numbers: &[i64], word: &str) -> Vec<(i64, String)> {
        let rows: Vec<Row> = prepared(SQL)
            .bind::<Array<BigInt>, _>(numbers)
            .bind::<Text, _>(word)
            .load(conn)
            .unwrap();
        rows.into_iter().map(|row| (row.number, row.word)).collect()
    }

    #[test]
    fn a_statement_is_prepared_once_whatever_is_bound() {
        let database = TestDatabase::create();
        let mut conn = ConnectionSettings::new(database.url())
            .open("test")
            .unwrap();
        assert_eq!(
            ask(&mut conn, &[2, 1], "a"),
            [(1, "aa".into()), (2, "aa".into())]
        );
        assert_eq!(ask(&mut conn, &[3], "b"), [(3, "bb".into())]);
        assert_eq!(ask(&mut conn, &[], "c"), []);
        let prepared = "SELECT count(*) AS number, 'all' AS word FROM pg_prepared_statements
            WHERE statement LIKE '-- Asked again%'";
        let counted: Row = diesel::sql_query(prepared).get_result(&mut conn).unwrap();
        assert_eq!(counted.number, 1);
    }
}
