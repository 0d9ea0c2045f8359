//! Generations of other versions, empty ones, and old ones.

use super::*;

#[tokio::test]
async fn another_schema_is_refused_until_it_is_reprocessed() {
    let scene = told(&story(8, 3)).await;
    let right = tables(&scene);
    // As if a version without these columns had made it.
    scene
        .warehouse
        .execute("ALTER TABLE messages DROP COLUMN opt_outs");
    let Scene {
        lake,
        warehouse,
        directory,
        ..
    } = scene;
    let folder = directory.unwrap();
    drop((warehouse, scene.loader));
    let open = || DuckWarehouse::open(folder.path(), &DuckSettings::default());
    let error = open().unwrap_err();
    assert!(error.to_string().contains("textrail reprocess"), "{error}");

    let rebuild = begin(folder.path()).unwrap();
    let stop = CancellationToken::new();
    reprocess(lake.clone(), rebuild, settings(folder.path()), stop, |_| {})
        .await
        .unwrap();
    let scene = Scene::at(lake, folder.path());
    assert_eq!(scene.warehouse.generation(), "generation-0002");
    assert_eq!(tables(&scene), right);
}

#[tokio::test]
async fn columns_that_came_later_are_added_and_unknown_ones_are_refused() {
    let scene = told(&story(8, 3)).await;
    let right = tables(&scene);
    scene.warehouse.execute(
        "ALTER TABLE quarantined_lines DROP COLUMN lines;
         ALTER TABLE generation DROP COLUMN appends_changes",
    );
    let scene = scene.restarted();
    assert_eq!(tables(&scene), right);
    let added = "SELECT count(*) FROM duckdb_columns() WHERE column_name = 'lines'
                    AND table_name = 'quarantined_lines' OR column_name = 'appends_changes'";
    assert_eq!(scene.number(added), 2);

    // A newer version's.
    scene
        .warehouse
        .execute("ALTER TABLE generation ADD COLUMN what_is_that BOOLEAN");
    let folder = scene.directory.unwrap();
    drop((scene.warehouse, scene.loader));
    let error = DuckWarehouse::open(folder.path(), &DuckSettings::default()).unwrap_err();
    assert!(error.to_string().contains("generation"), "{error}");
}

#[tokio::test]
async fn what_another_version_began_is_not_gone_on_with() {
    let scene = told(&story(9, 2)).await;
    run(&scene, |_| {}).await.unwrap();
    scene.tick().await;
    scene
        .warehouse
        .execute("UPDATE generation SET rules = 'older'");
    // Its rows are sound: it is opened, and loaded on.
    assert_eq!(scene.tell(3, &[]).await.stopped.len(), 0);

    let folder = scene.folder().to_owned();
    let file = folder.join("generation-0003.duckdb");
    drop(begin(&folder).unwrap());
    let begun = duckdb::Connection::open(&file).unwrap();
    begun
        .execute_batch("UPDATE generation SET rules = 'older'")
        .unwrap();
    drop(begun);
    let anew = begin(&folder).unwrap();
    assert!(!anew.resumed());
    drop(anew);
    std::fs::write(&file, "no database").unwrap();
    assert!(!begin(&folder).unwrap().resumed());
}

#[tokio::test]
async fn a_lake_without_windows_gives_an_empty_generation() {
    let scene = Scene::on(Arc::new(MemoryLake::default()), 1);
    assert_eq!(run(&scene, |_| {}).await.unwrap().windows, 0);
    scene.tick().await;
    assert_eq!(scene.warehouse.generation(), "generation-0002");
    assert_eq!(scene.whole_report().await.head.data_through, None);
}

#[tokio::test]
async fn the_generation_before_is_kept_and_no_more() {
    let scene = told(&story(10, 2)).await;
    for _ in 0..3 {
        run(&scene, |_| {}).await.unwrap();
        scene.tick().await;
    }
    assert_eq!(scene.warehouse.generation(), "generation-0004");
    let left: Vec<_> = (1..=4)
        .filter(|number| {
            scene
                .folder()
                .join(format!("generation-000{number}.duckdb"))
                .exists()
        })
        .collect();
    assert_eq!(left, [3, 4]);
}
