//! Many messages of which the same is told, and what came of each in the ledger and in the warehouse.

use super::facts::Subject;
use crate::support::ledger::{ALICE, TestLedger, call, new_message};
use crate::support::pipeline::Pipeline;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeMap;
use std::sync::Arc;
use textrail::domain::status::Status;
use textrail::ledger::links::find_all;
use textrail::ledger::recorder::Recorder;
use textrail::ledger::schema::links;
use textrail::warehouse::Cell;
use uuid::Uuid;

/// A ledger with several servers, and the way to the reports.
pub struct Stage {
    ledger: TestLedger,
    servers: Vec<Recorder>,
    pipeline: Pipeline,
}

/// Where a message stands, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub ledger: String,
    pub warehouse: String,
}

impl Standing {
    pub fn assert_status(&self, status: Status) {
        let told = format!("\"status\" : \"{}\"", status.as_str());
        assert!(self.ledger.contains(&told), "{self:?} is not {status:?}");
    }
}

impl Stage {
    pub async fn set() -> Self {
        let mut ledger = TestLedger::start();
        let servers = vec![
            ledger.recorder.clone(),
            ledger.another_recorder(),
            ledger.another_recorder(),
        ];
        let pipeline = Pipeline::start(&ledger.database.url()).await;
        Self {
            ledger,
            servers,
            pipeline,
        }
    }

    /// Another server each time.
    pub fn server(&self, number: usize) -> Recorder {
        self.servers[number % self.servers.len()].clone()
    }

    /// Records messages with a link each.
    pub async fn subjects(&self, count: usize) -> Vec<Subject> {
        let messages: Vec<_> = (0..count)
            .map(|_| new_message(ALICE, "https://a.example"))
            .collect();
        let ids: Vec<Uuid> = messages.iter().map(|message| message.id).collect();
        for some in messages.chunks(500) {
            let recorded = self.ledger.recorder.send(call(some.to_vec())).await;
            recorded.expect("the messages are recorded");
        }
        let conn = &mut self.ledger.database.connect();
        let numbers: Vec<(Uuid, i64)> = links::table
            .filter(links::message_id.eq_any(&ids))
            .select((links::message_id, links::number))
            .load(conn)
            .expect("the links can be read");
        let numbers: BTreeMap<Uuid, i64> = numbers.into_iter().collect();
        ids.into_iter()
            .enumerate()
            .map(|(index, id)| {
                let mut links = find_all(conn, &[numbers[&id]]).expect("the link can be read");
                Subject {
                    id,
                    gateway_id: format!("gw-{index}"),
                    link: Arc::new(links.pop().expect("the link is there")),
                    visits: [(); 4].map(|()| Uuid::now_v7()),
                }
            })
            .collect()
    }

    /// Seals, ships and loads what was told until now.
    pub async fn roll(&self) {
        self.pipeline.roll().await;
    }

    /// Where each message stands, by its id.
    pub fn standings(&self) -> BTreeMap<Uuid, Standing> {
        self.pipeline.fold();
        let warehouse: BTreeMap<String, String> = self
            .pipeline
            .rows(include_str!("warehouse_state.sql"))
            .iter()
            .map(|row| (text(&row[0]), text(&row[1])))
            .collect();
        self.pairs(include_str!("ledger_state.sql"))
            .into_iter()
            .map(|(id, ledger)| {
                let standing = Standing {
                    ledger,
                    warehouse: warehouse[&id].clone(),
                };
                (id.parse().expect("an id"), standing)
            })
            .collect()
    }

    /// The two columns of text that a statement gives.
    fn pairs(&self, sql: &str) -> Vec<(String, String)> {
        #[derive(QueryableByName)]
        struct Pair {
            #[diesel(sql_type = Text)]
            name: String,
            #[diesel(sql_type = Text)]
            value: String,
        }
        let pairs: Vec<Pair> = diesel::sql_query(sql)
            .load(&mut self.ledger.database.connect())
            .expect("the ledger can be read");
        pairs
            .into_iter()
            .map(|pair| (pair.name, pair.value))
            .collect()
    }

    /// Holds what is true of any ledger and warehouse at rest: a row for each event and an event for
    /// each row, the same status in both, buckets that are sums of the messages.
    pub fn assert_in_step(&self) {
        assert_eq!(self.pairs(include_str!("out_of_step.sql")), []);
        self.pipeline.fold();
        let rows = "SELECT message_id::VARCHAR, status FROM messages";
        let in_warehouse: BTreeMap<_, _> = self
            .pipeline
            .rows(rows)
            .iter()
            .map(|row| (text(&row[0]), text(&row[1])))
            .collect();
        let rows = self.pairs("SELECT id::text AS name, status AS value FROM messages");
        assert_eq!(rows.into_iter().collect::<BTreeMap<_, _>>(), in_warehouse);
        let differing = self
            .pipeline
            .rows(include_str!("buckets_beside_messages.sql"));
        assert!(differing.is_empty(), "{differing:?}");
    }
}

fn text(cell: &Cell) -> String {
    cell.text().expect("text").to_owned()
}
