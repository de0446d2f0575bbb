//! The one table from what went wrong to what HTTP says (RFC 9457, problem details).
//!
//! | gateway | HTTP | code |
//! | --- | --- | --- |
//! | NotFound | 404 | `not-found` |
//! | Denied | 403 | `denied` |
//! | Refused | 401 | `signed-out` (`bad-credentials` at log-in) |
//! | Busy | 503 | `busy` |
//! | OverQuota | 507 | `over-quota` |
//! | Conflict | 409 | its own, such as `not-opened`; 410 for `too-old` |
//! | Invalid | 422 | `invalid` |
//! | Damaged | 500 | `damaged` |
//! | NewerRecord | 500 | `newer-record` |
//! | Full | 507 | `full` |
//! | Unavailable | 503 | `unavailable` |
//!
//! Each answer carries an id that is in the log as well.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::gateway::{self, Conflict};

/// An answer that says no.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    id: String,
    /// Apart, so that a `Result` stays small where there is none.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// A problem as it is sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody<'p> {
    /// Always `about:blank`: `code` says which kind it is.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// A sentence for people.
    detail: &'p str,
    /// A word for programs.
    code: &'p str,
    /// Finds the matching line in the log.
    error_id: &'p str,
}

/// What any request may be answered, for the OpenAPI document.
#[derive(IntoResponses)]
pub enum Problems {
    /// Why the request was not done.
    #[response(status = "default", content_type = "application/problem+json")]
    #[expect(dead_code, reason = "documents an answer")]
    Any(ProblemBody<'static>),
}

impl Problem {
    /// A problem found by the edge itself.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem { status, code, detail: detail.into(), id: new_id(), header: None }
    }

    /// Nobody is signed in: no token, no proof, or not a good one.
    pub fn signed_out() -> Problem {
        Problem::unauthorized("signed-out", "Sign in again.", "invalid_token")
    }

    /// The name or the password is wrong; which of them is not said.
    pub fn bad_credentials() -> Problem {
        let detail = "The name or the password is wrong.";
        Problem::new(StatusCode::UNAUTHORIZED, "bad-credentials", detail)
    }

    /// A proof made too long ago, or in the future.
    pub fn stale_proof() -> Problem {
        let detail = "The clock of this computer is not right; the Date header tells ours.";
        Problem::unauthorized("stale-proof", detail, "invalid_dpop_proof")
    }

    /// A proof that was used before.
    pub fn replayed_proof() -> Problem {
        let detail = "This request was sent before.";
        Problem::unauthorized("replayed-proof", detail, "invalid_dpop_proof")
    }

    fn unauthorized(code: &'static str, detail: &'static str, error: &str) -> Problem {
        // RFC 9449 §7.1.
        let challenge = format!("DPoP error=\"{error}\", algs=\"ES256\"");
        let value = HeaderValue::try_from(challenge).expect("plain ASCII");
        let problem = Problem::new(StatusCode::UNAUTHORIZED, code, detail);
        Problem { header: Some(Box::new((WWW_AUTHENTICATE, value))), ..problem }
    }

    /// Too many tries; says how long to wait.
    pub fn slow_down(wait: Duration) -> Problem {
        // Rounded up, so that whoever obeys is not told to wait again.
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let unit = if secs == 1 { "second" } else { "seconds" };
        let detail = format!("Too many tries. Try again in {secs} {unit}.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow-down", detail).retry_after(secs)
    }

    /// There is nothing at this address, or nothing that this reader may see.
    pub fn not_found() -> Problem {
        Problem::from(gateway::Error::NotFound { what: "page" })
    }

    /// A link that was used, is over, or never was.
    pub fn gone() -> Problem {
        Problem::new(StatusCode::GONE, "gone", "This link was used already, or its time is over.")
    }

    /// What was sent is not what is expected here.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// The password must be said once more.
    pub fn confirm_needed() -> Problem {
        let detail = "Say your password once more to do this.";
        Problem::new(StatusCode::FORBIDDEN, "confirm-needed", detail)
    }

    /// A defect of ours.
    pub fn broken(cause: &dyn fmt::Display) -> Problem {
        let detail = "Something went wrong here. It was noted.";
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail);
        tracing::error!(error.id = %problem.id, error = %cause, "request failed");
        problem
    }

    fn retry_after(self, secs: u64) -> Problem {
        Problem { header: Some(Box::new((RETRY_AFTER, HeaderValue::from(secs)))), ..self }
    }
}

impl From<gateway::Error> for Problem {
    fn from(error: gateway::Error) -> Problem {
        use gateway::Error::{
            BrokeOff, Busy, ClaimFirst, CodeNeeded, Damaged, Denied, Full, Invalid, NewerRecord,
            NotFound, OverQuota, Refused, TooLarge, Unavailable, WeakPassword, WrongCode,
        };
        let problem = match &error {
            NotFound { what } => {
                Problem::new(StatusCode::NOT_FOUND, "not-found", format!("No such {what}."))
            }
            Denied { reason } => {
                Problem::new(StatusCode::FORBIDDEN, "denied", format!("Not allowed: {reason}."))
            }
            Refused => Problem::signed_out(),
            Busy => {
                let detail = "Too many people at once. Try again in a moment.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
            }
            TooLarge => {
                let detail = "The files of this message are larger than is allowed.";
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
            }
            ClaimFirst => {
                let detail = "Choose a passphrase of your own to open this account.";
                Problem::new(StatusCode::FORBIDDEN, "claim-first", detail)
            }
            WeakPassword => {
                let detail = "A passphrase has at least 12 characters.";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "weak-password", detail)
            }
            CodeNeeded => {
                let detail =
                    "Type the code of your authenticator app too; a program needs an app password.";
                Problem::new(StatusCode::FORBIDDEN, "code-needed", detail)
            }
            WrongCode => {
                let detail = "This code is not the present one, or was used already.";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-code", detail)
            }
            OverQuota => {
                let detail = "There is no room for more of these.";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "over-quota", detail)
            }
            gateway::Error::Conflict(why) => conflict(*why),
            BrokeOff => return Problem::broken(&error),
            Invalid { what } => Problem::invalid(format!("Not understood: {what}.")),
            Damaged { what } => {
                let detail = format!("This cannot be shown: {what}.");
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail)
            }
            NewerRecord { .. } => {
                let detail = "A newer version of Postern wrote this. It stays as it is.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "newer-record", detail)
            }
            Full => {
                let detail = "The server's disk is full. Reading goes on.";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "full", detail)
            }
            Unavailable(_) => {
                let detail = "This cannot be done at the moment. Nothing was changed.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            }
        };
        note(&error, &problem);
        problem
    }
}

fn conflict(why: Conflict) -> Problem {
    let (status, detail) = match why {
        Conflict::NotOpened => (StatusCode::CONFLICT, "This message was not opened yet."),
        Conflict::AlreadyOpened => (StatusCode::CONFLICT, "This message was opened already."),
        Conflict::NotEmpty => (StatusCode::CONFLICT, "This folder holds messages."),
        Conflict::Exists => (StatusCode::CONFLICT, "There is one of this name already."),
        Conflict::EditedElsewhere => (StatusCode::CONFLICT, "This draft was changed elsewhere."),
        Conflict::WrongOffset => (StatusCode::CONFLICT, "The file stands elsewhere; ask where."),
        Conflict::UploadIncomplete => (StatusCode::CONFLICT, "A file has not arrived whole yet."),
        Conflict::TotpOn => (StatusCode::CONFLICT, "Codes are asked for already."),
        Conflict::TooLate => {
            (StatusCode::CONFLICT, "The message has left and cannot be taken back.")
        }
        Conflict::SealedText => {
            let detail = "The message still holds text of a sealed message, which may not leave.";
            (StatusCode::CONFLICT, detail)
        }
        Conflict::SealedFiles => {
            (StatusCode::CONFLICT, "Files of a sealed message may not leave unprotected.")
        }
        Conflict::StillThere => (StatusCode::CONFLICT, "The account is still there: sign in."),
        Conflict::TooOld => (StatusCode::GONE, "What changed since then is no longer known."),
        Conflict::Reference
        | Conflict::Labels
        | Conflict::BeingSent
        | Conflict::OthersWait
        | Conflict::AlreadySent
        | Conflict::LastManager => (StatusCode::CONFLICT, "This is not possible as things are."),
    };
    Problem::new(status, why.as_str(), detail)
}

/// The log's half: what a person must see to is an error, what a client did is for developers.
fn note(error: &gateway::Error, problem: &Problem) {
    let (id, code) = (&problem.id, problem.code);
    match error {
        gateway::Error::Unavailable(cause) => {
            tracing::error!(error.id = %id, code, error = %cause, "request failed");
        }
        gateway::Error::Damaged { .. }
        | gateway::Error::NewerRecord { .. }
        | gateway::Error::Full => {
            tracing::error!(error.id = %id, code, %error, "request failed");
        }
        // `Invalid` repeats what the client sent.
        _ => tracing::debug!(error.id = %id, code, "request refused"),
    }
}

impl Problem {
    /// The answer with one more field in its body.
    pub fn with(self, name: &str, value: &impl serde::Serialize) -> Response {
        let mut body = serde_json::to_value(self.body()).unwrap_or_default();
        if let (Some(fields), Ok(value)) = (body.as_object_mut(), serde_json::to_value(value)) {
            fields.insert(name.to_owned(), value);
        }
        self.answer(body.to_string())
    }

    fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            error_id: &self.id,
        }
    }

    fn answer(self, text: String) -> Response {
        let media = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, text).into_response();
        response.headers_mut().insert(CONTENT_TYPE, media);
        response.headers_mut().extend(self.header.map(|header| *header));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let text = serde_json::to_string(&self.body());
        self.answer(text.expect("strings and a number become JSON"))
    }
}

/// Tells one problem from another; nothing depends on its being hard to guess.
fn new_id() -> String {
    let mut bytes = [0; 8];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => format!("{:016x}", u64::from_be_bytes(bytes)),
        Err(_) => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_core_has_its_answer() {
        use gateway::Error;
        let table: [(Error, u16, &str); 17] = [
            (Error::NotFound { what: "message" }, 404, "not-found"),
            (Error::Denied { reason: "no" }, 403, "denied"),
            (Error::Refused, 401, "signed-out"),
            (Error::Busy, 503, "busy"),
            (Error::OverQuota, 507, "over-quota"),
            (Error::Conflict(Conflict::NotOpened), 409, "not-opened"),
            (Error::Conflict(Conflict::TooOld), 410, "too-old"),
            (Error::Invalid { what: "cursor".to_owned() }, 422, "invalid"),
            (Error::Damaged { what: "the content".to_owned() }, 500, "damaged"),
            (Error::NewerRecord { table: "drafts", found: 2, known: 1 }, 500, "newer-record"),
            (Error::Full, 507, "full"),
            (Error::TooLarge, 413, "too-large"),
            (Error::ClaimFirst, 403, "claim-first"),
            (Error::WeakPassword, 422, "weak-password"),
            (Error::CodeNeeded, 403, "code-needed"),
            (Error::WrongCode, 422, "wrong-code"),
            (Error::Conflict(Conflict::EditedElsewhere), 409, "edited-elsewhere"),
        ];
        for (error, status, code) in table {
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            let response = problem.into_response();
            assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        }
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let problem = Problem::slow_down(Duration::from_millis(9_001));
        assert_eq!(problem.header.unwrap().1, "10");
        assert!(problem.detail.contains("10 seconds"));
    }
}
