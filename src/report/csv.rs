//! A report as CSV (RFC 4180): a header line, then a line a row; null is an empty field.

use super::sheet::Sheet;
use anyhow::Context;

/// Writes a sheet.
///
/// # Errors
/// If a row has more or fewer fields than there are columns.
pub fn write(sheet: &Sheet) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(sheet.columns.iter().map(|column| column.name))?;
    for row in &sheet.rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().context("could not end the CSV")?;
    String::from_utf8(bytes).context("the CSV is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sheet::Column;

    #[test]
    fn commas_and_quotes_are_quoted() {
        let column = |name, number| Column { name, number };
        let sheet = Sheet {
            columns: vec![column("campaign", false), column("messages", true)],
            rows: vec![vec!["a \"b\", c".to_owned(), "3".to_owned()]],
        };
        assert_eq!(
            write(&sheet).unwrap(),
            "campaign,messages\r\n\"a \"\"b\"\", c\",3\r\n"
        );
    }
}
