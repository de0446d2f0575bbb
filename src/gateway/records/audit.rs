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

/// The acts that version 1 of an entry knew, in the order of their numbers.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActV1 {
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
}

impl From<ActV1> for Act {
    fn from(old: ActV1) -> Act {
        match old {
            ActV1::SignedIn => Act::SignedIn,
            ActV1::SignInRefused => Act::SignInRefused,
            ActV1::SignedOut => Act::SignedOut,
            ActV1::PasswordChanged => Act::PasswordChanged,
            ActV1::RecoveryKeyCreated => Act::RecoveryKeyCreated,
            ActV1::Recovered => Act::Recovered,
            ActV1::SessionEnded => Act::SessionEnded,
            ActV1::UserCreated => Act::UserCreated,
            ActV1::UserDisabled => Act::UserDisabled,
            ActV1::UserEnabled => Act::UserEnabled,
            ActV1::UserChanged => Act::UserChanged,
            ActV1::ManagerGranted => Act::ManagerGranted,
            ActV1::ManagerRevoked => Act::ManagerRevoked,
            ActV1::SiteChanged => Act::SiteChanged,
            ActV1::QueueRetried => Act::QueueRetried,
            ActV1::QueueHeld => Act::QueueHeld,
            ActV1::QueueDropped => Act::QueueDropped,
            ActV1::TemporaryRenewed => Act::TemporaryRenewed,
            ActV1::TemporaryRevoked => Act::TemporaryRevoked,
            ActV1::Confirmed => Act::Confirmed,
            ActV1::AppPasswordCreated => Act::AppPasswordCreated,
            ActV1::PasskeyCreated => Act::PasskeyCreated,
            ActV1::CredentialRemoved => Act::CredentialRemoved,
            ActV1::TotpOn => Act::TotpOn,
            ActV1::TotpOff => Act::TotpOff,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditEntryV1 {
    at: Timestamp,
    who: String,
    act: ActV1,
    about: String,
    peer: String,
}

impl From<AuditEntryV1> for AuditEntry {
    fn from(old: AuditEntryV1) -> AuditEntry {
        let AuditEntryV1 { at, who, act, about, peer } = old;
        AuditEntry { at, who, act: act.into(), about, peer }
    }
}
