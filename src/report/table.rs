//! A sheet as an aligned table for the terminal, numbers flush right.

use super::sheet::Sheet;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// Writes a sheet. A message report is wide, so columns of nothing but zeros and nulls are left
/// out; `messages` always stands.
pub fn write(sheet: &Sheet) -> String {
    let shown: Vec<_> = (0..sheet.columns.len())
        .filter(|index| is_shown(sheet, *index))
        .collect();
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(shown.iter().map(|index| sheet.columns[*index].name));
    for row in &sheet.rows {
        table.add_row(shown.iter().map(|index| Cell::new(&row[*index])));
    }
    for (place, index) in shown.iter().enumerate() {
        if let (true, Some(column)) = (sheet.columns[*index].number, table.column_mut(place)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
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
        insta::assert_snapshot!(write(&sheet), @r"
        ┌──────────┬──────────┐
        │ campaign ┆ messages │
        ╞══════════╪══════════╡
        │ spring   ┆        7 │
        │ autumn   ┆     1200 │
        └──────────┴──────────┘
        ");
    }
}
