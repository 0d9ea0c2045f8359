//! What comes, and what is corrected, while a generation is built.

use super::*;

#[tokio::test]
async fn what_comes_meanwhile_is_in_both_and_reports_never_go_back() {
    let scene = told(&story(3, 4)).await;
    let message = Sent::new("2026-11-23T05:01:00Z");
    let lake = scene.lake.clone();
    let click = message.click(5, "human");
    let told = message.message(1);
    let derives = move |step| {
        if let Step::Derive { messages: 0, .. } = step {
            lake.window(5, std::slice::from_ref(&told));
        }
    };
    let done = run(&scene, derives).await.unwrap();
    assert_eq!(
        done.windows, 5,
        "the window that came meanwhile is in the new one"
    );

    // The old one gets it, and one more that the new one has not seen.
    scene.lake.window(6, std::slice::from_ref(&click));
    assert_eq!(
        scene.whole_report().await.head.generation,
        "generation-0001"
    );
    scene.tick().await;
    let report = scene.whole_report().await;
    assert_eq!(report.head.generation, "generation-0002");
    assert_eq!(report.head.data_through, Some(boundary(6)));
    assert_eq!(scene.number("SELECT count(*) FROM loaded_windows"), 6);
    let clicks = format!(
        "SELECT clicks FROM {MESSAGES_NOW} WHERE message_id = '{}'",
        message.id
    );
    assert_eq!(scene.number(&clicks), 1);
}

/// A correction of a click, as `textrail quarantine` writes it into the lake.
fn correct(lake: &MemoryLake, number: i64, click: &Event) {
    let folder = keys::corrections("click", 1, number, 0);
    let correction = serde_json::json!({
        "file": keys::log_file("click", boundary(number), 1, number, 0),
        "line_number": 1,
        "line": click.encode().unwrap(),
    });
    let key = format!("{folder}0000000001.json");
    lake.replace(&key, correction.to_string().into());
}

#[tokio::test]
async fn what_is_corrected_meanwhile_is_corrected_in_the_new_one() {
    let message = Sent::new("2026-11-23T05:01:00Z");
    let scene = told(&[vec![message.message(1)]]).await;
    for number in [2, 3] {
        let bad = (Kind::Click, b"{}".to_vec());
        scene.lake.window_of_lines(number, vec![bad]);
    }
    scene.tick().await;
    let (lake, click) = (scene.lake.clone(), message.click(5, "human"));
    let derives = move |step| {
        if let Step::Derive { messages: 0, .. } = step {
            correct(&lake, 2, &click);
        }
    };
    assert_eq!(run(&scene, derives).await.unwrap().quarantined, 2);
    // And one more before it answers.
    correct(&scene.lake, 3, &message.click(6, "human"));
    scene.tick().await;
    assert_eq!(scene.warehouse.generation(), "generation-0002");
    assert_eq!(
        scene.number(&format!("SELECT clicks FROM {MESSAGES_NOW}")),
        2
    );
    assert_eq!(scene.number("SELECT count(*) FROM quarantined_lines"), 0);
}
