//! The whole API before a ledger that is away: everything that must be answered without one.

use super::auth::Authority;
use super::routes::RouteSet;
use super::server::Shared;
use super::{AppState, AppStateParts, HttpLimits, HttpSettings};
use crate::domain::short_code::ShortCodes;
use crate::gateways::{DialectSettings, GatewaySettings, Secrets, UrlTags};
use crate::ledger::Pool;
use crate::ledger::api_keys::{ApiKey, Role};
use crate::ledger::connection::ConnectionSettings;
use crate::ledger::recorder::{LaneThreads, PersonalData, Recorder, RecorderSettings};
use crate::report::{
    ErrorsReport, MessagesReport, ReportError, ReportQuery, Reports, WindowsQuery, WindowsReport,
};
use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, web};
use chrono::Utc;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug)]
struct NoReports;

#[async_trait::async_trait]
impl Reports for NoReports {
    async fn messages(&self, _: &ReportQuery) -> Result<MessagesReport, ReportError> {
        Err(ReportError::TooLarge { limit: 1 })
    }
    async fn errors(&self, _: &ReportQuery) -> Result<ErrorsReport, ReportError> {
        Err(ReportError::TooLarge { limit: 1 })
    }
    async fn windows(&self, _: &WindowsQuery) -> Result<WindowsReport, ReportError> {
        Err(ReportError::TooLarge { limit: 1 })
    }
}

/// A state whose ledger cannot be reached: nothing listens on port 1.
fn state() -> AppState {
    let connection = ConnectionSettings::new("postgres://nobody@127.0.0.1:1/none");
    let base: url::Url = "https://t.example/".parse().unwrap();
    let short_codes = Arc::new(ShortCodes::new([7; 32], 10));
    let (recorder, _) = Recorder::start(&RecorderSettings {
        connection: connection.clone(),
        short_base: base.clone(),
        codes: short_codes.clone(),
        personal_data: PersonalData::default(),
        opt_out_rules: Default::default(),
        threads: LaneThreads::default(),
        queued_rows: 10,
        known_links: Default::default(),
        spool: None,
    })
    .unwrap();
    let kannel = GatewaySettings {
        name: "kannel".to_owned(),
        dialect: "kannel".to_owned(),
        proof: DialectSettings {
            secrets: Secrets::new(vec!["s3cret".to_owned()]),
            ..DialectSettings::default()
        },
        ..GatewaySettings::default()
    };
    AppState::new(AppStateParts {
        pool: Pool::new(connection, 1),
        recorder,
        short_codes,
        reports: Arc::new(NoReports),
        url_tags: UrlTags::new(&[1; 32]),
        settings: HttpSettings {
            public_url: base.clone(),
            short_base: base,
            trusted_proxies: Vec::new(),
            well_known_dir: None,
            gateways: vec![kannel],
            // Nothing can be kept without a ledger.
            keep_requests: false,
            limits: HttpLimits::default(),
        },
        metrics: PrometheusBuilder::new().build_recorder().handle(),
    })
    .unwrap()
}

fn key(roles: &[Role]) -> ApiKey {
    ApiKey {
        id: Uuid::nil(),
        name: "test".to_owned(),
        key_prefix: "trk_".to_owned(),
        roles: roles.to_vec(),
        created_at: Utc::now(),
        revoked_at: None,
    }
}

/// The status and the body of an answer to a caller who may do everything.
async fn call(request: TestRequest) -> (u16, String) {
    let state = state();
    state.keys().remember("admin", key(&[Role::Admin]));
    state.keys().remember("reader", key(&[Role::Report]));
    let shared = Shared::new(RouteSet::All);
    let app = App::new()
        .configure(|config| shared.configure(config))
        .configure(|config| state.configure(config))
        .app_data(web::Data::new(Authority::Ledger(state.keys().clone())));
    let service = init_service(app).await;
    let response = service.call(request.to_request()).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body())
        .await
        .map_err(|_| "no body")
        .unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn request(method: &str, uri: &str) -> TestRequest {
    TestRequest::with_uri(uri)
        .method(method.parse().unwrap())
        .insert_header((header::AUTHORIZATION, "Bearer admin"))
}

async fn post(uri: &str, body: &Value) -> (u16, Value) {
    let (status, body) = call(request("POST", uri).set_json(body)).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| error["field"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn every_field_of_a_message_is_checked() {
    let bad = json!({"to": "12", "from": "", "body": "a\u{0}", "campaign": "a/b",
        "gateway": "A", "client_reference": ""});
    let (status, problem) = post("/v1/messages", &bad).await;
    assert_eq!(status, 422);
    let all = [
        "to",
        "from",
        "body",
        "campaign",
        "gateway",
        "client_reference",
    ];
    assert_eq!(fields(&problem), all);
    let (status, problem) = post("/v1/messages", &json!({"too": "12"})).await;
    assert_eq!((status, fields(&problem)), (422, vec!["too"]));
}

#[actix_web::test]
async fn a_batch_is_bounded() {
    let (status, problem) = post("/v1/messages/batch", &json!({"messages": []})).await;
    assert_eq!((status, fields(&problem)), (422, vec!["messages"]));
    let flood = json!({ "messages": vec![0; 10_001] });
    assert_eq!(post("/v1/messages/batch", &flood).await.0, 413);
    let (status, results) = post("/v1/messages/batch", &json!({"messages": [{}, 5]})).await;
    assert_eq!(status, 200);
    assert_eq!(results["results"][0]["errors"][0]["field"], "to");
    assert_eq!(results["results"][1]["status"], "invalid");
}

#[actix_web::test]
async fn our_own_api_refuses_unknown_fields_of_receipts() {
    let item = json!({"gateway": "g", "gateway_message_id": "1", "status": "sent", "x": 1});
    let (status, problem) = post("/v1/receipts", &item).await;
    assert_eq!((status, fields(&problem)), (422, vec!["x"]));
    let (status, problem) = post("/v1/inbound", &json!({"from": "1", "to": "2", "body": ""})).await;
    assert_eq!((status, fields(&problem)), (422, vec!["gateway"]));
}

#[actix_web::test]
async fn roles_are_held_to() {
    let reader = |method: &str, uri: &str| {
        request(method, uri).insert_header((header::AUTHORIZATION, "Bearer reader"))
    };
    let (status, body) = call(reader("GET", "/v1/opt-outs")).await;
    assert_eq!(status, 403);
    assert!(body.contains("role campaign"), "{body}");
    assert_eq!(call(reader("POST", "/v1/receipts")).await.0, 403);
    assert_eq!(call(reader("GET", "/v1/reports/errors")).await.0, 422);
}

#[actix_web::test]
async fn webhooks_are_held_to_their_gateway() {
    let status_of = async |uri: &str| call(TestRequest::with_uri(uri)).await.0;
    let kannel = "/v1/gateways/kannel/receipts";
    assert_eq!(status_of("/v1/gateways/other/receipts?status=8").await, 404);
    assert_eq!(status_of(&format!("{kannel}?status=8&fid=1")).await, 401);
    assert_eq!(
        status_of(&format!("{kannel}?secret=s3cret&status=x")).await,
        422
    );
}

#[actix_web::test]
async fn guesses_at_codes_never_reach_the_ledger() {
    for guess in ["/!", "/favicon.ico", "/%00", "/%FF", "/aaaaaaaaaa"] {
        let (status, body) = call(TestRequest::with_uri(guess)).await;
        assert_eq!(status, 404, "{guess}");
        assert!(body.starts_with("<!doctype html>"), "{guess}");
    }
}

#[actix_web::test]
async fn the_docs_come_from_within() {
    let (status, page) = call(TestRequest::with_uri("/docs/")).await;
    assert_eq!(status, 200);
    let (_, script) = call(TestRequest::with_uri("/docs/swagger-initializer.js")).await;
    assert!(script.contains("/openapi.json"));
    for text in [&page, &script] {
        assert!(!text.contains("https://"), "{text}");
    }
    let (status, problem) = call(TestRequest::with_uri("/docs/nothing")).await;
    assert_eq!(status, 404);
    assert!(problem.contains("/problems/not-found"));
}
