//! The OpenAPI document and the server, held against each other by schemathesis: calls made of the
//! document, good ones and bad ones, and every answer as the document says.

use crate::support::app::TestApp;
use crate::support::ledger::ALICE;
use serde_json::json;
use std::path::Path;
use tokio::process::Command;

/// Random calls an operation, beside the examples and the boundaries of every field. More are made
/// where this is set.
const MORE: &str = "TEXTRAIL_SCHEMATHESIS_EXAMPLES";
const EXAMPLES: &str = "25";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_what_the_document_says() {
    let app = TestApp::start().await;
    app.campaign("sale", "promotion").await;
    let body = json!({"to": ALICE, "from": "43720", "campaign": "sale", "gateway": "neutral",
                      "body": "Hi https://shop.example/"});
    let sent = app.post("v1/messages", body).await.json();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scene = tempfile::tempdir().unwrap();
    let output = Command::new(root.join(".deps/python/bin/schemathesis"))
        .arg("--config-file")
        .arg(root.join("tests/judges/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", app.url())])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", app.admin_key()),
        ])
        // Its answers are the loader's, which this server does not have.
        .args(["--exclude-path-regex", "^/v1/quarantine"])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--continue-on-failure",
        ])
        .args([
            "--seed",
            "20261123",
            "--generation-database",
            "none",
            "--warnings",
            "off",
        ])
        .args([
            "--max-examples",
            &std::env::var(MORE).unwrap_or(EXAMPLES.to_owned()),
        ])
        .env("TEXTRAIL_MESSAGE", sent["id"].as_str().unwrap())
        .env("TEXTRAIL_CODE", sent["links"][0]["code"].as_str().unwrap())
        .current_dir(scene.path())
        .kill_on_drop(true)
        .output()
        .await
        .expect("scripts/install-deps test was run");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
