//! The three services as processes of their own, on one PostgreSQL and one S3: what a campaign was
//! told is what the report shows, and each ends well when it is told to.

use crate::support::database::TestDatabase;
use crate::support::eventually::eventually;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;
use textrail::embedded::object_store::{Credentials, EmbeddedStore};

const TEXTRAIL: &str = env!("CARGO_BIN_EXE_textrail");
const BUCKET: &str = "lake";
/// A machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What every process is told, as an operator would: by its environment.
struct Deployment {
    environment: Vec<(&'static str, String)>,
    serve: String,
    others: [String; 2],
}

impl Deployment {
    fn new(
        database: &TestDatabase,
        store: &EmbeddedStore,
        keys: &Credentials,
        folder: &Path,
    ) -> Self {
        let [serve, ship, load] = [free_address(), free_address(), free_address()];
        let warehouse = folder.join("warehouse").display().to_string();
        let environment = vec![
            ("DATABASE_URL", database.url()),
            ("AWS_ENDPOINT_URL", store.endpoint()),
            ("AWS_ACCESS_KEY_ID", keys.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_key.clone()),
            ("AWS_REGION", "local".to_owned()),
            ("TEXTRAIL_LAKE__BUCKET", BUCKET.to_owned()),
            ("TEXTRAIL_LAKE__WINDOW", "1s".to_owned()),
            ("TEXTRAIL_HTTP__LISTEN", serve.clone()),
            ("TEXTRAIL_SHIPPER__LISTEN", ship.clone()),
            ("TEXTRAIL_LOADER__LISTEN", load.clone()),
            ("TEXTRAIL_LOADER__KEY", "internal".to_owned()),
            ("TEXTRAIL_LOADER__SWEEP_SECONDS", "1".to_owned()),
            ("TEXTRAIL_WAREHOUSE__DIRECTORY", warehouse),
            (
                "TEXTRAIL_SPOOL__DIRECTORY",
                folder.join("spool").display().to_string(),
            ),
        ];
        Self {
            environment,
            serve,
            others: [ship, load],
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(TEXTRAIL);
        command
            .args(arguments)
            .envs(self.environment.iter().cloned());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        // The object store answers on this runtime meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("no panic").expect("the command runs");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }
}

/// Killed when it is dropped, should it still run.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.kill()); // it may have ended already
        drop(self.0.wait());
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_over_three_services_is_reported_exactly() {
    let database = TestDatabase::create();
    let folder = tempfile::tempdir().unwrap();
    let keys = Credentials::random();
    let any_port = "127.0.0.1:0".parse().unwrap();
    let objects = folder.path().join("objects");
    let store = EmbeddedStore::start(&objects, BUCKET, &keys, any_port)
        .await
        .unwrap();
    let deployment = Deployment::new(&database, &store, &keys, folder.path());
    let key = deployment
        .run(&["key", "create", "test", "--role", "admin"])
        .await;
    let key = String::from_utf8(key.stdout)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();

    let mut services: Vec<Service> = ["serve", "ship", "load"]
        .map(|service| {
            let log = std::fs::File::create(folder.path().join(service)).unwrap();
            Service(deployment.command(&[service]).stderr(log).spawn().unwrap())
        })
        .into();
    for address in deployment.others.iter().chain([&deployment.serve]) {
        let url = format!("http://{address}/readyz");
        eventually("the service is ready", PATIENCE, async || {
            reqwest::get(&url)
                .await
                .ok()
                .filter(|answer| answer.status().is_success())
        })
        .await;
    }
    let url = format!("http://{}", deployment.serve);
    let demo = [
        "demo",
        "--url",
        &url,
        "--key",
        &key,
        "--messages",
        "150",
        "--rate",
        "100",
    ];
    let told = deployment
        .run(&[&demo[..], &["--seed", "5", "--verify"]].concat())
        .await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("the report shows the same numbers"), "{told}");

    // The loader's own door asks for the key that `serve` has.
    let report = format!("http://{}/v1/reports/messages", deployment.others[1]);
    assert_eq!(reqwest::get(&report).await.unwrap().status(), 401);
    for service in &mut services {
        let id = service.0.id().to_string();
        Command::new("kill")
            .args(["-s", "TERM", &id])
            .status()
            .unwrap();
        let ended = eventually("it stops", PATIENCE, async || service.0.try_wait().unwrap()).await;
        assert!(ended.success());
    }
}
