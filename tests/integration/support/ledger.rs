//! A ledger with its recorder, and short ways to put facts in and to read what came of them.

use super::database::TestDatabase;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::path::Path;
use std::sync::Arc;
use textrail::domain::phone::{PhoneNumber, Sender};
use textrail::domain::short_code::ShortCodes;
use textrail::domain::status::Status;
use textrail::ledger::campaigns::{self, Campaign};
use textrail::ledger::connection::ConnectionSettings;
use textrail::ledger::facts::*;
use textrail::ledger::journey::{self, Journey};
use textrail::ledger::recorder::{Recorder, RecorderSettings, RecorderThreads};
use textrail::ledger::spool::SpoolSettings;
use url::Url;
use uuid::Uuid;

pub const CAMPAIGN: &str = "spring";
pub const GATEWAY: &str = "twig";
pub const SENDER: &str = "43720";
pub const ALICE: &str = "+436601234567";
/// The key of the short codes in tests.
pub const CODE_KEY: [u8; 32] = [7; 32];
pub const BOB: &str = "+436601234568";

impl TestDatabase {
    /// A plain connection to it.
    pub fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.url()).expect("the test database takes connections")
    }
}

pub struct TestLedger {
    pub recorder: Recorder,
    threads: Vec<RecorderThreads>,
    pub database: TestDatabase,
    base: Url,
}

impl TestLedger {
    /// A ledger with one campaign.
    pub fn start() -> Self {
        Self::start_at("https://go.example/".parse().expect("a URL"))
    }

    /// The same, with short URLs under `base`.
    pub fn start_at(base: Url) -> Self {
        let database = TestDatabase::create();
        let settings = recorder_settings(&database.url(), &base);
        let (recorder, threads) = Recorder::start(&settings).expect("the recorder starts");
        let ledger = Self {
            recorder,
            threads: vec![threads],
            database,
            base,
        };
        ledger.put_campaign(&Campaign {
            name: CAMPAIGN.to_owned(),
            campaign_type: "promotion".to_owned(),
            title: "Spring".to_owned(),
            short_domain: None,
            link_expires_after_seconds: None,
            fallback_url: None,
        });
        ledger
    }

    /// A second server on the same ledger.
    pub fn another_recorder(&mut self) -> Recorder {
        self.recorder_at(&self.database.url())
    }

    /// A server that reaches the ledger by another address.
    pub fn recorder_at(&mut self, url: &str) -> Recorder {
        self.recorder_with(|settings| settings.connection = ConnectionSettings::new(url))
    }

    /// A server with settings of its own.
    pub fn recorder_with(&mut self, change: impl FnOnce(&mut RecorderSettings)) -> Recorder {
        let (recorder, threads) = self.server_with(change);
        self.threads.push(threads);
        recorder
    }

    /// The same, to be ended by the story.
    pub fn server_with(
        &self,
        change: impl FnOnce(&mut RecorderSettings),
    ) -> (Recorder, RecorderThreads) {
        let mut settings = recorder_settings(&self.database.url(), &self.base);
        change(&mut settings);
        Recorder::start(&settings).expect("the recorder starts")
    }

    pub fn put_campaign(&self, campaign: &Campaign) {
        campaigns::put(&mut self.database.connect(), campaign).expect("the campaign is put");
    }

    /// The log lines of a kind, in the order in which they were written.
    pub fn lines(&self, kind: &str) -> Vec<serde_json::Value> {
        #[derive(QueryableByName)]
        struct Line {
            #[diesel(sql_type = Text)]
            line: String,
        }
        let lines: Vec<Line> = diesel::sql_query(
            "SELECT line FROM outbox WHERE line::json ->> 'kind' = $1 ORDER BY id",
        )
        .bind::<Text, _>(kind)
        .load(&mut self.database.connect())
        .expect("the outbox can be read");
        lines
            .iter()
            .map(|row| serde_json::from_str(&row.line).expect("a line is JSON"))
            .collect()
    }

    /// Changes what no API changes, such as the past.
    pub fn execute(&self, sql: &str) {
        diesel::sql_query(sql)
            .execute(&mut self.database.connect())
            .expect("the statement runs");
    }

    pub fn count(&self, table: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let count: Count = diesel::sql_query(format!("SELECT count(*) FROM {table}"))
            .get_result(&mut self.database.connect())
            .expect("the rows can be counted");
        count.count
    }

    pub fn journey(&self, id: Uuid) -> Journey {
        journey::find(&mut self.database.connect(), id)
            .expect("the journey can be read")
            .expect("the message is there")
    }

    /// Records one message and returns its id.
    pub async fn message(&self, to: &str) -> Uuid {
        let message = new_message(to, "Hello");
        let id = message.id;
        self.recorder
            .send(call(vec![message]))
            .await
            .expect("the message is recorded");
        id
    }
}

pub fn recorder_settings(url: &str, base: &Url) -> RecorderSettings {
    RecorderSettings {
        connection: ConnectionSettings::new(url),
        short_base: base.clone(),
        codes: Arc::new(ShortCodes::new(CODE_KEY, 10)),
        personal_data: Default::default(),
        opt_out_rules: Default::default(),
        threads: Default::default(),
        queued_rows: 50_000,
        known_links: Default::default(),
        spool: None,
    }
}

/// A spool with room for whatever a story tells.
pub fn spool_at(directory: &Path) -> SpoolSettings {
    SpoolSettings {
        directory: directory.to_path_buf(),
        max_bytes: 10_000_000,
    }
}

pub fn new_message(to: &str, body: &str) -> NewMessage {
    NewMessage {
        id: Uuid::now_v7(),
        to: PhoneNumber::parse(to).expect("a number"),
        from: Sender::parse(SENDER).expect("a sender"),
        body: body.to_owned(),
        campaign: CAMPAIGN.to_owned(),
        gateway: Some(GATEWAY.to_owned()),
        client_reference: None,
        shorten_urls: true,
        test: false,
    }
}

/// A call whose stored answer names the outcomes.
pub fn call(messages: Vec<NewMessage>) -> SendCall {
    SendCall {
        api_key_id: Uuid::nil(),
        idempotency: None,
        messages,
        answer: Arc::new(|outcomes| StoredAnswer {
            status: 201,
            body: describe(outcomes),
        }),
    }
}

fn describe(outcomes: &[SendOutcome]) -> String {
    let words: Vec<String> = outcomes
        .iter()
        .map(|outcome| match outcome {
            SendOutcome::Recorded(message) => format!("recorded {}", message.body),
            SendOutcome::Suppressed { .. } => "suppressed".to_owned(),
            SendOutcome::UnknownCampaign => "unknown campaign".to_owned(),
        })
        .collect();
    words.join("\n")
}

pub fn new_submission(message_id: Uuid, gateway_message_id: &str) -> NewSubmission {
    NewSubmission {
        id: Uuid::now_v7(),
        message_id,
        gateway: GATEWAY.to_owned(),
        gateway_message_id: Some(gateway_message_id.to_owned()),
        outcome: SubmissionOutcome::Accepted,
        error_code: None,
        error_class: None,
        submitted_at: None,
    }
}

pub fn new_receipt(status: Status) -> NewReceipt {
    NewReceipt {
        id: Uuid::now_v7(),
        gateway: GATEWAY.to_owned(),
        message_id: None,
        gateway_message_id: None,
        gateway_event_id: None,
        status,
        raw_status: status.as_str().to_owned(),
        error_code: None,
        error_class: None,
        permanent: None,
        synthetic: false,
        delivery_level: None,
        segment_number: None,
        segment_count: None,
        gateway_time: None,
        price: None,
        currency: None,
        mcc_mnc: None,
    }
}

pub fn new_inbound(from: &str, body: &str) -> NewInbound {
    NewInbound {
        id: Uuid::now_v7(),
        gateway: GATEWAY.to_owned(),
        gateway_message_id: None,
        from: PhoneNumber::parse(from).expect("a number"),
        to: Sender::parse(SENDER).expect("a sender"),
        body: body.to_owned(),
        segments: None,
        received_at: None,
        part: None,
        gateway_intent: None,
    }
}
