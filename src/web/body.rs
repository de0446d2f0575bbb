//! What a request says: its body, its query and its path, within limits, or a clear answer.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::mail::reference::Reference;

use super::Web;
use super::error::Problem;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Json<T>, Problem> {
        if !is_json(&request) {
            let detail = "The body must be application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
        }
        let octets = read(request, web).await?;
        serde_json::from_slice(&octets)
            .map(Json)
            .map_err(|error| Problem::invalid(format!("The body is not as expected: {error}.")))
    }
}

/// No form of another page can send this type, so none can be made to ask in somebody's name.
fn is_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    media.trim().eq_ignore_ascii_case("application/json")
}

async fn read(request: Request, web: &Web) -> Result<Bytes, Problem> {
    let config = &web.shared.config;
    let body = Limited::new(request.into_body(), config.body_octets_max).collect();
    match tokio::time::timeout(Duration::from_secs(config.body_timeout_secs), body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("The body has more than {} octets.", config.body_octets_max);
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail))
        }
        Ok(Err(_)) => Err(Problem::invalid("The body did not arrive whole.")),
        Err(_) => {
            let detail = "The body took too long to arrive.";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail))
        }
    }
}

/// The query's parameters.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>, Problem> {
        let Query(params) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::invalid(format!("The query is not as expected: {error}.")))?;
        Ok(Params(params))
    }
}

/// A part of the path.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::not_found())?;
        Ok(Id(id))
    }
}

/// A reference number in the path. One that cannot be right is one that is not there.
pub struct Ref(pub Reference);

impl<S: Send + Sync> FromRequestParts<S> for Ref {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ref, Problem> {
        let Id(text) = Id::from_request_parts(parts, state).await?;
        text.parse().map(Ref).map_err(|_| no_such_message())
    }
}

fn no_such_message() -> Problem {
    Problem::from(crate::gateway::Error::NotFound { what: "message" })
}
