//! Pictures as an answer.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::mail::contacts::Photo;
use crate::web::headers::DOWNLOAD_POLICY;

/// A picture, which no page runs anything of.
pub(super) fn shown(Photo { media, octets, .. }: Photo) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
    ];
    (headers, octets).into_response()
}
