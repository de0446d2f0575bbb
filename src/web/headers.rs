//! The headers that every response carries, and the content security policies.
//!
//! All of these were tried in real browsers; the UI's tests contain the same lists.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;

/// The policy of the browser UI: its own files only, no inline script or style, and no HTML made
/// from strings.
pub const APP_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     font-src 'self'; media-src 'self' blob:; connect-src 'self'; frame-src 'self'; \
     worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html ProseMirrorClipboard",
);

/// The policy of HTML mail: styles and images from this server, nothing else, in a sandbox without
/// scripts. `allow-same-origin` lets our page measure the frame; without scripts it permits
/// nothing more.
pub const MAIL_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
);

/// The policy of downloads: even if a browser displayed one, it could do nothing.
pub const DOWNLOAD_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// The policy of everything else, which is never a page.
const API_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What a document may use of the computer that it is shown on: nothing.
const NO_PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=()");

/// The same of the page of chat, where voice is recorded.
pub const CHAT_PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=(self)");

pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The headers that every response carries.
const ALL: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // One year; without subdomains, because others may run those.
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
];

/// Adds the common headers to a response; a policy that it does not set itself is the strictest.
pub async fn complete(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in ALL {
        headers.insert(name, value);
    }
    headers.entry(PERMISSIONS_POLICY).or_insert(NO_PERMISSIONS);
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(API_POLICY);
    headers.entry(CACHE_CONTROL).or_insert(NO_STORE);
    response
}
