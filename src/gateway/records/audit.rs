//! An entry of the audit log, and the acts that it can record.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The act that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    SignedIn,
    SignInRefused,
    SignedOut,
    PasswordChanged,
    RecoveryKeyCreated,
    Recovered,
    SessionEnded,
    UserCreated,
    UserDisabled,
    UserEnabled,
    UserChanged,
    ManagerGranted,
    ManagerRevoked,
    SiteChanged,
    QueueRetried,
    QueueHeld,
    QueueDropped,
    TemporaryRenewed,
    TemporaryRevoked,
    Confirmed,
    AppPasswordCreated,
    PasskeyCreated,
    CredentialRemoved,
    TotpOn,
    TotpOff,
    /// A wrong TOTP code, after the right password.
    CodeRefused,
    /// A wrong recovery key.
    RecoveryRefused,
    /// A wrong password in an open session.
    ConfirmRefused,
    PasskeyRefused,
    /// More was refused within a minute than is recorded; `about` says how much.
    RefusalsOmitted,
    /// The keys of an account were not those that its credentials open.
    KeysDiffer,
    GroupCreated,
    GroupChanged,
    GroupDeleted,
    GroupMemberAdded,
    GroupMemberRemoved,
    GroupManagerGranted,
    GroupManagerRevoked,
    UserRemoved,
    AddressAdded,
    AddressRemoved,
    /// An administrator ended all sessions of a user.
    SessionsEnded,
    BackedUp,
    /// Mail was imported for a user on the server itself.
    Imported,
    /// Too many wrong codes in a row: the account takes none any more.
    TotpStopped,
    /// An administrator lets an account try codes again.
    TotpReset,
    /// An administrator deleted a board by its number.
    BoardDeleted,
    /// An administrator named a manager of a board that had none.
    BoardManagerNamed,
    /// A code was sent to an address that somebody wants notices at.
    NoticeCodeSent,
    NoticeAddressConfirmed,
    NoticeAddressRemoved,
}

impl Act {
    /// The code used on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::SignedIn => "signed-in",
            Act::SignInRefused => "sign-in-refused",
            Act::SignedOut => "signed-out",
            Act::PasswordChanged => "password-changed",
            Act::RecoveryKeyCreated => "recovery-key-created",
            Act::Recovered => "recovered",
            Act::SessionEnded => "session-ended",
            Act::UserCreated => "user-created",
            Act::UserDisabled => "user-disabled",
            Act::UserEnabled => "user-enabled",
            Act::UserChanged => "user-changed",
            Act::ManagerGranted => "manager-granted",
            Act::ManagerRevoked => "manager-revoked",
            Act::SiteChanged => "site-changed",
            Act::QueueRetried => "queue-retried",
            Act::QueueHeld => "queue-held",
            Act::QueueDropped => "queue-dropped",
            Act::TemporaryRenewed => "temporary-renewed",
            Act::TemporaryRevoked => "temporary-revoked",
            Act::Confirmed => "confirmed",
            Act::AppPasswordCreated => "app-password-created",
            Act::PasskeyCreated => "passkey-created",
            Act::CredentialRemoved => "credential-removed",
            Act::TotpOn => "totp-on",
            Act::TotpOff => "totp-off",
            Act::CodeRefused => "code-refused",
            Act::RecoveryRefused => "recovery-refused",
            Act::ConfirmRefused => "confirm-refused",
            Act::PasskeyRefused => "passkey-refused",
            Act::RefusalsOmitted => "refusals-omitted",
            Act::KeysDiffer => "keys-differ",
            Act::GroupCreated => "group-created",
            Act::GroupChanged => "group-changed",
            Act::GroupDeleted => "group-deleted",
            Act::GroupMemberAdded => "group-member-added",
            Act::GroupMemberRemoved => "group-member-removed",
            Act::GroupManagerGranted => "group-manager-granted",
            Act::GroupManagerRevoked => "group-manager-revoked",
            Act::UserRemoved => "user-removed",
            Act::AddressAdded => "address-added",
            Act::AddressRemoved => "address-removed",
            Act::SessionsEnded => "sessions-ended",
            Act::BackedUp => "backed-up",
            Act::Imported => "imported",
            Act::TotpStopped => "totp-stopped",
            Act::TotpReset => "totp-reset",
            Act::BoardDeleted => "board-deleted",
            Act::BoardManagerNamed => "board-manager-named",
            Act::NoticeCodeSent => "notice-code-sent",
            Act::NoticeAddressConfirmed => "notice-address-confirmed",
            Act::NoticeAddressRemoved => "notice-address-removed",
        }
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// Login name or address; `(unknown)` for a refused sign-in with a name that no account has.
    pub who: String,
    pub act: Act,
    /// The account, address or reference number that the act concerned.
    pub about: String,
    /// The IP address of the client, where there was one.
    pub peer: String,
}
