//! A PostgreSQL cluster of a story's own, which can be copied, restored and promoted.

use postgres::{Client, NoTls};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use textrail::domain::short_code::ShortCodes;
use textrail::embedded::postgres::PrivatePostgres;
use textrail::ledger::campaigns::{self, Campaign};
use textrail::ledger::connection::ConnectionSettings;
use textrail::ledger::migrate;
use textrail::ledger::recorder::{Recorder, RecorderSettings};
use uuid::Uuid;

use super::ledger::{ALICE, CAMPAIGN, CODE_KEY, call, new_message};

/// The folder that clusters of one story stand in; PostgreSQL's user can enter it.
pub fn yard() -> TempDir {
    let yard = tempfile::tempdir().expect("a folder");
    fs::set_permissions(yard.path(), fs::Permissions::from_mode(0o755)).expect("it can be opened");
    yard
}

/// A running cluster.
pub struct Cluster {
    server: Option<PrivatePostgres>,
    home: PathBuf,
}

impl Cluster {
    /// Starts what stands there; makes it if nothing does.
    pub fn start(home: &Path) -> Self {
        let server = PrivatePostgres::start(home).expect("the cluster starts");
        Self {
            server: Some(server),
            home: home.to_owned(),
        }
    }

    /// A new one with a migrated ledger and a campaign.
    pub fn with_ledger(home: &Path) -> Self {
        let cluster = Self::start(home);
        let settings = ConnectionSettings::new(cluster.url());
        let mut conn = settings.open("test").expect("a connection");
        migrate::run(&mut conn).expect("the migrations apply");
        let campaign = Campaign {
            name: CAMPAIGN.to_owned(),
            campaign_type: "promotion".to_owned(),
            title: "Spring".to_owned(),
            short_domain: None,
            link_expires_after_seconds: None,
            fallback_url: None,
        };
        campaigns::put(&mut conn, &campaign).expect("the campaign is put");
        cluster
    }

    pub fn url(&self) -> String {
        self.server.as_ref().expect("it runs").url()
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the cluster answers")
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().expect("the cluster stops");
        }
    }

    /// Adds a line to its configuration, by a restart.
    pub fn configure(&mut self, line: &str) {
        self.stop();
        let file = self.home.join("cluster/postgresql.auto.conf");
        let text = fs::read_to_string(&file).expect("a configuration");
        fs::write(&file, format!("{text}{line}\n")).expect("it is written");
        self.server = Some(PrivatePostgres::start(&self.home).expect("the cluster starts"));
    }

    /// Records messages with a link each, as a server would; their ids and codes.
    pub async fn send(&self, count: usize) -> Vec<Sent> {
        let settings = RecorderSettings {
            connection: ConnectionSettings::new(self.url()),
            short_base: "https://go.example/".parse().expect("a URL"),
            codes: Arc::new(ShortCodes::new(CODE_KEY, 10)),
            personal_data: Default::default(),
            opt_out_rules: Default::default(),
            threads: Default::default(),
            queued_rows: 50_000,
            known_links: Default::default(),
            spool: None,
        };
        let (recorder, _threads) = Recorder::start(&settings).expect("the recorder starts");
        let messages: Vec<_> = (0..count)
            .map(|_| new_message(ALICE, "https://shop.example/"))
            .collect();
        let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
        let reply = recorder.send(call(messages)).await.expect("recorded");
        let codes = reply.answer.body.lines().map(|line| {
            let (_, code) = line.rsplit_once('/').expect("a short URL");
            code.to_owned()
        });
        ids.into_iter()
            .zip(codes)
            .map(|(id, code)| Sent { id, code })
            .collect()
    }
}

impl Drop for Cluster {
    /// Also when the story failed.
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            drop(server.stop());
        }
    }
}

/// A recorded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub id: Uuid,
    pub code: String,
}

/// Runs one of PostgreSQL's programs, or one of the system's.
pub fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}");
}

/// Copies a folder with its owners and modes.
pub fn copy(from: &Path, to: &Path) {
    run(
        "cp",
        &["-a", &from.to_string_lossy(), &to.to_string_lossy()],
    );
}
