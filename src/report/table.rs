//! A sheet as an aligned table for the terminal, numbers flush right.

use super::sheet::Sheet;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// The width of the terminal; none where the output is no terminal.
pub fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// Writes a sheet. A message report is wide, so columns of nothing but zeros and nulls are left
/// out; `messages` always stands. What is wider than `width` all the same is turned round, a line a
/// column, if that is narrower.
pub fn write(sheet: &Sheet, width: Option<usize>) -> String {
    let upright = upright(sheet);
    let Some(width) = width.filter(|width| widest_line(&upright) > *width) else {
        return upright;
    };
    let turned = turned(sheet);
    if widest_line(&turned) <= width.max(widest_line(&upright) / 2) {
        turned
    } else {
        upright
    }
}

fn widest_line(text: &str) -> usize {
    text.lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or_default()
}

fn shown(sheet: &Sheet) -> impl Iterator<Item = usize> {
    (0..sheet.columns.len()).filter(|index| is_shown(sheet, *index))
}

fn empty_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// A line a row.
fn upright(sheet: &Sheet) -> String {
    let mut table = empty_table();
    table.set_header(shown(sheet).map(|index| sheet.columns[index].name));
    for row in &sheet.rows {
        table.add_row(shown(sheet).map(|index| Cell::new(&row[index])));
    }
    for (place, index) in shown(sheet).enumerate() {
        if let (true, Some(column)) = (sheet.columns[index].number, table.column_mut(place)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// A line a column; the names of columns stand on the left.
fn turned(sheet: &Sheet) -> String {
    let mut table = empty_table();
    for index in shown(sheet) {
        let column = sheet.columns[index];
        let values = sheet.rows.iter().map(|row| {
            let cell = Cell::new(&row[index]);
            if column.number {
                cell.set_alignment(CellAlignment::Right)
            } else {
                cell
            }
        });
        table.add_row([Cell::new(column.name)].into_iter().chain(values));
    }
    table.trim_fmt()
}

fn is_shown(sheet: &Sheet, index: usize) -> bool {
    let column = sheet.columns[index];
    let empty = |row: &Vec<String>| row[index].is_empty() || row[index] == "0";
    !column.number || column.name == "messages" || !sheet.rows.iter().all(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sheet::Column;

    #[test]
    fn numbers_stand_flush_right_and_empty_columns_are_left_out() {
        let column = |name, number| Column { name, number };
        let row = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let sheet = Sheet {
            columns: vec![
                column("campaign", false),
                column("messages", true),
                column("failed", true),
            ],
            rows: vec![row(["spring", "7", "0"]), row(["autumn", "1200", "0"])],
        };
        insta::assert_snapshot!(write(&sheet, None), @r"
        ┌──────────┬──────────┐
        │ campaign ┆ messages │
        ╞══════════╪══════════╡
        │ spring   ┆        7 │
        │ autumn   ┆     1200 │
        └──────────┴──────────┘
        ");
    }
    #[test]
    fn what_is_too_wide_is_turned_round() {
        let names = [
            "campaign",
            "messages",
            "delivered",
            "undelivered",
            "human_clicks",
        ];
        let column = |name| Column {
            name,
            number: name != "campaign",
        };
        let row = |texts: [&str; 5]| texts.map(str::to_owned).to_vec();
        let sheet = Sheet {
            columns: names.map(column).to_vec(),
            rows: vec![
                row(["spring", "7", "5", "2", "1"]),
                row(["autumn", "1200", "9", "8", "3"]),
            ],
        };
        insta::assert_snapshot!(write(&sheet, Some(40)), @r"
        ┌──────────────┬────────┬────────┐
        │ campaign     ┆ spring ┆ autumn │
        │ messages     ┆      7 ┆   1200 │
        │ delivered    ┆      5 ┆      9 │
        │ undelivered  ┆      2 ┆      8 │
        │ human_clicks ┆      1 ┆      3 │
        └──────────────┴────────┴────────┘
        ");
        assert_eq!(write(&sheet, Some(200)), write(&sheet, None));
    }
}
