//! A lake, a warehouse, the loader between them, and events to tell.

use super::lake::{MemoryLake, at, boundary};
use crate::{
    domain::window::WindowId,
    event::{
        Body, Click, Context, Event, Inbound, Link, Match, Message, OptOut, Receipt, Submission,
        TimeSource,
    },
    lake::keys,
    load::{LoadSettings, Loader, TickReport, fetch},
    report::{LocalReports, MessagesReport, MessagesRow, ReportQuery, Reports},
    warehouse::{
        Rows, Select, StagedWindow, Warehouse,
        duck::{DuckSettings, DuckWarehouse},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Messages with what loads made of them since they were last folded.
pub(super) const MESSAGES_NOW: &str = "(FROM messages WHERE message_id NOT IN \
    (SELECT message_id FROM message_changes) UNION ALL BY NAME FROM message_changes)";

pub(super) struct Scene {
    pub(super) lake: Arc<MemoryLake>,
    pub(super) warehouse: Arc<DuckWarehouse>,
    pub(super) loader: Mutex<Loader>,
    pub(super) directory: Option<TempDir>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::on(Arc::default(), 64)
    }

    /// A fresh warehouse on a lake.
    pub(super) fn on(lake: Arc<MemoryLake>, windows_at_once: usize) -> Self {
        Self::fresh_on(lake, |settings| settings.windows_at_once = windows_at_once)
    }

    /// A fresh warehouse that is folded from so many rows.
    pub(super) fn folded_from(fold_rows: u64) -> Self {
        Self::fresh(|settings| settings.fold_rows = fold_rows)
    }

    /// A fresh warehouse and a loader of other settings.
    pub(super) fn fresh(change: impl FnOnce(&mut LoadSettings)) -> Self {
        Self::fresh_on(Arc::default(), change)
    }

    fn fresh_on(lake: Arc<MemoryLake>, change: impl FnOnce(&mut LoadSettings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut scene = Self::at_with(lake, directory.path(), change);
        scene.directory = Some(directory);
        scene
    }

    /// The warehouse of a folder.
    pub(super) fn at(lake: Arc<MemoryLake>, directory: &Path) -> Self {
        Self::at_with(lake, directory, |_| {})
    }

    /// The same warehouse, after its process ended and another one began.
    pub(super) fn restarted(self) -> Self {
        let Self {
            lake,
            warehouse,
            loader,
            directory,
        } = self;
        drop((loader, warehouse));
        let mut again = Self::at(lake, directory.as_ref().unwrap().path());
        again.directory = directory;
        again
    }

    fn at_with(
        lake: Arc<MemoryLake>,
        directory: &Path,
        change: impl FnOnce(&mut LoadSettings),
    ) -> Self {
        let warehouse = DuckWarehouse::open(directory, &DuckSettings::default()).unwrap();
        let warehouse = Arc::new(warehouse);
        let mut settings = LoadSettings {
            // Each look is one back: windows come in any order here.
            look_back_every: Duration::ZERO,
            staging: directory.to_owned(),
            ..LoadSettings::default()
        };
        change(&mut settings);
        Self {
            loader: Mutex::new(Loader::new(lake.clone(), warehouse.clone(), settings)),
            lake,
            warehouse,
            directory: None,
        }
    }

    /// The warehouse's folder.
    pub(super) fn folder(&self) -> &Path {
        self.directory.as_ref().unwrap().path()
    }

    /// Puts a window into the lake and loads it.
    pub(super) async fn tell(&self, number: i64, events: &[Event]) -> TickReport {
        self.lake.window(number, events);
        self.tick().await
    }

    pub(super) async fn tick(&self) -> TickReport {
        self.loader.lock().await.tick().await.unwrap()
    }

    /// A window of the lake, fetched and verified.
    pub(super) async fn staged(&self, number: i64) -> StagedWindow {
        let directory = self.directory.as_ref().unwrap().path();
        let key = keys::manifest(boundary(number), 1, number);
        let id = WindowId { epoch: 1, number };
        let found = fetch::manifest(self.lake.as_ref(), id, key).await.unwrap();
        fetch::window(self.lake.as_ref(), &found, directory)
            .await
            .unwrap()
    }

    pub(super) fn rows(&self, sql: &str) -> Rows {
        let select = Select {
            sql: sql.to_owned(),
            parameters: Vec::new(),
            most_rows: 100_000,
        };
        let limit = Duration::from_secs(60);
        self.warehouse.read(&[select], limit).unwrap().remove(0)
    }

    /// The one number of a statement.
    pub(super) fn number(&self, sql: &str) -> i64 {
        self.rows(sql)[0][0].integer().unwrap()
    }

    /// The status of a message.
    pub(super) fn status(&self, message: &Sent) -> String {
        let id = message.id;
        let rows = self.rows(&format!(
            "SELECT status FROM {MESSAGES_NOW} WHERE message_id = '{id}'"
        ));
        rows[0][0].text().unwrap().to_owned()
    }

    /// Puts what loads appended where it belongs.
    pub(super) fn fold(&self) {
        self.warehouse.fold(0).unwrap();
    }

    /// Every derived table as text, in a fixed order: what must not depend on the way it came, once all
    /// changes are folded.
    pub(super) fn state(&self) -> Vec<Rows> {
        self.fold();
        let tables = [
            "messages",
            "links",
            "orphan_events",
            "message_stats",
            "hourly_stats",
            "daily_stats",
            "error_stats",
            "bucket_changes",
            "error_changes",
            "message_changes",
        ];
        let dump = |table| {
            self.rows(&format!(
                "SELECT COLUMNS(*)::VARCHAR FROM {table} ORDER BY ALL"
            ))
        };
        tables.map(dump).to_vec()
    }

    /// The whole report of 2026 in one row.
    pub(super) async fn report(&self) -> MessagesRow {
        self.whole_report().await.rows.into_iter().next().unwrap()
    }

    /// The same with its head.
    pub(super) async fn whole_report(&self) -> MessagesReport {
        let query = ReportQuery::parse(
            Some("2026-01-01"),
            Some("2027-01-01"),
            None,
            None,
            at("2026-11-23T06:00:00Z"),
        );
        let reports = LocalReports::new(self.warehouse.clone());
        reports.messages(&query.unwrap()).await.unwrap()
    }
}

/// A message to tell of.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) id: Uuid,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) context: Context,
}

impl Sent {
    pub(super) fn new(recorded_at: &str) -> Self {
        Self {
            id: Uuid::now_v7(),
            recorded_at: at(recorded_at),
            context: Context {
                subscriber_id: Some(Uuid::now_v7()),
                campaign: Some("autumn".to_owned()),
                campaign_type: Some("promotion".to_owned()),
                sender: Some("+431234".to_owned()),
                country: Some("AT".to_owned()),
                gateway: Some("kannel".to_owned()),
                ..Context::default()
            },
        }
    }

    pub(super) fn test(mut self) -> Self {
        self.context.test = Some(true);
        self
    }

    pub(super) fn campaign(mut self, campaign: Option<&str>) -> Self {
        self.context.campaign = campaign.map(str::to_owned);
        self
    }

    pub(super) fn gateway(mut self, gateway: Option<&str>) -> Self {
        self.context.gateway = gateway.map(str::to_owned);
        self
    }

    /// Its own line, with a link or without.
    pub(super) fn message(&self, links: i64) -> Event {
        let links = (0..links).map(|link_id| Link {
            link_id,
            code: "abc".to_owned(),
            short_domain: "t.example".to_owned(),
            target_url: "https://shop.example/".to_owned(),
            expires_at: Some(self.recorded_at + TimeDelta::days(30)),
        });
        let body = Body::Message(Message {
            outcome: "recorded".to_owned(),
            encoding: "gsm7".to_owned(),
            code_units: 20,
            segments: 1,
            links: links.collect(),
            ..Message::default()
        });
        Event {
            event_id: self.id,
            ..self.event(0, body)
        }
    }

    pub(super) fn suppressed(&self) -> Event {
        let mut event = self.message(0);
        if let Body::Message(message) = &mut event.body {
            message.outcome = "suppressed".to_owned();
            message.suppression_reason = Some("opted_out".to_owned());
        }
        event
    }

    /// Any fact about it, some seconds after it was recorded.
    pub(super) fn event(&self, seconds: i64, body: Body) -> Event {
        let occurred_at = self.recorded_at + TimeDelta::seconds(seconds);
        Event {
            event_id: Uuid::now_v7(),
            occurred_at,
            time_source: TimeSource::Gateway,
            recorded_at: occurred_at,
            context: Context {
                message_id: Some(self.id),
                message_recorded_at: Some(self.recorded_at),
                ..self.context.clone()
            },
            body,
        }
    }

    pub(super) fn submission(&self, seconds: i64, outcome: &str) -> Event {
        let body = Body::Submission(Submission {
            outcome: outcome.to_owned(),
            ..Submission::default()
        });
        self.event(seconds, body)
    }

    pub(super) fn receipt(&self, seconds: i64, status: &str) -> Event {
        self.receipt_with(seconds, status, |_| {})
    }

    pub(super) fn receipt_with(
        &self,
        seconds: i64,
        status: &str,
        change: impl FnOnce(&mut Receipt),
    ) -> Event {
        let mut receipt = Receipt {
            receipt_id: Uuid::now_v7(),
            status: status.to_owned(),
            raw_status: status.to_uppercase(),
            ..Receipt::default()
        };
        change(&mut receipt);
        let event_id = receipt.receipt_id;
        Event {
            event_id,
            ..self.event(seconds, Body::Receipt(receipt))
        }
    }

    pub(super) fn click(&self, seconds: i64, verdict: &str) -> Event {
        let body = Body::Click(Click {
            link_id: 1,
            code: "abc".to_owned(),
            target_url: "https://shop.example/".to_owned(),
            verdict: verdict.to_owned(),
            verdict_reasons: vec!["agent".to_owned()],
            ruleset: "clicks-1".to_owned(),
            ..Click::default()
        });
        self.event(seconds, body)
    }

    pub(super) fn inbound(&self, seconds: i64, intent: &str) -> Event {
        let body = Body::Inbound(Inbound {
            inbound_id: Uuid::now_v7(),
            complete: true,
            intent: intent.to_owned(),
            ruleset: "words-1".to_owned(),
            ..Inbound::default()
        });
        self.event(seconds, body)
    }

    pub(super) fn opt_out(&self, seconds: i64, action: &str) -> Event {
        let body = Body::OptOut(OptOut {
            action: action.to_owned(),
            scope: "sender".to_owned(),
            source: "keyword".to_owned(),
            ..OptOut::default()
        });
        self.event(seconds, body)
    }
}

/// The same receipt before its message is known.
pub(super) fn parked(receipt: &Event) -> Event {
    let mut parked = receipt.clone();
    parked.context = Context {
        gateway: receipt.context.gateway.clone(),
        ..Context::default()
    };
    parked
}

/// What a receipt is read as another time.
pub(super) fn correction(message: &Sent, receipt: &Event, seconds: i64, status: &str) -> Event {
    message.receipt_with(seconds, status, |new| new.corrects = Some(receipt.event_id))
}

/// The match of a parked receipt.
pub(super) fn found(message: &Sent, receipt: &Event) -> Event {
    let body = Body::Match(Match {
        receipt_id: receipt.event_id,
    });
    message.event(600, body)
}
