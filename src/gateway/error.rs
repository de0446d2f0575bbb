//! Why the core did not carry out a request. Each edge maps these errors once, in one table.

use crate::{store, vault};

/// Why a request was not carried out. Each edge maps this once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} not found")]
    NotFound { what: &'static str },
    #[error("not allowed: {reason}")]
    Denied { reason: &'static str },
    /// Wrong name or password, or a session that is no longer valid: deliberately
    /// indistinguishable.
    #[error("refused")]
    Refused,
    /// Too many passwords are being checked at this moment.
    #[error("busy")]
    Busy,
    #[error("over quota")]
    OverQuota,
    /// The attachments of a message exceed the limit.
    #[error("too large")]
    TooLarge,
    /// A temporary account whose owner must first choose a passphrase.
    #[error("the account must be claimed first")]
    ClaimFirst,
    /// The new password is too short.
    #[error("weak password")]
    WeakPassword,
    /// The password is correct, and the account also requires a TOTP code.
    #[error("TOTP code required")]
    CodeNeeded,
    /// The TOTP code is not the current one, or was used before.
    #[error("wrong TOTP code")]
    WrongCode,
    /// The object is not in the state that the request expects.
    #[error("conflict: {}", .0.as_str())]
    Conflict(Conflict),
    /// The thread that did the work ended abnormally, so its result is unknown.
    #[error("the work ended abnormally; its result is unknown")]
    BrokeOff,
    #[error("invalid: {what}")]
    Invalid { what: String },
    /// Stored data does not decrypt or does not decode.
    #[error("damaged: {what}")]
    Damaged { what: String },
    #[error("the disk is full")]
    Full,
    #[error("temporarily unavailable")]
    Unavailable(#[source] store::Error),
}

/// What prevents a request from being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// An object with this name already exists.
    Exists,
    /// The reference number is already in use; another attempt draws a new one.
    Reference,
    /// The message already has the maximum number of labels.
    Labels,
    /// The message has already been sent, so it is too late to undo.
    TooLate,
    /// A delivery attempt is in progress.
    BeingSent,
    /// Messages from other senders wait unopened in the temporary account.
    OthersWait,
    /// Files of a sealed message must not be sent outside unprotected.
    SealedFiles,
    /// The draft still contains text of a sealed message.
    SealedText,
    /// The message has not been opened yet.
    NotOpened,
    /// The message has already been opened.
    AlreadyOpened,
    /// The temporary account still exists.
    StillThere,
    /// The upload continues at a different offset.
    WrongOffset,
    /// An upload is incomplete.
    UploadIncomplete,
    /// The folder contains messages.
    NotEmpty,
    /// The draft was changed in another window or program.
    EditedElsewhere,
    /// The draft has already been sent.
    AlreadySent,
    /// The changes since that state are no longer recorded.
    TooOld,
    /// This account is the last enabled manager.
    LastManager,
    /// Two-step verification is already on.
    TotpOn,
}

impl Conflict {
    /// The code used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Conflict::Exists => "exists",
            Conflict::Reference => "reference",
            Conflict::Labels => "labels",
            Conflict::TooLate => "too-late",
            Conflict::BeingSent => "being-sent",
            Conflict::OthersWait => "others-wait",
            Conflict::SealedFiles => "sealed-files",
            Conflict::SealedText => "sealed-text",
            Conflict::NotOpened => "not-opened",
            Conflict::AlreadyOpened => "already-opened",
            Conflict::StillThere => "still-there",
            Conflict::WrongOffset => "wrong-offset",
            Conflict::UploadIncomplete => "upload-incomplete",
            Conflict::NotEmpty => "not-empty",
            Conflict::EditedElsewhere => "edited-elsewhere",
            Conflict::AlreadySent => "already-sent",
            Conflict::TooOld => "too-old",
            Conflict::LastManager => "last-manager",
            Conflict::TotpOn => "totp-on",
        }
    }
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
