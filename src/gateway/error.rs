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
    /// The files of a message are larger than is allowed.
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
    /// The thing is not in the state that the request supposes.
    #[error("conflict: {}", .0.as_str())]
    Conflict(Conflict),
    /// The thread that did the work broke off, so nobody knows what became of it.
    #[error("broke off")]
    BrokeOff,
    #[error("invalid: {what}")]
    Invalid { what: String },
    /// What is stored is not what was put there.
    #[error("damaged: {what}")]
    Damaged { what: String },
    /// A later version of the program wrote a record that this needs.
    #[error(
        "a newer Postern wrote a record in table {table} (version {found}, and this one reads \
         versions up to {known}), and it stays untouched"
    )]
    NewerRecord { table: &'static str, found: u8, known: u8 },
    #[error("no room left")]
    Full,
    #[error("temporarily unavailable")]
    Unavailable(#[source] store::Error),
}

/// What stands in the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// There is one of this name already.
    Exists,
    /// The reference number is taken; another is drawn.
    Reference,
    /// A message has as many labels as it may have.
    Labels,
    /// The message has left and cannot be taken back.
    TooLate,
    /// An attempt to deliver is under way.
    BeingSent,
    /// Somebody else's messages wait in the temporary account.
    OthersWait,
    /// Files of a sealed message may not leave unprotected.
    SealedFiles,
    /// The message still holds text of a sealed message.
    SealedText,
    /// The message was not opened yet.
    NotOpened,
    /// The message was opened already.
    AlreadyOpened,
    /// The temporary account still exists.
    StillThere,
    /// The file stands elsewhere.
    WrongOffset,
    /// A file has not arrived whole.
    UploadIncomplete,
    /// The folder holds messages.
    NotEmpty,
    /// The draft was changed elsewhere.
    EditedElsewhere,
    /// The draft was sent already.
    AlreadySent,
    /// What changed since then is no longer known.
    TooOld,
    /// Without this manager there would be none.
    LastManager,
    /// Codes are asked for already.
    TotpOn,
}

impl Conflict {
    /// The code on the wire.
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
            store::Error::UnknownRecordVersion { table, found, known } => {
                Error::NewerRecord { table, found, known }
            }
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
