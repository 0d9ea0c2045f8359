//! Lines leave quarantine: once, with the note of it, in every rebuild.

use super::*;
use crate::{
    load::{Correction, CorrectionError, Quarantine, RetryReport},
    warehouse::{
        QuarantineFilter, Select,
        duck::{DuckSettings, DuckWarehouse},
    },
};

const ALL: QuarantineFilter = QuarantineFilter {
    window: None,
    file: None,
    line_number: None,
    text: true,
    most: 1_000,
};

/// A lake with bad lines in `World`, loaded into DuckDB.
struct Damaged {
    world: World,
    warehouse: Arc<DuckWarehouse>,
    quarantine: Quarantine,
    _directory: tempfile::TempDir,
}

impl Damaged {
    async fn over(world: World) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let warehouse =
            Arc::new(DuckWarehouse::open(directory.path(), &DuckSettings::default()).unwrap());
        let staging = world.staging.path().to_owned();
        let quarantine = Quarantine::new(world.lake.clone(), warehouse.clone(), staging);
        let damaged = Self {
            world,
            warehouse,
            quarantine,
            _directory: directory,
        };
        damaged.load().await;
        damaged
    }

    async fn load(&self) -> TickReport {
        let (lake, warehouse) = (self.world.lake.clone(), self.warehouse.clone());
        let mut loader = Loader::new(lake, warehouse, self.world.settings());
        loader.tick().await.unwrap()
    }

    fn numbers(&self, sql: &str) -> Vec<i64> {
        let select = Select {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            most_rows: 100,
        };
        let rows = self.warehouse.read(&[select], Duration::from_secs(60));
        let rows = rows.unwrap().remove(0).into_iter().flatten();
        rows.map(|cell| cell.integer().unwrap()).collect()
    }

    /// Lines, loaded, duplicates and quarantined lines of the only file; and the rows there are.
    fn sums(&self) -> Vec<i64> {
        self.numbers(
            "SELECT lines, loaded, duplicates, quarantined, (SELECT count(*) FROM clicks),
             (SELECT coalesce(sum(lines), 0)::BIGINT FROM quarantined_lines) FROM loaded_files",
        )
    }

    async fn entries(&self) -> Vec<(u64, u64)> {
        let files = self.quarantine.list(ALL).await.unwrap();
        let lines = files.into_iter().flat_map(|file| file.lines);
        lines.map(|bad| (bad.line_number, bad.lines)).collect()
    }

    async fn correct(&self, line_number: u64, line: &str) -> Result<(), CorrectionError> {
        let key = self.numbers_key();
        let correction = Correction {
            file: key,
            line_number,
            line: line.to_owned(),
        };
        self.quarantine.correct(&[correction]).await
    }

    fn numbers_key(&self) -> String {
        let objects = self.world.lake.objects();
        objects
            .into_keys()
            .find(|key| key.starts_with("events/"))
            .unwrap()
    }
}

fn retried(loaded: u64, duplicates: u64, left: u64) -> RetryReport {
    RetryReport {
        loaded,
        duplicates,
        left,
        failed: Vec::new(),
    }
}

fn with_bad_lines(good: usize, bad: &[&str]) -> (World, Vec<String>) {
    let world = World::new();
    let mut lines: Vec<_> = (0..good).map(|_| line(Kind::Click)).collect();
    lines.extend(bad.iter().map(|bad| (*bad).to_owned()));
    world.ship_lines(id(1), &[(Kind::Click, lines.clone())]);
    (world, lines)
}

#[tokio::test]
async fn a_corrected_line_is_loaded_once_and_every_rebuild_takes_it() {
    let (world, lines) = with_bad_lines(2, &["bad", "worse", "worst"]);
    let damaged = Damaged::over(world).await;
    assert_eq!(damaged.sums(), [5, 2, 0, 3, 2, 3]);
    assert_eq!(damaged.entries().await, [(3, 1), (4, 1), (5, 1)]);
    // Nothing was corrected: nothing changes.
    let retry = async || damaged.quarantine.retry(None).await.unwrap();
    assert_eq!(retry().await, retried(0, 0, 3));
    assert_eq!(damaged.sums(), [5, 2, 0, 3, 2, 3]);

    damaged.correct(4, &line(Kind::Click)).await.unwrap();
    // The event of another line: known, and so no line of quarantine any more.
    damaged.correct(5, &lines[0]).await.unwrap();
    assert_eq!(retry().await, retried(1, 1, 1));
    assert_eq!(damaged.sums(), [5, 3, 1, 1, 3, 1]);
    assert_eq!(damaged.entries().await, [(3, 1)]);
    let notes = damaged.world.lake.objects().into_keys();
    let notes: Vec<_> = notes.filter(|key| key.contains(".resolved/")).collect();
    assert_eq!(
        notes,
        [4, 5]
            .map(|line| format!("_quarantine/0001-0000000001/click-0000.resolved/{line:010}.json"))
    );
    // Again: nothing is left to do, and the loader finds its window loaded.
    assert_eq!(retry().await, retried(0, 0, 1));
    assert!(damaged.load().await.windows.is_empty());
    assert_eq!(damaged.sums(), [5, 3, 1, 1, 3, 1]);

    // From the lake alone comes the same.
    let again = Damaged::over(World {
        lake: damaged.world.lake.clone(),
        ..World::new()
    });
    assert_eq!(again.await.sums(), [5, 3, 1, 1, 3, 1]);
}

#[tokio::test]
async fn a_correction_is_refused_if_it_cannot_stand() {
    let (world, lines) = with_bad_lines(1, &["bad"]);
    let damaged = Damaged::over(world).await;
    let refused = async |number, line: &str| match damaged.correct(number, line).await {
        Err(CorrectionError::Refused { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(refused(1, &lines[0]).await.contains("not in quarantine"));
    assert!(refused(3, &lines[0]).await.contains("not in quarantine"));
    assert!(refused(2, "{}").await.contains("missing field"));
    let two = format!("{}\n{}", lines[0], lines[0]);
    assert!(refused(2, &two).await.contains("more than one line"));
    let inbound = line(Kind::Inbound);
    assert!(refused(2, &inbound).await.contains("cannot be loaded"));
    let corrections = |damaged: &Damaged| {
        let keys = damaged.world.lake.objects().into_keys();
        keys.filter(|key| key.contains(".corrected/")).count()
    };
    assert_eq!(corrections(&damaged), 0);

    let good = line(Kind::Click);
    damaged.correct(2, &good).await.unwrap();
    damaged.correct(2, &good).await.unwrap();
    let other = refused(2, &line(Kind::Click)).await;
    assert!(other.contains("corrected otherwise"), "{other}");
    assert_eq!(corrections(&damaged), 1);
}

#[tokio::test]
async fn a_missing_tail_is_put_right_in_parts() {
    let world = World::new();
    let lines: Vec<_> = (0..100).map(|_| line(Kind::Click)).collect();
    world.ship_damaged(1, &lines, |mut object| {
        object.truncate(object.len() * 9 / 10);
        object
    });
    let damaged = Damaged::over(world).await;
    let entries = damaged.entries().await;
    let [(first, missing)] = entries[..] else {
        panic!("{entries:?}")
    };
    let (whole, count) = (first.cast_signed() - 1, missing.cast_signed());
    assert!(missing > 3, "{missing}");
    assert_eq!(damaged.sums(), [100, whole, 0, count, whole, count]);

    // One in the middle: what is missing before and after it stays, apart.
    let at = |number: u64| &lines[usize::try_from(number).unwrap() - 1];
    damaged.correct(first + 2, at(first + 2)).await.unwrap();
    assert_eq!(
        damaged.quarantine.retry(Some(id(1))).await.unwrap(),
        retried(1, 0, missing - 1)
    );
    assert_eq!(
        damaged.entries().await,
        [(first, 2), (first + 3, missing - 3)]
    );
    let (loaded, left) = (whole + 1, count - 1);
    assert_eq!(damaged.sums(), [100, loaded, 0, left, loaded, left]);

    for number in (first..=100).filter(|number| *number != first + 2) {
        damaged.correct(number, at(number)).await.unwrap();
    }
    assert_eq!(
        damaged.quarantine.retry(None).await.unwrap(),
        retried(missing - 1, 0, 0)
    );
    assert_eq!(damaged.sums(), [100, 100, 0, 0, 100, 0]);
    assert!(damaged.entries().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_retries_at_once_load_a_line_once() {
    // One of two, so that a file that was tried meanwhile still has something to try.
    let (world, _) = with_bad_lines(1, &["bad", "worse"]);
    let damaged = Damaged::over(world).await;
    damaged.correct(2, &line(Kind::Click)).await.unwrap();
    let retries = (0..4).map(|_| damaged.quarantine.retry(None));
    let reports = futures_util::future::join_all(retries).await;
    let loaded: u64 = reports
        .into_iter()
        .map(|report| report.unwrap().loaded)
        .sum();
    assert_eq!(loaded, 1);
    assert_eq!(damaged.sums(), [3, 2, 0, 1, 2, 1]);
}

#[tokio::test]
async fn a_file_that_cannot_be_tried_stops_no_other() {
    let (world, _) = with_bad_lines(1, &["bad"]);
    world.ship_lines(id(2), &[(Kind::Click, vec!["bad".to_owned()])]);
    let damaged = Damaged::over(world).await;
    let first = damaged.numbers_key();
    let whole = damaged.world.lake.objects()[&first].clone();
    damaged
        .world
        .lake
        .overwrite(&first, Bytes::from_static(b"altered"));
    let report = damaged.quarantine.retry(None).await.unwrap();
    assert_eq!((report.loaded, report.left), (0, 1));
    assert_eq!(report.failed.len(), 1);
    assert!(
        report.failed[0].1.contains("not what its manifest says"),
        "{report:?}"
    );
    damaged.world.lake.overwrite(&first, whole);
    assert_eq!(
        damaged.quarantine.retry(None).await.unwrap(),
        retried(0, 0, 2)
    );
}
