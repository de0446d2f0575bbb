//! What the server says when it does not do what was asked.

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;

/// Why a request was not answered as wished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}: not an https:// address of a server")]
    Url(String),
    #[error("{what}: {problem}")]
    Local { what: String, problem: String },
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The server said no, and this is what it said.
    #[error("{status}: {detail}")]
    Refused { status: u16, code: String, detail: String },
    #[error("the server's answer was not understood: {0}")]
    Answer(String),
}

/// A refusal as the API words it (RFC 9457).
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

/// What a yes is asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct Consent {
    pub token: String,
    pub addresses: Vec<String>,
    pub typed: Option<String>,
}

/// The octets of an answer that is no refusal.
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
