//! Why the core did not do what it was asked. Each edge translates these once, in one table.

use crate::{store, vault};

/// Why a request was not done. Each edge translates this once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} not found")]
    NotFound { what: &'static str },
    #[error("not allowed: {reason}")]
    Denied { reason: &'static str },
    /// Wrong name or password, or a session that is no longer good: deliberately one answer.
    #[error("refused")]
    Refused,
    /// Too many log-ins are being checked at this moment.
    #[error("busy")]
    Busy,
    #[error("over quota")]
    OverQuota,
    /// The files of a letter are larger than is allowed.
    #[error("too large")]
    TooLarge,
    /// A temporary account that must be given its owner's own password first.
    #[error("claim first")]
    ClaimFirst,
    /// A password that is too short to be one's own.
    #[error("weak password")]
    WeakPassword,
    /// The password is right, and the account asks for a code besides.
    #[error("code needed")]
    CodeNeeded,
    /// A code that is not the present one, or was used before.
    #[error("wrong code")]
    WrongCode,
    /// The thing is not in the state that the request supposes; `code` names which.
    #[error("conflict: {code}")]
    Conflict { code: &'static str },
    #[error("invalid: {what}")]
    Invalid { what: String },
    /// What is stored is not what was put there.
    #[error("damaged: {what}")]
    Damaged { what: String },
    #[error("no room left")]
    Full,
    #[error("temporarily unavailable")]
    Unavailable(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::Full => Error::Full,
            store::Error::NotFound => Error::NotFound { what: "content" },
            store::Error::Damaged(what) => Error::Damaged { what },
            other => Error::Unavailable(other),
        }
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Error {
        match error {
            vault::Error::Busy => Error::Busy,
            vault::Error::Refused => Error::Refused,
            _ => Error::Unavailable(store::Error::Seal),
        }
    }
}
