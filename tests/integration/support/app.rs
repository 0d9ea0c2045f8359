//! A whole server on a ledger of its own, reached over HTTP as its users reach it.

use super::ledger::TestLedger;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use textrail::domain::short_code::ShortCodes;
use textrail::gateways::GatewaySettings;
use textrail::http::{AppState, AppStateParts, HttpSettings, ServeOptions, serve};
use textrail::ledger::Pool;
use textrail::ledger::api_keys::{self, Role};
use textrail::ledger::connection::ConnectionSettings;
use textrail::report::Reports;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The secret that the gateway `kannel` of every test app has.
pub const KANNEL_SECRET: &str = "a-shared-secret";

pub struct TestApp {
    pub ledger: TestLedger,
    pub key: String,
    pub url: Url,
    client: Client,
    shutdown: CancellationToken,
    server: Option<JoinHandle<anyhow::Result<()>>>,
}

impl TestApp {
    pub async fn start(reports: Arc<dyn Reports>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url: Url = format!("http://{address}/").parse().expect("a URL");
        let ledger = TestLedger::start_at(url.clone());
        let database = ledger.database.url();
        let shutdown = CancellationToken::new();
        let state = AppState::new(AppStateParts {
            pool: Pool::new(ConnectionSettings::new(&database), 4),
            recorder: ledger.recorder.clone(),
            short_codes: Arc::new(ShortCodes::new([7; 32], 10)),
            reports,
            settings: HttpSettings {
                public_url: url.clone(),
                short_base: url.clone(),
                trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
                well_known_dir: None,
                gateways: vec![GatewaySettings {
                    name: "kannel".to_owned(),
                    dialect: "kannel".to_owned(),
                    secret: Some(KANNEL_SECRET.to_owned()),
                }],
                limits: Default::default(),
            },
            metrics: metrics_exporter_prometheus::PrometheusBuilder::new()
                .build_recorder()
                .handle(),
        })
        .expect("the state is sound");
        let options = ServeOptions {
            public: listener,
            private: None,
            state,
            shutdown: shutdown.clone(),
        };
        let server = tokio::spawn(serve(options));
        let key = new_key(&ledger, &[Role::Admin]);
        // The targets of links are not there: redirects are looked at, never followed.
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            ledger,
            key,
            url,
            client,
            shutdown,
            server: Some(server),
        }
    }

    /// A key that may do what the roles may.
    pub fn key(&self, roles: &[Role]) -> String {
        new_key(&self.ledger, roles)
    }

    /// A request without a key.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url.join(path).expect("a path"))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body).send().await).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body).send().await).await
    }

    /// Puts a campaign and returns its name.
    pub async fn campaign(&self, name: &str, campaign_type: &str) -> String {
        let body = json!({"type": campaign_type, "name": name});
        let answer = self.put(&format!("v1/campaigns/{name}"), body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        name.to_owned()
    }

    /// Ends what is in hand and stops.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(server) = self.server.take() {
            server
                .await
                .expect("the server did not panic")
                .expect("the server ended well");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn new_key(ledger: &TestLedger, roles: &[Role]) -> String {
    let created = api_keys::create(&mut ledger.database.connect(), "test", roles);
    created.expect("the key is created").1
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: reqwest::Result<Response>) -> Self {
        let response = response.expect("the server answers");
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.expect("the answer can be read"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The fields that a problem document names.
    pub fn fields(&self) -> Vec<String> {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .filter_map(|error| error["field"].as_str().map(ToOwned::to_owned))
            .collect()
    }
}
