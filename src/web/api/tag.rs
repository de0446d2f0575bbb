//! Versions of what is changed: the answer has one as its ETag, and a change names it in `If-Match`.

use std::fmt::Display;

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::web::error::Problem;

/// An answer with its version.
pub(super) fn tagged(status: StatusCode, version: impl Display, body: impl Serialize) -> Response {
    let tag = HeaderValue::try_from(format!("\"{version}\""));
    let tag = tag.expect("a number or letters in quotation marks");
    (status, [(ETAG, tag)], axum::Json(body)).into_response()
}

/// What stands in `If-Match` (RFC 9110 §13.1.1): one tag, in quotes.
pub(super) fn tag(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(IF_MATCH).and_then(|value| value.to_str().ok());
    let tag = value.and_then(|value| value.trim().strip_prefix('"')?.strip_suffix('"'));
    tag.ok_or_else(wrong)
}

/// The version that a change is made over.
pub(super) fn version(headers: &HeaderMap) -> Result<u32, Problem> {
    tag(headers)?.parse().map_err(|_| wrong())
}

fn wrong() -> Problem {
    Problem::invalid("If-Match must be the ETag of what is changed.")
}
