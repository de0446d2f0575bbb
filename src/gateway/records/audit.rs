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

/// The acts that version 3 of an entry knew, in the order of their numbers.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActV3 {
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
    GroupCreated,
    GroupChanged,
    GroupDeleted,
    GroupMemberAdded,
    GroupMemberRemoved,
    GroupManagerGranted,
    GroupManagerRevoked,
}

impl From<ActV3> for Act {
    fn from(old: ActV3) -> Act {
        match old {
            ActV3::SignedIn => Act::SignedIn,
            ActV3::SignInRefused => Act::SignInRefused,
            ActV3::SignedOut => Act::SignedOut,
            ActV3::PasswordChanged => Act::PasswordChanged,
            ActV3::RecoveryKeyCreated => Act::RecoveryKeyCreated,
            ActV3::Recovered => Act::Recovered,
            ActV3::SessionEnded => Act::SessionEnded,
            ActV3::UserCreated => Act::UserCreated,
            ActV3::UserDisabled => Act::UserDisabled,
            ActV3::UserEnabled => Act::UserEnabled,
            ActV3::UserChanged => Act::UserChanged,
            ActV3::ManagerGranted => Act::ManagerGranted,
            ActV3::ManagerRevoked => Act::ManagerRevoked,
            ActV3::SiteChanged => Act::SiteChanged,
            ActV3::QueueRetried => Act::QueueRetried,
            ActV3::QueueHeld => Act::QueueHeld,
            ActV3::QueueDropped => Act::QueueDropped,
            ActV3::TemporaryRenewed => Act::TemporaryRenewed,
            ActV3::TemporaryRevoked => Act::TemporaryRevoked,
            ActV3::Confirmed => Act::Confirmed,
            ActV3::AppPasswordCreated => Act::AppPasswordCreated,
            ActV3::PasskeyCreated => Act::PasskeyCreated,
            ActV3::CredentialRemoved => Act::CredentialRemoved,
            ActV3::TotpOn => Act::TotpOn,
            ActV3::TotpOff => Act::TotpOff,
            ActV3::CodeRefused => Act::CodeRefused,
            ActV3::RecoveryRefused => Act::RecoveryRefused,
            ActV3::ConfirmRefused => Act::ConfirmRefused,
            ActV3::PasskeyRefused => Act::PasskeyRefused,
            ActV3::RefusalsOmitted => Act::RefusalsOmitted,
            ActV3::KeysDiffer => Act::KeysDiffer,
            ActV3::GroupCreated => Act::GroupCreated,
            ActV3::GroupChanged => Act::GroupChanged,
            ActV3::GroupDeleted => Act::GroupDeleted,
            ActV3::GroupMemberAdded => Act::GroupMemberAdded,
            ActV3::GroupMemberRemoved => Act::GroupMemberRemoved,
            ActV3::GroupManagerGranted => Act::GroupManagerGranted,
            ActV3::GroupManagerRevoked => Act::GroupManagerRevoked,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditEntryV3 {
    at: Timestamp,
    who: String,
    act: ActV3,
    about: String,
    peer: String,
}

impl From<AuditEntryV3> for AuditEntry {
    fn from(old: AuditEntryV3) -> AuditEntry {
        let AuditEntryV3 { at, who, act, about, peer } = old;
        AuditEntry { at, who, act: act.into(), about, peer }
    }
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

impl From<ActV2> for ActV3 {
    fn from(old: ActV2) -> ActV3 {
        match old {
            ActV2::SignedIn => ActV3::SignedIn,
            ActV2::SignInRefused => ActV3::SignInRefused,
            ActV2::SignedOut => ActV3::SignedOut,
            ActV2::PasswordChanged => ActV3::PasswordChanged,
            ActV2::RecoveryKeyCreated => ActV3::RecoveryKeyCreated,
            ActV2::Recovered => ActV3::Recovered,
            ActV2::SessionEnded => ActV3::SessionEnded,
            ActV2::UserCreated => ActV3::UserCreated,
            ActV2::UserDisabled => ActV3::UserDisabled,
            ActV2::UserEnabled => ActV3::UserEnabled,
            ActV2::UserChanged => ActV3::UserChanged,
            ActV2::ManagerGranted => ActV3::ManagerGranted,
            ActV2::ManagerRevoked => ActV3::ManagerRevoked,
            ActV2::SiteChanged => ActV3::SiteChanged,
            ActV2::QueueRetried => ActV3::QueueRetried,
            ActV2::QueueHeld => ActV3::QueueHeld,
            ActV2::QueueDropped => ActV3::QueueDropped,
            ActV2::TemporaryRenewed => ActV3::TemporaryRenewed,
            ActV2::TemporaryRevoked => ActV3::TemporaryRevoked,
            ActV2::Confirmed => ActV3::Confirmed,
            ActV2::AppPasswordCreated => ActV3::AppPasswordCreated,
            ActV2::PasskeyCreated => ActV3::PasskeyCreated,
            ActV2::CredentialRemoved => ActV3::CredentialRemoved,
            ActV2::TotpOn => ActV3::TotpOn,
            ActV2::TotpOff => ActV3::TotpOff,
            ActV2::CodeRefused => ActV3::CodeRefused,
            ActV2::RecoveryRefused => ActV3::RecoveryRefused,
            ActV2::ConfirmRefused => ActV3::ConfirmRefused,
            ActV2::PasskeyRefused => ActV3::PasskeyRefused,
            ActV2::RefusalsOmitted => ActV3::RefusalsOmitted,
            ActV2::KeysDiffer => ActV3::KeysDiffer,
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

impl From<AuditEntryV2> for AuditEntryV3 {
    fn from(old: AuditEntryV2) -> AuditEntryV3 {
        let AuditEntryV2 { at, who, act, about, peer } = old;
        AuditEntryV3 { at, who, act: act.into(), about, peer }
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
