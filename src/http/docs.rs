//! `/openapi.json`, and `/docs`: Swagger UI from within the binary, so that it works offline.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The OpenAPI document of all routes, encoded once.
#[derive(Debug)]
pub(super) struct OpenApiText(pub(super) String);

/// This document.
#[utoipa::path(
    tag = "operations",
    operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
#[get("/openapi.json")]
pub(super) async fn openapi_json(document: web::Data<OpenApiText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.0.clone())
}

/// A page to read this document on, and to try calls.
#[utoipa::path(
    tag = "operations",
    operation_id = "docs",
    responses((status = 308, description = "To the page, `/docs/`"))
)]
#[get("/docs")]
pub(super) async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

/// The page's files. No validator badge: it would ask a server elsewhere.
pub(super) fn pages(config: &mut web::ServiceConfig) -> &mut web::ServiceConfig {
    let page = Config::new(["/openapi.json"])
        .validator_url("none")
        .persist_authorization(true);
    config.service(SwaggerUi::new("/docs/{_:.*}").config(page))
}
