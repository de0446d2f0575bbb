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

/// The acts that version 2 of an entry knew, in the order of their numbers.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActV2 {
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
    CodeRefused,
    RecoveryRefused,
    ConfirmRefused,
    PasskeyRefused,
    RefusalsOmitted,
    KeysDiffer,
}

impl From<ActV2> for Act {
    fn from(old: ActV2) -> Act {
        match old {
            ActV2::SignedIn => Act::SignedIn,
            ActV2::SignInRefused => Act::SignInRefused,
            ActV2::SignedOut => Act::SignedOut,
            ActV2::PasswordChanged => Act::PasswordChanged,
            ActV2::RecoveryKeyCreated => Act::RecoveryKeyCreated,
            ActV2::Recovered => Act::Recovered,
            ActV2::SessionEnded => Act::SessionEnded,
            ActV2::UserCreated => Act::UserCreated,
            ActV2::UserDisabled => Act::UserDisabled,
            ActV2::UserEnabled => Act::UserEnabled,
            ActV2::UserChanged => Act::UserChanged,
            ActV2::ManagerGranted => Act::ManagerGranted,
            ActV2::ManagerRevoked => Act::ManagerRevoked,
            ActV2::SiteChanged => Act::SiteChanged,
            ActV2::QueueRetried => Act::QueueRetried,
            ActV2::QueueHeld => Act::QueueHeld,
            ActV2::QueueDropped => Act::QueueDropped,
            ActV2::TemporaryRenewed => Act::TemporaryRenewed,
            ActV2::TemporaryRevoked => Act::TemporaryRevoked,
            ActV2::Confirmed => Act::Confirmed,
            ActV2::AppPasswordCreated => Act::AppPasswordCreated,
            ActV2::PasskeyCreated => Act::PasskeyCreated,
            ActV2::CredentialRemoved => Act::CredentialRemoved,
            ActV2::TotpOn => Act::TotpOn,
            ActV2::TotpOff => Act::TotpOff,
            ActV2::CodeRefused => Act::CodeRefused,
            ActV2::RecoveryRefused => Act::RecoveryRefused,
            ActV2::ConfirmRefused => Act::ConfirmRefused,
            ActV2::PasskeyRefused => Act::PasskeyRefused,
            ActV2::RefusalsOmitted => Act::RefusalsOmitted,
            ActV2::KeysDiffer => Act::KeysDiffer,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditEntryV2 {
    at: Timestamp,
    who: String,
    act: ActV2,
    about: String,
    peer: String,
}

impl From<AuditEntryV2> for AuditEntry {
    fn from(old: AuditEntryV2) -> AuditEntry {
        let AuditEntryV2 { at, who, act, about, peer } = old;
        AuditEntry { at, who, act: act.into(), about, peer }
    }
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

impl From<ActV1> for ActV2 {
    fn from(old: ActV1) -> ActV2 {
        match old {
            ActV1::SignedIn => ActV2::SignedIn,
            ActV1::SignInRefused => ActV2::SignInRefused,
            ActV1::SignedOut => ActV2::SignedOut,
            ActV1::PasswordChanged => ActV2::PasswordChanged,
            ActV1::RecoveryKeyCreated => ActV2::RecoveryKeyCreated,
            ActV1::Recovered => ActV2::Recovered,
            ActV1::SessionEnded => ActV2::SessionEnded,
            ActV1::UserCreated => ActV2::UserCreated,
            ActV1::UserDisabled => ActV2::UserDisabled,
            ActV1::UserEnabled => ActV2::UserEnabled,
            ActV1::UserChanged => ActV2::UserChanged,
            ActV1::ManagerGranted => ActV2::ManagerGranted,
            ActV1::ManagerRevoked => ActV2::ManagerRevoked,
            ActV1::SiteChanged => ActV2::SiteChanged,
            ActV1::QueueRetried => ActV2::QueueRetried,
            ActV1::QueueHeld => ActV2::QueueHeld,
            ActV1::QueueDropped => ActV2::QueueDropped,
            ActV1::TemporaryRenewed => ActV2::TemporaryRenewed,
            ActV1::TemporaryRevoked => ActV2::TemporaryRevoked,
            ActV1::Confirmed => ActV2::Confirmed,
            ActV1::AppPasswordCreated => ActV2::AppPasswordCreated,
            ActV1::PasskeyCreated => ActV2::PasskeyCreated,
            ActV1::CredentialRemoved => ActV2::CredentialRemoved,
            ActV1::TotpOn => ActV2::TotpOn,
            ActV1::TotpOff => ActV2::TotpOff,
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

impl From<AuditEntryV1> for AuditEntryV2 {
    fn from(old: AuditEntryV1) -> AuditEntryV2 {
        let AuditEntryV1 { at, who, act, about, peer } = old;
        AuditEntryV2 { at, who, act: act.into(), about, peer }
    }
}
