//! The browser UI, embedded by `build.rs`. A path that names a file returns that file; any other
//! page returns `index.html`, and the UI's own router does the rest. A page that does not exist
//! returns it as well, but with 404, so that no program takes it for an answer.
//!
//! Files under `assets/` have their hash in their name and never change; `index.html` is
//! revalidated each time, with a 304 response while it is unchanged.

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::Problem;
use super::headers::{APP_POLICY, CHAT_PERMISSIONS, PERMISSIONS_POLICY};

/// A file of the UI.
struct Asset {
    /// The path without a leading slash.
    path: &'static str,
    mime: &'static str,
    /// The file's hash, in quotes.
    etag: &'static str,
    /// Whether the name contains the hash.
    immutable: bool,
    plain: &'static [u8],
    /// The compressed file, if it is smaller.
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const WITHOUT_UI: &str =
    "This Postern was built without its browser interface; the API is at /api/openapi.json.\n";
const INDEX: &str = "index.html";
/// The page that records voice. A document that was loaded as another page may not, also when its script
/// shows this one: it offers to load it again. One that was loaded as this page may until it is loaded again.
const CHAT: &str = "chat";
/// The first parts of the addresses that the UI's own router knows.
const PAGES: [&str; 16] = [
    "",
    "mail",
    "search",
    "groups",
    "boards",
    "contacts",
    "chat",
    "calendar",
    "colleagues",
    "sessions",
    "settings",
    "about",
    "manage",
    "account",
    "pickup",
    "verify",
];

/// Answers a GET request for a path without a route.
pub fn answer(path: &str, request: &HeaderMap) -> Response {
    if ASSETS.is_empty() {
        return WITHOUT_UI.into_response();
    }
    let name = path.trim_start_matches('/');
    let last = name.rsplit('/').next().unwrap_or_default();
    let wanted = if last.contains('.') { name } else { INDEX };
    let mut response = match ASSETS.iter().find(|asset| asset.path == wanted) {
        Some(asset) => file(asset, request),
        None => return Problem::not_found().into_response(),
    };
    let first = name.split('/').next().unwrap_or_default();
    if name != INDEX
        && wanted == INDEX
        && !PAGES.contains(&first)
        && response.status() == StatusCode::OK
    {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    if wanted == INDEX && first == CHAT {
        response.headers_mut().insert(PERMISSIONS_POLICY, CHAT_PERMISSIONS);
    }
    response
}

fn file(asset: &Asset, request: &HeaderMap) -> Response {
    let cached = match asset.immutable {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut response = match lists(request, &IF_NONE_MATCH, asset.etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => whole(asset, request),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cached));
    headers.insert(CONTENT_SECURITY_POLICY, APP_POLICY);
    headers.insert(ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn whole(asset: &Asset, request: &HeaderMap) -> Response {
    let packed = asset.brotli.filter(|_| lists(request, &ACCEPT_ENCODING, "br"));
    let mut response = packed.unwrap_or(asset.plain).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.mime));
    if packed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// Whether a list-valued header contains `wanted`. The entity tags are weak, so that both
/// encodings of a file can share one (RFC 9110 §8.8.3.3).
fn lists(request: &HeaderMap, header: &axum::http::HeaderName, wanted: &str) -> bool {
    let values = request.get_all(header).iter().filter_map(|value| value.to_str().ok());
    let mut names = values.flat_map(|value| value.split(','));
    names.any(|name| {
        let mut parts = name.split(';').map(str::trim);
        let named = parts.next() == Some(wanted);
        named && !parts.any(|quality| matches!(quality, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: axum::http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    const ASSET: Asset = Asset {
        path: "assets/a-1234.js",
        mime: "text/javascript; charset=utf-8",
        etag: "W/\"1\"",
        immutable: true,
        plain: b"plain",
        brotli: Some(b"packed"),
    };

    #[test]
    fn a_browser_that_has_the_file_does_not_get_it_again() {
        for (tags, status) in [("W/\"1\"", 304), ("W/\"0\", W/\"1\"", 304), ("W/\"2\"", 200)] {
            let response = file(&ASSET, &headers(IF_NONE_MATCH, tags));
            assert_eq!(response.status().as_u16(), status, "{tags}");
            assert_eq!(response.headers()[ETAG], ASSET.etag);
            assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
        }
    }

    #[test]
    fn brotli_is_for_clients_that_accept_it() {
        let table = [("gzip, br", true), ("br;q=1.0", true), ("gzip", false), ("br;q=0", false)];
        for (accepted, packed) in table {
            let response = file(&ASSET, &headers(ACCEPT_ENCODING, accepted));
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), packed, "{accepted}");
        }
    }

    #[cfg(feature = "ui")]
    #[test]
    fn the_page_of_chat_alone_may_use_the_microphone() {
        for (path, allowed) in [
            ("/chat", true),
            ("/chat/01KAN-5Q7DC-8E2XV-M9T4H", true),
            ("/", false),
            ("/mail/inbox", false),
            ("/index.html", false),
            ("/mail/chat", false),
            ("/chats", false),
        ] {
            let response = answer(path, &HeaderMap::new());
            let said = response.headers().get(PERMISSIONS_POLICY);
            assert_eq!(said == Some(&CHAT_PERMISSIONS), allowed, "{path}: {said:?}");
        }
    }

    #[cfg(feature = "ui")]
    #[test]
    fn every_page_is_the_index_and_a_missing_file_is_missing() {
        for path in ["/", "/mail/inbox", "/mail/inbox/01KAN-5Q7DC-8E2XV-M9T4H"] {
            let response = answer(path, &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        }
        for path in ["/.well-known/jmap", "/nowhere", "/mailbox", "/metrics"] {
            let response = answer(path, &HeaderMap::new());
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        }
        for path in ["/assets/nothing.js", "/index.htm", "/../Cargo.toml"] {
            assert_eq!(answer(path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
        let hashed = ASSETS.iter().filter(|asset| asset.immutable);
        assert!(hashed.count() >= 2);
    }

    /// Otherwise a page that people can open would have the status of one that does not exist.
    #[test]
    fn every_page_that_the_ui_knows_is_in_the_list() {
        let router = include_str!("../../ui/src/lib/router.ts");
        let parse = router.split_once("export function parse").unwrap().1;
        let parse = parse.split_once("\n}\n").unwrap().0;
        let known = parse.split("first === \"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let mut known: Vec<&str> = known.chain([""]).collect();
        known.sort_unstable();
        let mut listed = PAGES.to_vec();
        listed.sort_unstable();
        assert_eq!(known, listed);
    }

    #[cfg(not(feature = "ui"))]
    #[test]
    fn without_the_ui_a_sentence_says_so() {
        assert_eq!(answer("/", &HeaderMap::new()).status(), StatusCode::OK);
    }
}
