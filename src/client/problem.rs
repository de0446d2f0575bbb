//! Errors of the client, and the server's problem details.

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}: not a valid https:// URL of a server")]
    Url(String),
    #[error("{what}: {problem}")]
    Local { what: String, problem: String },
    #[error("standard output: {0}")]
    Output(#[source] std::io::Error),
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The server refused the request with these problem details.
    #[error("{status}: {detail}")]
    Refused { status: u16, code: String, detail: String },
    #[error("unexpected response from the server: {0}")]
    Answer(String),
}

/// The problem details of a refused request (RFC 9457).
#[derive(Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub consent: Option<Consent>,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub title: String,
}

/// The consent that the server asks for.
#[derive(Clone, Debug, Deserialize)]
pub struct Consent {
    pub token: String,
    pub addresses: Vec<String>,
    pub typed: Option<String>,
}

/// Returns the body of a successful response, or the error that it describes.
pub fn checked(status: StatusCode, octets: Bytes) -> Result<Bytes, Error> {
    if status.is_success() {
        return Ok(octets);
    }
    let problem: Option<Problem> = serde_json::from_slice(&octets).ok();
    let (code, detail) = match problem {
        Some(problem) if problem.detail.is_empty() => (problem.code, problem.title),
        Some(problem) => (problem.code, problem.detail),
        None => (String::new(), status.canonical_reason().unwrap_or_default().to_owned()),
    };
    Err(Error::Refused { status: status.as_u16(), code, detail })
}
