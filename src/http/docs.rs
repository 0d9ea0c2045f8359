//! `/openapi.json`, and `/docs`: Swagger UI from within the binary, so that it works offline.

use super::problem::ApiError;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

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

/// The page's files: a pattern over several segments, which OpenAPI cannot tell of.
pub(super) fn files(config: &mut web::ServiceConfig) -> &mut web::ServiceConfig {
    config.route("/docs/{file:.*}", web::get().to(file))
}

async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    // No validator badge: it would ask a server elsewhere.
    let page = Config::new(["/openapi.json"])
        .validator_url("none")
        .persist_authorization(true);
    let found = utoipa_swagger_ui::serve(&name, Arc::new(page))
        .map_err(|error| ApiError::internal(anyhow::anyhow!("{error}")))?;
    let file = found.ok_or_else(|| ApiError::not_found("file", "file"))?;
    let mut response = HttpResponse::Ok();
    if file.gzpipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(response
        .content_type(file.content_type)
        .body(file.bytes.into_owned()))
}
