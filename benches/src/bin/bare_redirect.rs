//! The limit that redirects are measured against: a handler that answers 302 and does nothing else,
//! on the server that textrail uses, with the headers that textrail sends.

use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8089".to_owned());
    HttpServer::new(|| App::new().route("/{code}", web::get().to(redirect)))
        .bind(address)?
        .run()
        .await
}

async fn redirect(code: web::Path<String>) -> HttpResponse {
    HttpResponse::build(StatusCode::FOUND)
        .insert_header((header::LOCATION, format!("https://shop.example/{code}")))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .finish()
}
