//! The list of routes, from which the OpenAPI document is generated as well.

use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, on};
use axum::{Extension, Router, http};
use utoipa_axum::PathItemExt;

use super::api::{
    appearance, attached, board, browser, change, contact, contact_book, contact_file,
    contact_request, contact_share, conversation, credential, directory, draft, event, filter,
    group, group_member, group_voucher, label, link, mailbox, manage, message, passkey, post,
    preference, profile, role, search, session, submission, temporary, vouching,
};
use super::api::{meeting, schedule};
use super::api::{room, room_file, room_find, room_line, room_request};
use super::error::Problem;
use super::sent::Accounted;
use super::site_name;
use super::state::Web;
use super::{assets, download, headers, view};

/// Returns the complete application.
pub fn app(web: Web) -> Router {
    served()
        .route("/api/openapi.json", get(document))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .fallback(page)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(web.shared.names.clone(), site_name::checked))
        .layer(middleware::from_fn(note))
        .layer(middleware::map_response(headers::complete))
        .with_state(web)
}

/// Makes two things of one list, so that they cannot differ: what is served, and, for the test that
/// writes the document, what describes it. Describing takes memory that would stay with the daemon.
macro_rules! route_list {
    ($($($part:ident)::+),+ $(,)?) => {
        fn served() -> Router<Web> {
            let router = Router::new();
            $(let router = route::<described_by!([] $($part)::+), _, _>(router, $($part)::+);)+
            router
        }

        #[cfg(test)]
        pub fn describe(head: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
            utoipa_axum::router::OpenApiRouter::<Web>::with_openapi(head)
                $(.routes(utoipa_axum::routes!($($part)::+)))+
                .into_openapi()
        }
    };
}

/// The type that `#[utoipa::path]` makes beside a handler: it knows the handler's path and methods.
macro_rules! described_by {
    ([$($before:tt)*] $last:ident) => { utoipa_axum::paste! { $($before)* [<__path_ $last>] } };
    ([$($before:tt)*] $part:ident :: $($rest:tt)+) => {
        described_by!([$($before)* $part ::] $($rest)+)
    };
}

route_list! {
    session::open, session::current, session::close,
    session::list, session::close_all,
    session::close_one,
    session::confirm,
    browser::list,
    browser::forget,
    manage::users::list, manage::users::create,
    manage::users::change,
    manage::removal::remove, manage::removal::sign_out, manage::removal::totp_reset,
    manage::removal::address_add, manage::removal::address_remove,
    manage::temporary::list,
    manage::temporary::act,
    manage::boards::list, manage::boards::delete, manage::boards::manager,
    manage::queue::list,
    manage::queue::act,
    manage::site::read, manage::site::set,
    manage::site::logo_set, manage::site::logo_drop,
    manage::log::read,
    manage::diagnostics::read,
    manage::site::brand,
    manage::site::logo,
    credential::change,
    credential::recovery_key,
    credential::recover,
    credential::list,
    credential::remove,
    credential::app_password,
    credential::totp_start, credential::totp_on,
    credential::totp_off,
    passkey::create_options,
    passkey::keep,
    passkey::request_options,
    passkey::open,
    mailbox::list, mailbox::create,
    mailbox::rename, mailbox::delete,
    message::list,
    message::change_many,
    message::marks,
    message::items,
    message::beginnings,
    message::import,
    message::conversation,
    conversation::list,
    conversation::row,
    download::source,
    message::read, message::change, message::delete,
    message::item,
    message::open,
    attached::read,
    message::reject,
    link::ticket,
    filter::list, filter::set,
    filter::people,
    directory::find,
    group::list, group::create,
    group::tend,
    group::badges,
    group::read, group::change, group::delete,
    group::keys_accept,
    group_member::add,
    group_member::remove, group_member::change,
    group_voucher::ask, group_voucher::agree, group_voucher::end,
    role::list, role::create,
    role::end,
    label::list, label::set,
    appearance::read, appearance::set,
    search::search,
    search::index,
    draft::list, draft::create,
    draft::read, draft::save, draft::delete,
    draft::from,
    draft::upload_begin,
    draft::upload, draft::upload_delete,
    draft::upload_append,
    draft::upload_image,
    submission::awaited,
    submission::check,
    submission::send,
    submission::read,
    submission::undo,
    preference::read, preference::change,
    temporary::list,
    temporary::renew,
    temporary::resend,
    temporary::revoke,
    temporary::start_again,
    temporary::pickup,
    temporary::ask,
    temporary::access,
    temporary::verify,
    temporary::delete_account,
    temporary::choose_passphrase,
    change::since,
    event::stream,
    download::download,
    vouching::read,
    vouching::signing, vouching::set,
    vouching::register,
    vouching::ask,
    vouching::request_end,
    vouching::attest,
    vouching::revoke,
    vouching::find,
    vouching::colleague,
    vouching::accept_key,
    view::frame,
    view::image,
    view::remote,
    contact::list, contact::create,
    contact::read, contact::change, contact::delete,
    contact::restore,
    contact::duplicates,
    contact::merge,
    contact::lookup,
    contact::photo, contact::photo_set, contact::photo_drop,
    contact_file::import,
    contact_file::export,
    contact_request::list, contact_request::create,
    contact_request::answer,
    contact_share::sharing, contact_share::share,
    contact_share::adders, contact_share::adders_set,
    contact_book::read, contact_book::share,
    contact_share::list,
    contact_share::add,
    contact_share::read, contact_share::change,
    contact_share::edits,
    contact_share::edit_answer,
    schedule::list,
    schedule::add,
    schedule::read, schedule::change, schedule::delete,
    schedule::restore,
    meeting::waiting,
    meeting::ask,
    meeting::read, meeting::change, meeting::cancel,
    meeting::answer,
    profile::read, profile::set,
    profile::picture, profile::picture_set, profile::picture_drop,
    profile::preview,
    profile::list,
    profile::at,
    profile::person,
    profile::person_picture,
    board::list, board::create,
    board::read, board::change, board::delete,
    board::keys_accept,
    board::mark,
    board::topics,
    post::create,
    post::find,
    post::read, post::change, post::delete,
    post::versions,
    post::ticket,
    post::react, post::react_end,
    post::attend,
    post::mark,
    post::topic, post::topic_change, post::topic_delete,
    room::list, room::create,
    room::with,
    room_find::find,
    room_request::ask,
    room_request::ask_end,
    room::read, room::change, room::end,
    room::leave,
    room::own,
    room::keys_accept,
    room::members,
    room::member_change, room::member_remove,
    room_request::list,
    room_request::answer,
    room_line::list, room_line::say,
    room_line::read, room_line::change, room_line::delete,
    room_line::react, room_line::react_end,
    room_line::set_read,
    room_line::typing,
    room_file::fetch,
}

/// Adds a handler under the path and the methods of its description.
fn route<D, H, T>(router: Router<Web>, handler: H) -> Router<Web>
where
    D: utoipa::Path,
    H: Handler<T, Web>,
    T: 'static,
{
    D::methods().iter().fold(router, |router, method| {
        router.route(&D::path(), on(method.to_method_filter(), handler.clone()))
    })
}

/// Serves the OpenAPI 3.1 document. It is the committed one, which a test compares with what the
/// routes say, so that it need not be made here.
async fn document() -> Response {
    (Extension(Accounted), [(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

pub const DOCUMENT: &str = include_str!("../../docs/openapi.json");

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
    let mut response = assets::answer(path, request.headers());
    // The files are a part of the program.
    response.extensions_mut().insert(Accounted);
    response
}

/// Says whether mail can be accepted, for programs that watch over the service; why it cannot is for
/// administrators only.
async fn ready(State(web): State<Web>) -> Response {
    match web.is_ready().await {
        true => "ready\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
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
