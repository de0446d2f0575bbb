//! The list of routes, and the OpenAPI document that is generated from it.

use std::sync::OnceLock;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, http};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{
    appearance, change, credential, draft, event, filter, label, mailbox, manage, message, passkey,
    preference, search, session, submission, temporary,
};
use super::error::Problem;
use super::state::Web;
use super::{assets, download, headers, view};

/// Returns the complete application.
pub fn app(web: Web) -> Router {
    let (routes, _) = documented().split_for_parts();
    routes
        .route("/api/openapi.json", get(document))
        .fallback(page)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(note))
        .layer(middleware::map_response(headers::complete))
        .with_state(web)
}

/// Returns the OpenAPI 3.1 document.
pub fn openapi() -> OpenApi {
    documented().split_for_parts().1
}

fn documented() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(head())
        .routes(routes!(session::open, session::current, session::close))
        .routes(routes!(session::list, session::close_all))
        .routes(routes!(session::close_one))
        .routes(routes!(session::confirm))
        .routes(routes!(manage::users::list, manage::users::create))
        .routes(routes!(manage::users::change))
        .routes(routes!(manage::temporary::list))
        .routes(routes!(manage::temporary::act))
        .routes(routes!(manage::queue::list))
        .routes(routes!(manage::queue::act))
        .routes(routes!(manage::site::read, manage::site::set))
        .routes(routes!(manage::site::logo_set, manage::site::logo_drop))
        .routes(routes!(manage::log::read))
        .routes(routes!(manage::diagnostics::read))
        .routes(routes!(manage::site::brand))
        .routes(routes!(manage::site::logo))
        .routes(routes!(credential::change))
        .routes(routes!(credential::recovery_key))
        .routes(routes!(credential::recover))
        .routes(routes!(credential::list))
        .routes(routes!(credential::remove))
        .routes(routes!(credential::app_password))
        .routes(routes!(credential::totp_start, credential::totp_on))
        .routes(routes!(credential::totp_off))
        .routes(routes!(passkey::create_options))
        .routes(routes!(passkey::keep))
        .routes(routes!(passkey::request_options))
        .routes(routes!(passkey::open))
        .routes(routes!(mailbox::list, mailbox::create))
        .routes(routes!(mailbox::rename, mailbox::delete))
        .routes(routes!(message::list))
        .routes(routes!(message::change_many))
        .routes(routes!(message::marks))
        .routes(routes!(message::items))
        .routes(routes!(message::import))
        .routes(routes!(message::conversation))
        .routes(routes!(download::source))
        .routes(routes!(message::read, message::change, message::delete))
        .routes(routes!(message::item))
        .routes(routes!(message::open))
        .routes(routes!(message::reject))
        .routes(routes!(message::ticket))
        .routes(routes!(filter::list, filter::set))
        .routes(routes!(filter::people))
        .routes(routes!(label::list, label::set))
        .routes(routes!(appearance::read, appearance::set))
        .routes(routes!(search::search))
        .routes(routes!(search::index))
        .routes(routes!(draft::list, draft::create))
        .routes(routes!(draft::read, draft::save, draft::delete))
        .routes(routes!(draft::from))
        .routes(routes!(draft::upload_begin))
        .routes(routes!(draft::upload, draft::upload_delete))
        .routes(routes!(draft::upload_append))
        .routes(routes!(submission::check))
        .routes(routes!(submission::send))
        .routes(routes!(submission::read))
        .routes(routes!(submission::undo))
        .routes(routes!(preference::read, preference::change))
        .routes(routes!(temporary::list))
        .routes(routes!(temporary::renew))
        .routes(routes!(temporary::resend))
        .routes(routes!(temporary::revoke))
        .routes(routes!(temporary::pickup))
        .routes(routes!(temporary::ask))
        .routes(routes!(temporary::verify))
        .routes(routes!(temporary::delete_account))
        .routes(routes!(change::since))
        .routes(routes!(event::stream))
        .routes(routes!(download::download))
        .routes(routes!(view::frame))
        .routes(routes!(view::image))
        .routes(routes!(view::remote))
}

fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Postern")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let header = ApiKeyValue::with_description(
        "Authorization",
        "`DPoP <token>`, with a fresh proof in the `DPoP` header (RFC 9449, ES256) whose `ath` \
         is the hash of the token.",
    );
    let mut components = Components::new();
    components.add_security_scheme("dpop", SecurityScheme::ApiKey(ApiKey::Header(header)));
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("dpop", [] as [&str; 0])]))
        .build()
}

const DESCRIPTION: &str = "Mail, for browsers and scripts. Times are RFC 3339 in UTC. Errors are \
    `application/problem+json`. Reference numbers are accepted in either case, with or without \
    dashes; one that is unknown, rejected or belongs to another account is not found. No cookies \
    are used.";

/// Serves the document, which never changes while the process runs.
async fn document() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi().to_json().unwrap_or_default());
    ([(CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}

/// Handles paths without a route: serves a page of the UI, or responds with 404.
async fn page(request: Request) -> Response {
    let path = request.uri().path();
    let is_elsewhere = ["/api", "/dl", "/m"].iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if is_elsewhere {
        return Problem::not_found().into_response();
    }
    if request.method() != http::Method::GET && request.method() != http::Method::HEAD {
        return wrong_method().await.into_response();
    }
    assets::answer(path, request.headers())
}

async fn wrong_method() -> Problem {
    let detail = "This method is not allowed here.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail)
}

/// Logs for developers which route responded with which status. The path itself is left out,
/// because it can contain a ticket.
async fn note(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("page", MatchedPath::as_str);
    tracing::debug!(http.method = %method, http.route = route,
        http.status = response.status().as_u16(), "answered");
    response
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Set this variable to rewrite `docs/openapi.json` instead of comparing it:
    /// `WRITE_OPENAPI=1 cargo test --lib openapi`
    const WRITE: &str = "WRITE_OPENAPI";

    #[test]
    fn the_openapi_document_is_the_committed_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        let made = openapi().to_pretty_json().unwrap() + "\n";
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == made,
            "docs/openapi.json is out of date; {WRITE}=1 cargo test --lib openapi rewrites it"
        );
    }

    #[test]
    fn every_answer_in_the_document_says_what_it_is() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 14, "{:?}", paths.keys());
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                assert!(operation["operationId"].is_string(), "{name}");
                assert!(operation["summary"].is_string(), "{name}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.contains_key("default"), "{name}");
                for (status, response) in responses {
                    let description = response["description"].as_str().unwrap_or_default();
                    assert!(!description.is_empty(), "{name} {status}");
                }
            }
        }
    }
}
