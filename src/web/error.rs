//! The single mapping from errors to HTTP problem details (RFC 9457).
//!
//! | gateway | HTTP | code |
//! | --- | --- | --- |
//! | NotFound | 404 | `not-found`; `no-such-reader` for somebody who is named as a reader |
//! | Denied | 403 | `denied` |
//! | Refused | 401 | `signed-out` (`bad-credentials` at log-in) |
//! | Busy | 503 | `busy` |
//! | OverQuota | 507 | `over-quota` |
//! | MailboxFull | 507 | `mailbox-full` |
//! | Conflict | 409 | the conflict's own code, such as `not-opened`; 410 for `too-old` |
//! | Invalid | 422 | `invalid` |
//! | Damaged | 500 | `damaged`; of a message that is read, 410 `message-damaged` |
//! | KeysDiffer | 500 | `keys-differ` |
//! | NewerRecord | 500 | `newer-record` |
//! | Full | 507 | `full` |
//! | Unavailable | 503 | `unavailable` |
//! | TooLarge | 413 | `too-large` |
//! | CodeNeeded | 403 | `code-needed` |
//! | WrongCode | 422 | `wrong-code` |
//! | WeakPassword | 422 | `weak-password` |
//! | BrokeOff | 500 | `broken` |
//!
//! Each response carries an id that also appears in the log.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::gateway::accounts::chosen::PASSPHRASE_CHARS_MIN;
use crate::gateway::{self, Conflict};

/// An error response.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    id: String,
    /// An extra header, boxed so that a `Result` stays small.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// The body of an error response.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody<'p> {
    /// Always `about:blank`: the kind is given by `code`.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// A sentence for people.
    detail: &'p str,
    /// A code for programs.
    code: &'p str,
    /// The id of the corresponding log entry.
    error_id: &'p str,
}

/// The error response of any request, for the OpenAPI document.
#[derive(IntoResponses)]
pub enum Problems {
    /// Why the request failed.
    #[response(status = "default", content_type = "application/problem+json")]
    #[expect(dead_code, reason = "documents a response")]
    Any(ProblemBody<'static>),
}

impl Problem {
    /// Creates a problem.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem { status, code, detail: detail.into(), id: new_id(), header: None }
    }

    /// The client is not signed in: the token or the proof is missing or invalid.
    pub fn signed_out() -> Problem {
        Problem::unauthorized("signed-out", "Sign in again.", "invalid_token")
    }

    /// The name or the password is wrong; the response does not say which.
    pub fn bad_credentials() -> Problem {
        let detail = "The name or the password is wrong.";
        Problem::new(StatusCode::UNAUTHORIZED, "bad-credentials", detail)
    }

    /// The proof was created too long ago, or in the future.
    pub fn stale_proof() -> Problem {
        let detail = "This computer's clock is wrong; the Date header states the server's time.";
        Problem::unauthorized("stale-proof", detail, "invalid_dpop_proof")
    }

    /// The proof was used before.
    pub fn replayed_proof() -> Problem {
        let detail = "This request was already sent.";
        Problem::unauthorized("replayed-proof", detail, "invalid_dpop_proof")
    }

    fn unauthorized(code: &'static str, detail: &'static str, error: &str) -> Problem {
        // RFC 9449 §7.1.
        let challenge = format!("DPoP error=\"{error}\", algs=\"ES256\"");
        let value = HeaderValue::try_from(challenge).expect("plain ASCII");
        let problem = Problem::new(StatusCode::UNAUTHORIZED, code, detail);
        Problem { header: Some(Box::new((WWW_AUTHENTICATE, value))), ..problem }
    }

    /// There were too many attempts; the response says how long to wait.
    pub fn slow_down(wait: Duration) -> Problem {
        // Rounded up, so that a client that waits this long need not wait again.
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let unit = if secs == 1 { "second" } else { "seconds" };
        let detail = format!("Too many attempts. Try again in {secs} {unit}.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow-down", detail).retry_after(secs)
    }

    /// There is nothing at this address, or nothing that this account may see.
    pub fn not_found() -> Problem {
        Problem::from(gateway::Error::NotFound { what: "page" })
    }

    /// The link was used, has expired, or never existed.
    pub fn gone() -> Problem {
        Problem::new(StatusCode::GONE, "gone", "This link was already used, or has expired.")
    }

    /// What was asked for as an image is none that is shown.
    pub fn not_an_image() -> Problem {
        let detail = "Only PNG, JPEG, GIF and WebP images are shown.";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-an-image", detail)
    }

    /// The request is not valid.
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// The password must be confirmed first.
    pub fn confirm_needed() -> Problem {
        let detail = "Confirm your password to do this.";
        Problem::new(StatusCode::FORBIDDEN, "confirm-needed", detail)
    }

    /// Somebody else chose the password of the account.
    pub fn choose_password() -> Problem {
        let detail = "Somebody else chose this password. Sign in with a browser, and choose your own \
                      first.";
        Problem::new(StatusCode::FORBIDDEN, "choose-password", detail)
    }

    /// An internal error.
    pub fn broken(cause: &dyn fmt::Display) -> Problem {
        let detail = "An internal error occurred. It has been logged.";
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail);
        tracing::error!(error.id = %problem.id, error = %cause, "request failed");
        problem
    }

    /// Whether the same request may succeed in a moment.
    pub fn is_busy(&self) -> bool {
        self.code == "busy"
    }

    fn retry_after(self, secs: u64) -> Problem {
        Problem { header: Some(Box::new((RETRY_AFTER, HeaderValue::from(secs)))), ..self }
    }
}

impl From<gateway::Error> for Problem {
    fn from(error: gateway::Error) -> Problem {
        use gateway::Error::{
            BrokeOff, Busy, CodeNeeded, Damaged, Denied, Full, Invalid, KeysDiffer, MailboxFull,
            NewerRecord, NotFound, OverQuota, Refused, TooLarge, Unavailable, WeakPassword,
            WrongCode,
        };
        let problem = match &error {
            // Of what a request names, that is what a person mistypes.
            NotFound { what: "reader" } => {
                Problem::new(StatusCode::NOT_FOUND, "no-such-reader", "No such reader.")
            }
            NotFound { what } => {
                Problem::new(StatusCode::NOT_FOUND, "not-found", format!("No such {what}."))
            }
            Denied { reason } => {
                Problem::new(StatusCode::FORBIDDEN, "denied", format!("Not allowed: {reason}."))
            }
            Refused => Problem::signed_out(),
            Busy => {
                let detail = "The server is busy. Try again in a moment.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
            }
            TooLarge => {
                let detail = "The files of this message are too large.";
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
            }
            WeakPassword => {
                let detail =
                    format!("A passphrase must have at least {PASSPHRASE_CHARS_MIN} characters.");
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "weak-password", detail)
            }
            CodeNeeded => {
                let detail =
                    "Enter the code from your authenticator app; a program needs an app password.";
                Problem::new(StatusCode::FORBIDDEN, "code-needed", detail)
            }
            WrongCode => {
                let detail = "This code is not the current one, or was already used.";
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-code", detail)
            }
            OverQuota => {
                let detail = "The limit for items of this kind has been reached.";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "over-quota", detail)
            }
            MailboxFull => {
                let detail = "The mailbox is full. Delete something to make room.";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "mailbox-full", detail)
            }
            gateway::Error::Conflict(why) => conflict(*why),
            BrokeOff => return Problem::broken(&error),
            Invalid { what } => Problem::invalid(format!("Invalid request: {what}.")),
            // What exactly is damaged is for the log.
            Damaged { .. } => {
                let detail = "The stored data is damaged and cannot be shown.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail)
            }
            KeysDiffer => {
                let detail = "The keys of this account do not belong together. It was disabled; \
                              tell your administrator.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "keys-differ", detail)
            }
            NewerRecord { .. } => {
                let detail = "A newer version of Postern wrote this. It is left unchanged.";
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "newer-record", detail)
            }
            Full => {
                let detail = "The server's disk is full. You can still read messages.";
                Problem::new(StatusCode::INSUFFICIENT_STORAGE, "full", detail)
            }
            Unavailable(_) => {
                let detail = "This is not possible at the moment. Nothing was changed.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            }
        };
        note(&error, &problem);
        problem
    }
}

fn conflict(why: Conflict) -> Problem {
    let status = match why {
        Conflict::TooOld => StatusCode::GONE,
        _ => StatusCode::CONFLICT,
    };
    Problem::new(status, why.as_str(), why.sentence())
}

/// Logs a problem: as an error if an administrator must act, and otherwise for developers.
fn note(error: &gateway::Error, problem: &Problem) {
    let (id, code) = (&problem.id, problem.code);
    match error {
        gateway::Error::Unavailable(cause) => {
            tracing::error!(error.id = %id, code, error = %cause, "request failed");
        }
        gateway::Error::Damaged { .. }
        | gateway::Error::KeysDiffer
        | gateway::Error::NewerRecord { .. }
        | gateway::Error::Full => {
            tracing::error!(error.id = %id, code, %error, "request failed");
        }
        // The error itself is left out, because `Invalid` repeats what the client sent.
        _ => tracing::debug!(error.id = %id, code, "request refused"),
    }
}

impl Problem {
    /// Says of damage that it is in the way of the message which was to be read. What exactly is damaged
    /// was logged.
    pub fn of_message(self) -> Problem {
        if self.code != "damaged" {
            return self;
        }
        let detail = "This message, or something that is needed to show it, is damaged on the server's \
                      disk. Your administrator may be able to restore it from a backup.";
        let (status, code) = (StatusCode::GONE, "message-damaged");
        Problem { status, code, detail: detail.into(), ..self }
    }

    /// Returns the response with one more field in its body.
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
        self.answer(text.expect("strings and a number can be serialised"))
    }
}

/// Returns an id that distinguishes this problem from others; it need not be hard to guess.
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
            (Error::MailboxFull, 507, "mailbox-full"),
            (Error::Conflict(Conflict::NotOpened), 409, "not-opened"),
            (Error::Conflict(Conflict::TooOld), 410, "too-old"),
            (Error::Invalid { what: "cursor".to_owned() }, 422, "invalid"),
            (Error::Damaged { what: "the content".to_owned() }, 500, "damaged"),
            (Error::NewerRecord { table: "drafts", found: 2, known: 1 }, 500, "newer-record"),
            (Error::Full, 507, "full"),
            (Error::TooLarge, 413, "too-large"),
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
