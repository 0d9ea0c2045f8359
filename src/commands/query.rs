//! `textrail query`: SQL straight on the lake's files.

use super::{data_directory, lake, output, up};
use crate::cli::Query;
use crate::config::Config;
use crate::lake::store::ObjectStore;
use crate::load::download::{Downloaded, download};
use crate::warehouse::lake_sql::{self, LakeSource, QueryResult};
use anyhow::{Context, Result};
use chrono::{Days, Utc};
use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::path::Path;

/// How far back a bucket is read unless told otherwise.
const DAYS: Days = Days::new(6);

pub(super) async fn run(config: &Config, arguments: &Query) -> Result<()> {
    // Held until the query has run: the copy is gone with it.
    let copy = tempfile::tempdir().context("cannot make a folder for the lake's files")?;
    let source = if config.lake.bucket.is_some() && arguments.data.path.is_none() {
        let store = lake::connect(&config.lake).await?;
        fetch(store.as_ref(), arguments, copy.path()).await?
    } else {
        let folder = up::lake_folder(&data_directory::path(&arguments.data)?);
        LakeSource { folder }
    };
    let sql = arguments.sql.clone();
    let query = move || lake_sql::query(&source, &sql);
    let result = tokio::task::spawn_blocking(query).await??;
    output::line(table(result))?;
    Ok(())
}

/// Copies the days that were asked for, with progress on a terminal.
async fn fetch(store: &dyn ObjectStore, arguments: &Query, folder: &Path) -> Result<LakeSource> {
    let until = arguments.until.unwrap_or_else(|| Utc::now().date_naive());
    let since = match arguments.since {
        Some(since) => since,
        None => until
            .checked_sub_days(DAYS)
            .context("--until is too long ago")?,
    };
    let progress = ProgressBar::no_length()
        .with_style(ProgressStyle::with_template("{pos} of {len} files, {msg}")?);
    let tell = |done: Downloaded| {
        progress.set_length(done.of as u64);
        progress.set_position(done.objects as u64);
        progress.set_message(HumanBytes(done.bytes).to_string());
    };
    let most_bytes = arguments.most_gigabytes.saturating_mul(1 << 30);
    let source = download(store, since..=until, folder, most_bytes, tell).await?;
    progress.finish_and_clear();
    Ok(source)
}

/// Numbers stand flush right; null is empty.
fn table(result: QueryResult) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(result.columns.iter().map(|(name, _)| name));
    for row in result.rows {
        table.add_row(
            row.into_iter()
                .map(|value| Cell::new(value.unwrap_or_default())),
        );
    }
    for (index, (_, is_number)) in result.columns.iter().enumerate() {
        if let (true, Some(column)) = (*is_number, table.column_mut(index)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
