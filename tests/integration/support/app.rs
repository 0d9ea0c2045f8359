//! A whole textrail on a ledger and a lake of its own, reached over HTTP as its users reach it. The
//! shipper and the loader move when a story says so.

pub use super::gateways::KANNEL_SECRET;
use super::ledger::{TestLedger, spool_at};
use super::proxy::Proxy;
use super::{ledger, pipeline::Pipeline};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use textrail::domain::short_code::ShortCodes;
use textrail::gateways::UrlTags;
use textrail::http::{AppState, AppStateParts, HttpSettings, ServeOptions, serve};
use textrail::ledger::Pool;
use textrail::ledger::api_keys::{self, Role};
use textrail::ledger::connection::ConnectionSettings;
use textrail::ledger::recorder::Recorder;
use tokio_util::sync::CancellationToken;
use url::Url;

pub struct TestApp {
    pub ledger: TestLedger,
    pipeline: Pipeline,
    key: String,
    url: Url,
    client: Client,
    shutdown: CancellationToken,
}

impl TestApp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url: Url = format!("http://{address}/").parse().expect("a URL");
        let ledger = TestLedger::start_at(url.clone());
        let pool = Pool::new(ConnectionSettings::new(ledger.database.url()), 4);
        let recorder = ledger.recorder.clone();
        Self::start_on(listener, url, ledger, pool, recorder).await
    }

    /// A server that reaches its PostgreSQL through a proxy, and has a spool.
    pub async fn start_behind(spool: &Path) -> (Self, Proxy) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url: Url = format!("http://{address}/").parse().expect("a URL");
        let mut ledger = TestLedger::start_at(url.clone());
        let proxy = Proxy::before(&ledger.database.url());
        let connection = ConnectionSettings::new(proxy.url(&ledger.database.url()));
        let recorder = ledger.recorder_with(|settings| {
            settings.connection = connection.clone();
            settings.spool = Some(spool_at(spool));
        });
        let pool = Pool::new(connection, 4).behind(recorder.gate().expect("a spool"));
        let app = Self::start_on(listener, url, ledger, pool, recorder).await;
        (app, proxy)
    }

    async fn start_on(
        listener: TcpListener,
        url: Url,
        ledger: TestLedger,
        pool: Pool,
        recorder: Recorder,
    ) -> Self {
        let pipeline = Pipeline::start(&ledger.database.url()).await;
        let state =
            AppState::new(parts(pool, recorder, &pipeline, &url)).expect("the state is sound");
        let shutdown = CancellationToken::new();
        let options = ServeOptions {
            public: listener,
            private: None,
            state,
            shutdown: shutdown.clone(),
        };
        tokio::spawn(async move { serve(options).await.expect("the server ends well") });
        let key = new_key(&ledger, &[Role::Admin]);
        Self {
            client: client(None),
            ledger,
            pipeline,
            key,
            url,
            shutdown,
        }
    }

    /// Where it is reached, without a slash at the end.
    pub fn url(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }

    /// A client with an admin's key. It looks at redirects and never follows them: the targets of
    /// links are not there.
    pub fn client(&self) -> Client {
        client(Some(&self.key))
    }

    /// Seals, ships and loads what was recorded until now.
    pub async fn roll(&self) {
        self.pipeline.roll().await;
    }

    /// The rows of the message report over today, and a day around it.
    pub async fn report(&self, group_by: &str) -> Value {
        let around = chrono::TimeDelta::days(1);
        let today = chrono::Utc::now().date_naive();
        let (start, end) = (today - around, today + around);
        let path = format!("v1/reports/messages?start={start}&end={end}&group_by={group_by}");
        let answer = self.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    /// Kind and text of every line in the lake.
    pub async fn lake_lines(&self) -> Vec<(String, String)> {
        self.pipeline.lake_lines().await
    }

    /// The key of an admin.
    pub fn admin_key(&self) -> &str {
        &self.key
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
}

fn parts(pool: Pool, recorder: Recorder, pipeline: &Pipeline, url: &Url) -> AppStateParts {
    AppStateParts {
        pool,
        recorder,
        short_codes: Arc::new(ShortCodes::new(ledger::CODE_KEY, 10)),
        reports: pipeline.reports(),
        url_tags: UrlTags::new(&ledger::CODE_KEY),
        settings: HttpSettings {
            public_url: url.clone(),
            short_base: url.clone(),
            trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
            well_known_dir: None,
            gateways: super::gateways::all(),
            keep_requests: true,
            limits: Default::default(),
        },
        metrics: metrics_exporter_prometheus::PrometheusBuilder::new()
            .build_recorder()
            .handle(),
    }
}

fn client(key: Option<&str>) -> Client {
    let mut headers = HeaderMap::new();
    if let Some(key) = key {
        headers.insert(
            AUTHORIZATION,
            format!("Bearer {key}").parse().expect("a header"),
        );
    }
    let builder = Client::builder().default_headers(headers);
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
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
    pub headers: HeaderMap,
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
