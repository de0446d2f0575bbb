//! Why the core did not carry out a request. Each edge translates these once, in one table.

use crate::{store, vault};

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} not found")]
    NotFound { what: &'static str },
    #[error("not allowed: {reason}")]
    Denied { reason: &'static str },
    /// Wrong name or password, or a session that is no longer valid: deliberately the same answer.
    #[error("refused")]
    Refused,
    /// Too many sign-ins are being checked at this moment.
    #[error("busy")]
    Busy,
    /// There are as many items of this kind as there may be.
    #[error("over quota")]
    OverQuota,
    /// The account stores as much as it may.
    #[error("mailbox full")]
    MailboxFull,
    /// The attachments of a message are larger than allowed.
    #[error("the attachments are too large")]
    TooLarge,
    /// The chosen password is too short.
    #[error("the password is too weak")]
    WeakPassword,
    /// The password is correct, and the account also needs a TOTP code.
    #[error("a code is required")]
    CodeNeeded,
    /// The code is not the current one, or was used before.
    #[error("wrong code")]
    WrongCode,
    /// The object is not in the state that the request assumes.
    #[error("conflict: {}", .0.as_str())]
    Conflict(Conflict),
    /// The thread that did the work panicked, so the outcome is unknown.
    #[error("interrupted by an internal error; the outcome is unknown")]
    BrokeOff,
    #[error("invalid: {what}")]
    Invalid { what: String },
    /// The stored octets are not those that were written.
    #[error("damaged: {what}")]
    Damaged { what: String },
    /// The keys of an account are not those that its credentials open.
    #[error("the keys of the account are not those that its credentials open")]
    KeysDiffer,
    /// A later version of the program wrote a record that the request needs.
    #[error(
        "a newer version of Postern wrote a record in table {table} (its version is {found}, this \
         program reads up to {known}); it is left unchanged"
    )]
    NewerRecord { table: &'static str, found: u8, known: u8 },
    #[error("no space left")]
    Full,
    #[error("temporarily unavailable")]
    Unavailable(#[source] store::Error),
}

/// The state that prevents a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The name is taken.
    Exists,
    /// The reference number is taken; the caller draws another.
    Reference,
    /// The message has the most labels that it may have.
    Labels,
    /// The message has left and can no longer be undone.
    TooLate,
    /// A delivery attempt is under way.
    BeingSent,
    /// Messages of other senders wait in the temporary account.
    OthersWait,
    /// Attachments of a sealed message may not leave unprotected.
    SealedFiles,
    /// The message still contains text of a sealed message.
    SealedText,
    /// The message has not been opened yet.
    NotOpened,
    /// The message has been opened already.
    AlreadyOpened,
    /// The temporary account still exists.
    StillThere,
    /// The sender was asked less than a day ago.
    AskedLately,
    /// The outsider has asked as often as one may on a day.
    AskedOften,
    /// The upload is at another offset.
    WrongOffset,
    /// A file has not been uploaded completely.
    UploadIncomplete,
    /// The folder contains messages.
    NotEmpty,
    /// The draft was changed in another place.
    EditedElsewhere,
    /// The draft was sent already.
    AlreadySent,
    /// The changes since that state are no longer remembered.
    TooOld,
    /// This is the last manager.
    LastManager,
    /// Two-step verification is on already.
    TotpOn,
    /// The owner of the temporary account has chosen a passphrase already.
    PassphraseChosen,
    /// The new password is the old one.
    SamePassword,
    /// The register of attestations is older than the one that its owner signed last.
    RegisterOld,
    /// The key is not the one that was compared.
    KeyDiffers,
    /// There is such a request, or it was refused or taken back a short time ago.
    AskedAlready,
    /// A one-time password opens the temporary account: a notification brings it.
    OneTimePassword,
    /// The group was changed in another place.
    GroupChanged,
    /// Nobody who holds the keys of the group wrapped them for this account yet.
    GroupKeysWait,
    /// Nothing shows that a member of the group began its keys.
    GroupKeysUnproven,
    /// This is the last manager of the group.
    LastGroupManager,
    /// The group has a role mailbox.
    RoleMailbox,
    /// The same request to add a contact waits already, or as many as may wait for one account.
    RequestWaits,
    /// The account sent as many requests as one may in a day.
    RequestedOften,
    /// Somebody was asked for as many meetings as one may be in a month.
    InvitedOften,
    /// Somebody who was removed had the name or the address not long ago.
    NameHeld,
    /// An account keeps its last address.
    LastAddress,
    /// What was typed is not the login name of the account that is to be removed.
    NameDiffers,
    /// Too many codes in a row were wrong.
    TotpStopped,
    /// The account is in the room already.
    InRoom,
    /// This is the last controller of the room.
    LastController,
    /// The key of a request was used for another one.
    RequestUsed,
    /// Somebody who can sign in manages the board.
    BoardManaged,
    /// The time of the meeting changed since.
    MeetingChanged,
    /// The meeting was cancelled.
    MeetingCancelled,
    /// The meeting is not over: it is cancelled, or declined, first.
    MeetingRuns,
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
            Conflict::AskedLately => "asked-lately",
            Conflict::AskedOften => "asked-often",
            Conflict::WrongOffset => "wrong-offset",
            Conflict::UploadIncomplete => "upload-incomplete",
            Conflict::NotEmpty => "not-empty",
            Conflict::EditedElsewhere => "edited-elsewhere",
            Conflict::AlreadySent => "already-sent",
            Conflict::TooOld => "too-old",
            Conflict::LastManager => "last-manager",
            Conflict::TotpOn => "totp-on",
            Conflict::PassphraseChosen => "passphrase-chosen",
            Conflict::SamePassword => "same-password",
            Conflict::RegisterOld => "register-old",
            Conflict::KeyDiffers => "key-differs",
            Conflict::AskedAlready => "asked-already",
            Conflict::OneTimePassword => "one-time-password",
            Conflict::GroupChanged => "group-changed",
            Conflict::GroupKeysWait => "group-keys-wait",
            Conflict::GroupKeysUnproven => "group-keys-unproven",
            Conflict::LastGroupManager => "last-group-manager",
            Conflict::RoleMailbox => "role-mailbox",
            Conflict::RequestWaits => "request-waits",
            Conflict::RequestedOften => "requested-often",
            Conflict::InvitedOften => "invited-often",
            Conflict::NameHeld => "name-held",
            Conflict::LastAddress => "last-address",
            Conflict::NameDiffers => "name-differs",
            Conflict::TotpStopped => "totp-stopped",
            Conflict::InRoom => "in-room",
            Conflict::LastController => "last-controller",
            Conflict::RequestUsed => "request-used",
            Conflict::BoardManaged => "board-managed",
            Conflict::MeetingChanged => "meeting-changed",
            Conflict::MeetingCancelled => "meeting-cancelled",
            Conflict::MeetingRuns => "meeting-runs",
        }
    }
}

impl Conflict {
    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Conflict::Exists => "This name is already in use.",
            Conflict::Reference => "The reference number is already in use. Try again.",
            Conflict::Labels => "A message cannot have more labels.",
            Conflict::TooLate => "The message has already been sent; sending cannot be undone.",
            Conflict::BeingSent => "The message is being sent at this moment.",
            Conflict::OthersWait => "Messages of other senders wait in the temporary account.",
            Conflict::SealedFiles => "Files of a sealed message may not be sent unprotected.",
            Conflict::SealedText => {
                "The message contains text of a sealed message, which may not be sent unprotected."
            }
            Conflict::NotOpened => "This message has not been opened yet.",
            Conflict::AlreadyOpened => "This message was already opened.",
            Conflict::StillThere => "The account still exists: sign in.",
            Conflict::AskedLately => "The sender has already been asked today.",
            Conflict::AskedOften => "It was asked as often as is possible in one day.",
            Conflict::WrongOffset => "The upload continues at another offset.",
            Conflict::UploadIncomplete => "A file is not completely uploaded.",
            Conflict::NotEmpty => "This folder contains messages.",
            Conflict::EditedElsewhere => "This draft was changed elsewhere.",
            Conflict::AlreadySent => "This draft was already sent.",
            Conflict::TooOld => "The changes since then are no longer available.",
            Conflict::LastManager => "This is the last administrator; appoint another one first.",
            Conflict::TotpOn => "Two-step verification is already on.",
            Conflict::PassphraseChosen => "A passphrase was already chosen.",
            Conflict::SamePassword => "The new password must differ from the old one.",
            Conflict::RegisterOld => {
                "The list of your attestations is older than the one that you signed last. Look at it, \
                 and sign it again first."
            }
            Conflict::KeyDiffers => "The code is not the one of this person's key.",
            Conflict::AskedAlready => "This person was asked already.",
            Conflict::OneTimePassword => {
                "A one-time password opens this account: send the notification again."
            }
            Conflict::GroupChanged => "This group was changed elsewhere.",
            Conflict::GroupKeysWait => {
                "The keys of the group are not there yet: a member who has them must be signed in."
            }
            Conflict::GroupKeysUnproven => {
                "Nothing proves that a member of the group began its keys. Ask the other members."
            }
            Conflict::LastGroupManager => {
                "This is the last manager of the group; appoint another one first."
            }
            Conflict::RoleMailbox => "This group has a role mailbox: end that first.",
            Conflict::RequestWaits => {
                "This was already asked, or as much as may wait for an answer."
            }
            Conflict::RequestedOften => "It was asked as often as is possible in one day.",
            Conflict::InvitedOften => {
                "One of these people was asked for as many meetings as is possible in a month."
            }
            Conflict::NameHeld => {
                "Somebody had this name or address until lately; it is held, so that nobody else \
                 gets their mail."
            }
            Conflict::LastAddress => "This is the last address of the account; add another first.",
            Conflict::TotpStopped => {
                "Too many codes in a row were wrong, so this account takes none any more. Sign in \
                 with a passkey, use the recovery key, or ask your administrator."
            }
            Conflict::NameDiffers => "What was typed is not the login name of this account.",
            Conflict::InRoom => "You are in this room already.",
            Conflict::LastController => {
                "This is the last controller of the room; name another one first, or end the room."
            }
            Conflict::BoardManaged => "Somebody who can sign in manages this board.",
            Conflict::MeetingChanged => "The meeting was changed since; look at it again.",
            Conflict::MeetingCancelled => "The meeting was cancelled.",
            Conflict::MeetingRuns => {
                "A meeting leaves the calendar when it is cancelled, or declined."
            }
            Conflict::RequestUsed => {
                "Another post was written under the key of this request, or the one that was is gone."
            }
        }
    }
}

impl Error {
    /// Whether a record cannot be read, and will not be until somebody does something about it.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Error::Damaged { .. } | Error::NewerRecord { .. })
    }
}

/// `None` for what is damaged. What a newer program wrote is left to it.
pub(in crate::gateway) fn unless_damaged<T, E: Into<Error>>(
    found: Result<T, E>,
) -> Result<Option<T>, Error> {
    match found.map_err(Into::into) {
        Err(Error::Damaged { .. }) => Ok(None),
        found => found.map(Some),
    }
}

/// The result, or `None` if a record that it needs cannot be read, which is logged. For work that must
/// not stop at one record: what the work would have changed in it is left out. The work that is given
/// must write nothing before it has read that record.
pub(in crate::gateway) fn readable<T, E: Into<Error>>(
    result: Result<T, E>,
) -> Result<Option<T>, Error> {
    match result.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_unreadable() => {
            tracing::error!(%error, "a record was passed over");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The row, or `None` if it is damaged and so may be replaced. One of a newer version stays as it is.
pub(in crate::gateway) fn undamaged<T>(
    row: Result<Option<T>, store::Error>,
) -> Result<Option<T>, Error> {
    match row.map_err(Error::from) {
        Err(error @ Error::Damaged { .. }) => {
            tracing::error!(%error, "a record is replaced");
            Ok(None)
        }
        row => row,
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::Full => Error::Full,
            store::Error::Busy => Error::Busy,
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
