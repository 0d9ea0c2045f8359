//! A part of the lake, copied for SQL.

use super::{
    lake::{MemoryLake, at, boundary},
    scene::Sent,
};
use crate::{
    load::download::{Downloaded, download},
    warehouse::lake_sql,
};

#[tokio::test]
async fn some_days_of_the_lake_are_copied_for_sql() {
    let lake = MemoryLake::default();
    let message = Sent::new("2026-11-23T05:01:00Z");
    lake.window(1, &[message.message(1), message.click(5, "human")]);
    let next_day = 288;
    lake.window(next_day, &[message.click(90_000, "human")]);
    let folder = tempfile::tempdir().unwrap();
    let day = boundary(1).date_naive();
    let mut told = Downloaded::default();
    let source = download(&lake, day..=day, folder.path(), 1 << 20, |done| told = done)
        .await
        .unwrap();
    assert_eq!((told.objects, told.of), (2, 2));
    let result = lake_sql::query(&source, "SELECT count(*) FROM clicks").unwrap();
    assert_eq!(result.rows[0][0].as_deref(), Some("1"));

    let day = at("2026-11-24T00:00:00Z").date_naive();
    let error = download(&lake, day..=day, folder.path(), 10, |_| {}).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("more than 10 bytes")
    );
}
