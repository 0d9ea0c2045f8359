//! The OpenAPI document, built from the routes that are registered, so that it has no route too
//! many and none too few; and what follows from it: which methods a path takes.

use super::routes::RouteSet;
use crate::gateways::neutral::ITEM_LIMIT;
use actix_web::App;
use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi as _};
use utoipa_actix_web::AppExt;

/// The document's frame.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "textrail",
        description = "The transactional backend of an SMS marketing platform: sends, delivery \
            receipts, clicks, replies and opt-outs, and the reports on them.\n\n\
            Times are RFC 3339. Errors are problem documents (RFC 9457). Every call may answer 400 \
            (cannot be read), 401 (no valid key), 403 (the key lacks the role), 404, 405, 413, 415 \
            and 503 (with `Retry-After`). Unknown fields are refused."
    ),
    modifiers(&Bearer)
)]
struct Frame;

/// API keys as bearer tokens.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key, made by `textrail key create`. Its roles are campaign, gateway, report, admin.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// An operation id is unique in a document; two methods of one handler share theirs.
struct UniqueOperations;

impl Modify for UniqueOperations {
    fn modify(&self, document: &mut OpenApi) {
        for item in document.paths.paths.values_mut() {
            let second = if item.head.is_some() {
                &mut item.head
            } else {
                &mut item.post
            };
            let first = item
                .get
                .as_ref()
                .and_then(|operation| operation.operation_id.clone());
            if let Some(second) = second
                && second.operation_id == first
            {
                second.operation_id = first.map(|id| format!("{id}_again"));
            }
        }
    }
}

/// Arrays of items are bounded: what a macro cannot say of an enum's variant.
struct BoundedItems;

impl Modify for BoundedItems {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, schema) in &mut components.schemas {
            let RefOr::T(Schema::OneOf(choice)) = schema else {
                continue;
            };
            if !name.starts_with("OneOrMany") {
                continue;
            }
            for item in &mut choice.items {
                if let RefOr::T(Schema::Array(array)) = item {
                    array.min_items = Some(1);
                    array.max_items = Some(ITEM_LIMIT);
                }
            }
        }
    }
}

/// The answers that every call of a kind has: with a key, with a body.
struct CommonAnswers;

impl Modify for CommonAnswers {
    fn modify(&self, document: &mut OpenApi) {
        for item in document.paths.paths.values_mut() {
            let all = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.delete,
            ];
            for operation in all.into_iter().flatten() {
                add_common_answers(operation);
            }
        }
    }
}

fn add_common_answers(operation: &mut Operation) {
    let keyed = operation.security.is_some();
    let with_body = operation.request_body.is_some();
    let common = [
        ("400", with_body, "The body cannot be read"),
        (
            "401",
            keyed,
            "No key, or not one of ours; see `WWW-Authenticate`",
        ),
        ("403", keyed, "The key lacks the role"),
        ("408", with_body, "The body took over 60 seconds"),
        ("413", with_body, "The body is too large"),
        (
            "415",
            with_body,
            "The body is said to be something else than JSON, or is compressed",
        ),
    ];
    let problem = || {
        let schema = Ref::from_schema_name("Problem");
        ContentBuilder::new().schema(Some(schema)).build()
    };
    for (status, applies, description) in common {
        if applies && !operation.responses.responses.contains_key(status) {
            let response = ResponseBuilder::new()
                .description(description)
                .content(super::problem::MEDIA_TYPE, problem())
                .build();
            operation
                .responses
                .responses
                .insert(status.to_owned(), response.into());
        }
    }
}

/// The document of a set of routes.
pub(super) fn document(set: RouteSet) -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Frame::openapi())
        .configure(|config| set.register(config))
        .split_for_parts();
    UniqueOperations.modify(&mut document);
    BoundedItems.modify(&mut document);
    CommonAnswers.modify(&mut document);
    document
}

/// Which methods each path takes: what a 405 tells.
pub(super) struct Methods(Vec<(ResourceDef, Vec<Method>)>);

impl Methods {
    /// The methods of a set of routes.
    pub(super) fn new(set: RouteSet) -> Self {
        let paths = document(set).paths.paths;
        let entry = |(path, item): (String, PathItem)| (ResourceDef::new(path), methods(&item));
        Self(paths.into_iter().map(entry).collect())
    }

    /// The methods that a path takes, of the first pattern without parameters that fits, or else
    /// of the first that fits.
    pub(super) fn of(&self, path: &str) -> Option<&[Method]> {
        let fits = |entry: &&(ResourceDef, Vec<Method>)| entry.0.is_match(path);
        let plain = self
            .0
            .iter()
            .filter(fits)
            .find(|entry| entry.0.pattern() == Some(path));
        plain
            .or_else(|| self.0.iter().find(fits))
            .map(|entry| entry.1.as_slice())
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    let all = [
        (Method::GET, item.get.is_some()),
        (Method::HEAD, item.head.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::DELETE, item.delete.is_some()),
    ];
    all.into_iter()
        .filter(|(_, taken)| *taken)
        .map(|(method, _)| method)
        .collect()
}

#[cfg(test)]
mod tests;
