//! Extracting a request's body, query and path, within limits and with clear errors.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde::de::DeserializeOwned;

use crate::gateway::upload::CHUNK_OCTETS_MAX;
use crate::mail::reference::Reference;
use crate::net::shares::Held;

use super::asker::{Asker, Holder};
use super::error::Problem;
use super::state::Web;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Json<T>, Problem> {
        if !is_json(&request) {
            return Err(not_json());
        }
        read_json(request, web, web.shared.config.body_octets_max).await.map(Json)
    }
}

impl<T: DeserializeOwned> axum::extract::OptionalFromRequest<Web> for Json<T> {
    type Rejection = Problem;

    /// Returns `None` when the request states no content type, and so has no body.
    async fn from_request(request: Request, web: &Web) -> Result<Option<Json<T>>, Problem> {
        match request.headers().get(CONTENT_TYPE) {
            None => Ok(None),
            Some(_) => <Json<T> as FromRequest<Web>>::from_request(request, web).await.map(Some),
        }
    }
}

/// A JSON body that contains a message, and so may be larger.
pub struct MessageJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for MessageJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<MessageJson<T>, Problem> {
        if !is_json(&request) {
            return Err(not_json());
        }
        read_json(request, web, web.shared.config.message_octets_max).await.map(MessageJson)
    }
}

/// A whole message.
pub struct MessageOctets(pub Bytes);

impl FromRequest<Web> for MessageOctets {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<MessageOctets, Problem> {
        octets(request, web, web.shared.config.import_octets_max).await.map(MessageOctets)
    }
}

/// A piece of a file, as octets.
pub struct Octets(pub Bytes);

impl FromRequest<Web> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Octets, Problem> {
        octets(request, web, CHUNK_OCTETS_MAX).await.map(Octets)
    }
}

async fn octets(request: Request, web: &Web, octets_max: usize) -> Result<Bytes, Problem> {
    let value = request.headers().get(CONTENT_TYPE);
    // As with JSON, a form on another site's page cannot send this type.
    if value.is_none_or(|value| value != "application/octet-stream") {
        let detail = "The body must be application/octet-stream.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-octets", detail));
    }
    let (octets, held) = read(request, web, octets_max).await?;
    Ok(Bytes::from_owner(Counted { octets, _held: held }))
}

/// A body, and what it takes of the budget.
struct Counted {
    octets: Vec<u8>,
    _held: Held<Holder>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

async fn read_json<T: DeserializeOwned>(
    request: Request,
    web: &Web,
    octets_max: usize,
) -> Result<T, Problem> {
    let asker = request.extensions().get::<Asker>().cloned();
    let (octets, held) = read(request, web, octets_max).await?;
    let value = parsed(&octets)?;
    // What was parsed takes about as much as the octets did.
    if let Some(asker) = asker {
        asker.keep(held);
    }
    Ok(value)
}

/// Every body is an object. The parser would take an array of the fields' values in the place of one,
/// and what is not in the array as not being there.
fn parsed<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Problem> {
    if octets.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid("The body must be a JSON object."));
    }
    serde_json::from_slice(octets)
        .map_err(|error| Problem::invalid(format!("The body is not valid: {error}.")))
}

fn not_json() -> Problem {
    let detail = "The body must be application/json.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail)
}

/// Whether the body is declared as JSON. A form on another site's page cannot send this type, so
/// no such page can make requests on a user's behalf.
fn is_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    media.trim().eq_ignore_ascii_case("application/json")
}

/// The largest body of a client that is not signed in, in octets.
const STRANGER_OCTETS_MAX: usize = 8 << 10;

/// Reads a body. That of an account takes its length of the budget before it is read: as it is
/// declared, or else as long as it may be. A client that is not signed in gets room for what has
/// arrived only, so that to take room costs sending.
async fn read(
    request: Request,
    web: &Web,
    octets_max: usize,
) -> Result<(Vec<u8>, Held<Holder>), Problem> {
    let asker = request.extensions().get::<Asker>();
    let holder = asker.ok_or_else(|| Problem::broken(&"no asker"))?.holder();
    let declared = request.body().size_hint().exact();
    let declared = declared.map(|octets| usize::try_from(octets).unwrap_or(usize::MAX));
    let (octets_max, ahead) = match holder {
        Holder::Account(_) => (octets_max, declared.unwrap_or(octets_max)),
        Holder::Network(_) => (octets_max.min(STRANGER_OCTETS_MAX), 0),
    };
    if declared.is_some_and(|octets| octets > octets_max) {
        return Err(too_large(octets_max));
    }
    let mut held = web.shared.memory.wait(&holder, ahead).await?;
    let limit = Duration::from_secs(web.shared.config.body_timeout_secs);
    let body = collected(request, ahead.min(declared.unwrap_or_default()), octets_max, &mut held);
    let octets = tokio::time::timeout(limit, body).await.unwrap_or_else(|_| {
        let detail = "The body took too long to arrive.";
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail))
    });
    Ok((octets?, held))
}

async fn collected(
    request: Request,
    expected: usize,
    octets_max: usize,
    held: &mut Held<Holder>,
) -> Result<Vec<u8>, Problem> {
    let mut octets = Vec::with_capacity(expected);
    let mut body = Limited::new(request.into_body(), octets_max);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                octets.extend_from_slice(frame.data_ref().map_or(&[], Bytes::as_ref));
                let busy = |_| Problem::from(crate::gateway::Error::Busy);
                held.grow_to(octets.len()).map_err(busy)?;
            }
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large(octets_max)),
            Err(_) => return Err(Problem::invalid("The body is incomplete.")),
        }
    }
    Ok(octets)
}

fn too_large(octets_max: usize) -> Problem {
    let detail = format!("The body is longer than {octets_max} octets.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
}

/// The parameters of the query.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>, Problem> {
        let Query(params) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::invalid(format!("The query is not valid: {error}.")))?;
        Ok(Params(params))
    }
}

/// A parameter in the path.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::not_found())?;
        Ok(Id(id))
    }
}

/// A reference number in the path. An invalid one gets the same answer as an unknown one.
pub struct Ref(pub Reference);

impl<S: Send + Sync> FromRequestParts<S> for Ref {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ref, Problem> {
        let text = Id::from_request_parts(parts, state).await.ok();
        text.and_then(|Id(text)| text.parse().ok()).map(Ref).ok_or_else(no_such_message)
    }
}

fn no_such_message() -> Problem {
    Problem::from(crate::gateway::Error::NotFound { what: "message" })
}
