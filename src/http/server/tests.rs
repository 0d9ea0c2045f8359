//! The routes of a `load` process need no ledger: what holds for all routes is tested on them.

use super::*;
use crate::report::{
    ErrorsReport, MessagesReport, MessagesRow, ReportError, ReportHead, ReportQuery, Reports,
    WindowsQuery, WindowsReport,
};
use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct OneRow;

fn head(query: &ReportQuery) -> ReportHead {
    ReportHead {
        start: query.start,
        end: query.end,
        tz: query.tz.to_string(),
        group_by: query.group_by.clone(),
        data_through: None,
        generation: "1".to_owned(),
    }
}

#[async_trait]
impl Reports for OneRow {
    async fn messages(&self, query: &ReportQuery) -> Result<MessagesReport, ReportError> {
        let rows = vec![MessagesRow {
            messages: 7,
            ..Default::default()
        }];
        Ok(MessagesReport {
            head: head(query),
            percentiles: query.percentiles,
            rows,
        })
    }
    async fn errors(&self, _: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        Err(ReportError::Unavailable(anyhow::anyhow!("file is locked")))
    }
    async fn windows(&self, _: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        Err(ReportError::Unavailable(anyhow::anyhow!("file is locked")))
    }
}

fn state() -> ReportsState {
    ReportsState {
        reports: Arc::new(OneRow),
        quarantine: None,
        bearer: Some("s3cret".to_owned()),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        limits: HttpLimits::default(),
    }
}

struct Answer {
    status: u16,
    headers: header::HeaderMap,
    body: String,
}

impl Answer {
    fn problem(&self) -> Value {
        assert_eq!(
            self.headers.get(header::CONTENT_TYPE).unwrap(),
            "application/problem+json"
        );
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        assert!(problem["type"].as_str().unwrap().starts_with("/problems/"));
        problem
    }
}

async fn call(request: TestRequest) -> Answer {
    let (shared, state) = (Shared::new(RouteSet::Loader), state());
    let app = App::new()
        .configure(|config| shared.configure(config))
        .configure(|config| state.configure(config))
        .wrap(from_fn(observe::observe));
    let service = init_service(app).await;
    let response: ServiceResponse<_> = service.call(request.to_request()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body())
        .await
        .map_err(|_| "no body")
        .unwrap();
    Answer {
        status,
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get()
        .uri(uri)
        .insert_header((header::AUTHORIZATION, "Bearer s3cret"))
}

#[actix_web::test]
async fn a_report() {
    let answer = call(get("/v1/reports/messages?start=2026-11-23&end=2026-11-24")).await;
    assert_eq!(answer.status, 200);
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(report["rows"][0]["messages"], 7);
    assert_eq!(report["data_through"], Value::Null);
}

#[actix_web::test]
async fn a_report_as_csv() {
    let uri = "/v1/reports/messages?start=2026-11-23&end=2026-11-24&format=csv";
    let answer = call(get(uri)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers.get("textrail-tz").unwrap(), "UTC");
    assert!(
        answer.body.starts_with("messages,suppressed,"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("\r\n7,0,"), "{}", answer.body);
}

#[actix_web::test]
async fn a_report_without_percentiles_says_so_and_as_csv_has_no_columns_for_them() {
    let uri = "/v1/reports/messages?start=2026-11-23&end=2026-11-24";
    for (asked, given) in [
        ("", true),
        ("&percentiles=true", true),
        ("&percentiles=false", false),
    ] {
        let answer = call(get(&format!("{uri}{asked}"))).await;
        let report: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(report["percentiles"], given, "{asked}");
        let csv = call(get(&format!("{uri}{asked}&format=csv"))).await.body;
        assert_eq!(csv.contains("seconds_to_click_p95\r\n"), given, "{csv}");
        let mut widths = csv.lines().map(|line| line.split(',').count());
        assert_eq!(widths.next(), widths.next(), "{csv}");
    }
}

#[actix_web::test]
async fn wrong_parameters_are_named() {
    let cases = [
        (
            "start=x&end=y&tz=z&group_by=w&format=v&percentiles=u",
            vec!["tz", "group_by", "end", "start", "format", "percentiles"],
        ),
        ("begin=2026-11-23", vec!["begin"]),
        ("tz=UTC&tz=UTC", vec!["tz"]),
        ("start=%FF%00", vec!["start"]),
    ];
    for (query, expected) in cases {
        let answer = call(get(&format!("/v1/reports/messages?{query}"))).await;
        assert_eq!(answer.status, 422, "{query}");
        let problem = answer.problem();
        let errors = problem["errors"].as_array().unwrap().iter();
        let fields: Vec<&str> = errors
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, expected, "{query}");
    }
}

#[actix_web::test]
async fn callers_without_a_key_are_challenged() {
    let bare = call(TestRequest::get().uri("/v1/reports/messages?start=x")).await;
    assert_eq!(bare.status, 401);
    assert_eq!(bare.problem()["type"], "/problems/unauthenticated");
    assert_eq!(
        bare.headers.get(header::WWW_AUTHENTICATE).unwrap(),
        "Bearer realm=\"textrail\""
    );
    let guess = TestRequest::get()
        .uri("/v1/reports/messages")
        .insert_header((header::AUTHORIZATION, "Bearer guess"));
    let guess = call(guess).await;
    assert_eq!(guess.status, 401);
    let challenge = guess
        .headers
        .get(header::WWW_AUTHENTICATE)
        .unwrap()
        .to_str()
        .unwrap();
    assert!(challenge.contains("invalid_token"));
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_document() {
    let nowhere = call(get("/v1/nowhere/at/all")).await;
    assert_eq!(nowhere.status, 404);
    nowhere.problem();
    let other_method = call(TestRequest::post().uri("/v1/reports/messages")).await;
    assert_eq!(other_method.status, 405);
    assert_eq!(other_method.headers.get(header::ALLOW).unwrap(), "GET");
    other_method.problem();
}

#[actix_web::test]
async fn what_is_away_says_so_and_no_more() {
    let answer = call(get("/v1/reports/errors")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert!(!answer.body.contains("locked"));
    answer.problem();
}

#[actix_web::test]
async fn health_needs_no_key() {
    for uri in ["/healthz", "/readyz", "/metrics"] {
        let answer = call(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.status, 200, "{uri}");
    }
}

#[actix_web::test]
async fn a_server_starts_and_stops() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let options = ReportsOptions {
        listener,
        state: state(),
        shutdown: shutdown.clone(),
    };
    let server = actix_web::rt::spawn(serve_reports(options));
    let answer = reqwest::get(format!("http://{address}/healthz"))
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"status":"ok"}"#);
    shutdown.cancel();
    server.await.unwrap().unwrap();
}
