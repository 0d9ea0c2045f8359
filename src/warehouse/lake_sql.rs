//! SQL straight on the lake's files, without a warehouse: one view a kind.

use super::columns::{definitions, escaped, names, read_json_columns};
use crate::event::Kind;
use anyhow::{Context, bail};
use duckdb::Connection;
use std::path::{Path, PathBuf};

/// A lake's files on this machine: the lake itself where it is a folder, or a copy of a part of it
/// (see [`crate::load::download`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeSource {
    /// The folder that holds `events/`.
    pub folder: PathBuf,
}

/// What a statement gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// The columns' names, and whether numbers stand in them.
    pub columns: Vec<(String, bool)>,
    /// The rows as text; null is none.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Runs a statement on the lake's files.
///
/// The views are `message`, `submission`, `receipt`, `matches`, `click`, `inbound` and `opt_out`
/// (and `messages`, `submissions`, …), with the fields of the log line as columns, and the
/// partitions `dt` (date) and `hr` (hour of the seal, UTC): conditions on those pass files over.
/// It is one statement that gives rows: one that would write is refused.
///
/// # Errors
/// If it is no such statement, or fails; if a file of the lake cannot be read.
pub fn query(lake: &LakeSource, sql: &str) -> anyhow::Result<QueryResult> {
    let connection = Connection::open_in_memory().context("could not start DuckDB")?;
    connection.execute_batch("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false;")?;
    for kind in Kind::ALL {
        create_views(&connection, &lake.folder, kind)
            .with_context(|| format!("could not open the lake's {kind} files"))?;
    }
    run(&connection, sql).map_err(of_a_line)
}

/// DuckDB names the file, and the line in it, that it could not read. To leave such lines out would be to
/// answer with numbers that nobody can tell are too low.
fn of_a_line(error: anyhow::Error) -> anyhow::Error {
    if error.to_string().contains(".json.gz") {
        error.context(
            "a line of the lake cannot be read. The loader has such lines in quarantine (textrail quarantine \
             list), where they can be corrected; leave its hour out with a condition on dt and hr",
        )
    } else {
        error
    }
}

/// Runs a statement for its rows as text, in DuckDB's own writing of every type.
fn run(connection: &Connection, sql: &str) -> anyhow::Result<QueryResult> {
    let sql = sql.trim().trim_end_matches(';');
    must_parse(connection, sql)?;
    // A line of its own: the statement may end in a comment.
    let inner = format!("FROM (\n{sql}\n)");
    let columns = connection
        .prepare(&format!("DESCRIBE {inner}"))?
        .query_map([], |row| {
            let column_type: String = row.get(1)?;
            Ok((row.get(0)?, is_number(&column_type)))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let rows = connection
        .prepare(&format!("SELECT COLUMNS(*)::VARCHAR {inner}"))?
        .query_map([], |row| {
            let cells = (0..columns.len()).map(|index| row.get(index));
            cells.collect()
        })?
        .collect::<Result<_, _>>()?;
    Ok(QueryResult { columns, rows })
}

/// Refuses text that does not parse by itself. What does has its parentheses in pairs, so that it stays one
/// statement between ours: of several, DuckDB would run all but the last at once, and they could write.
fn must_parse(connection: &Connection, sql: &str) -> anyhow::Result<()> {
    let fault: Option<String> = connection.query_row(
        "SELECT CASE WHEN parsed ->> 'error_type' = 'parser' THEN parsed ->> 'error_message' END
         FROM (SELECT json_serialize_sql($1::VARCHAR) AS parsed)",
        [sql],
        |row| row.get(0),
    )?;
    match fault {
        Some(fault) => bail!("the statement does not parse: {fault}"),
        None => Ok(()),
    }
}

fn is_number(column_type: &str) -> bool {
    let numbers = [
        "INTEGER", "BIGINT", "HUGEINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT",
    ];
    let plain = column_type.trim_start_matches('U');
    numbers.contains(&plain) || column_type.starts_with("DECIMAL")
}

fn create_views(connection: &Connection, folder: &Path, kind: Kind) -> anyhow::Result<()> {
    let (name, alias) = view_names(kind);
    let folder = escaped(&folder.join("events").join(kind.as_str()));
    let files = format!("{folder}/dt=*/hr=*/*.json.gz");
    let found: bool = connection.query_row(
        &format!("SELECT EXISTS (FROM glob('{files}'))"),
        [],
        |row| row.get(0),
    )?;
    if found {
        connection.execute_batch(&format!(
            "CREATE VIEW {name} AS SELECT {}, dt, hr FROM read_json('{files}', columns = {}, \
             format = 'newline_delimited', hive_partitioning = true, \
             hive_types = {{dt: DATE, hr: INTEGER}})",
            names(kind),
            read_json_columns(kind),
        ))?;
    } else {
        // `read_json` refuses a pattern without files.
        connection.execute_batch(&format!(
            "CREATE TABLE {name} ({}, dt DATE, hr INTEGER)",
            definitions(kind)
        ))?;
    }
    if let Some(alias) = alias {
        connection.execute_batch(&format!("CREATE VIEW {alias} AS FROM {name}"))?;
    }
    Ok(())
}

/// A kind's view, and its other name. `match` could be a word of SQL one day.
fn view_names(kind: Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::Message => ("message", Some("messages")),
        Kind::Submission => ("submission", Some("submissions")),
        Kind::Receipt => ("receipt", Some("receipts")),
        Kind::Match => ("matches", None),
        Kind::Click => ("click", Some("clicks")),
        Kind::Inbound => ("inbound", None),
        Kind::OptOut => ("opt_out", Some("opt_outs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Click, Context, Event, TimeSource};
    use flate2::{Compression, write::GzEncoder};
    use std::{fs, io::Write};
    use uuid::Uuid;

    fn lake_with_a_click() -> tempfile::TempDir {
        let directory = tempfile::Builder::new()
            .prefix("it's [a] *")
            .tempdir()
            .unwrap();
        let time = "2026-11-23T05:01:00.25Z".parse().unwrap();
        let event = Event {
            event_id: Uuid::now_v7(),
            occurred_at: time,
            time_source: TimeSource::Server,
            recorded_at: time,
            context: Context::default(),
            body: Body::Click(Click {
                verdict: "human".to_owned(),
                verdict_reasons: vec!["a".to_owned(), "b".to_owned()],
                ..Click::default()
            }),
        };
        let folder = directory.path().join("events/click/dt=2026-11-23/hr=05");
        fs::create_dir_all(&folder).unwrap();
        let file = fs::File::create(folder.join("one.json.gz")).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        writeln!(encoder, "{}", event.encode().unwrap()).unwrap();
        encoder.finish().unwrap();
        directory
    }

    #[test]
    fn a_kind_is_a_view_with_its_partitions() {
        let directory = lake_with_a_click();
        let lake = LakeSource {
            folder: directory.path().to_owned(),
        };
        let sql = "SELECT dt, hr, occurred_at, verdict_reasons, campaign, link_id FROM clicks WHERE hr = 5";
        let result = query(&lake, sql).unwrap();
        let row: Vec<_> = result.rows[0].iter().map(Option::as_deref).collect();
        assert_eq!(
            row,
            [
                Some("2026-11-23"),
                Some("5"),
                Some("2026-11-23 05:01:00.25+00"),
                Some("[a, b]"),
                None,
                Some("0")
            ]
        );
        assert_eq!(result.columns[5], ("link_id".to_owned(), true));
        let described = query(&lake, "DESCRIBE click;").unwrap();
        assert!(described.rows.len() > 20);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_with_what_can_be_done() {
        let directory = lake_with_a_click();
        let folder = directory.path().join("events/click/dt=2026-11-23/hr=06");
        fs::create_dir_all(&folder).unwrap();
        let file = fs::File::create(folder.join("torn.json.gz")).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        writeln!(encoder, "{{\"event_id\":").unwrap();
        encoder.finish().unwrap();
        let lake = LakeSource {
            folder: directory.path().to_owned(),
        };
        let error = query(&lake, "SELECT count(DISTINCT event_id) FROM click").unwrap_err();
        let told = format!("{error:#}");
        assert!(told.contains("textrail quarantine list"), "{told}");
        assert!(told.contains("torn.json.gz"), "{told}");
        let sql = "SELECT count(DISTINCT event_id) AS n FROM click WHERE hr <> 6";
        assert_eq!(query(&lake, sql).unwrap().rows, [[Some("1".to_owned())]]);
    }

    #[test]
    fn a_kind_without_files_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let lake = LakeSource {
            folder: directory.path().to_owned(),
        };
        for view in [
            "message", "messages", "receipts", "matches", "inbound", "opt_outs",
        ] {
            let result = query(&lake, &format!("SELECT count(*) AS n FROM {view}")).unwrap();
            assert_eq!(result.rows, [[Some("0".to_owned())]], "{view}");
        }
    }

    #[test]
    fn a_wrong_statement_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let lake = LakeSource {
            folder: directory.path().to_owned(),
        };
        assert!(query(&lake, "SELECT nothing FROM nowhere").is_err());
        assert!(query(&lake, "").is_err());
    }

    #[test]
    fn nothing_is_written_however_the_statement_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let lake = LakeSource {
            folder: directory.path().to_owned(),
        };
        let file = directory.path().join("x.json");
        let copy = format!("COPY (SELECT 1) TO '{}'", file.display());
        for sql in [
            copy.clone(),
            format!("SELECT 1; {copy}"),
            format!("SELECT 1); {copy}; FROM (SELECT 1"),
            "SELECT 1); SELECT 2; FROM (SELECT 3".to_owned(),
        ] {
            assert!(query(&lake, &sql).is_err(), "{sql}");
            assert!(!file.exists(), "{sql}");
        }
        let pivot = "PIVOT (SELECT 'a' AS k, 1 AS v) ON k USING sum(v)";
        assert_eq!(query(&lake, pivot).unwrap().columns[0].0, "a");
    }
}
