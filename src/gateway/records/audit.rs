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

/// The acts that version 4 of an entry knew, in the order of their numbers.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActV4 {
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
    UserRemoved,
    AddressAdded,
    AddressRemoved,
    SessionsEnded,
    BackedUp,
    Imported,
    TotpStopped,
    TotpReset,
}

impl From<ActV4> for Act {
    fn from(old: ActV4) -> Act {
        match old {
            ActV4::SignedIn => Act::SignedIn,
            ActV4::SignInRefused => Act::SignInRefused,
            ActV4::SignedOut => Act::SignedOut,
            ActV4::PasswordChanged => Act::PasswordChanged,
            ActV4::RecoveryKeyCreated => Act::RecoveryKeyCreated,
            ActV4::Recovered => Act::Recovered,
            ActV4::SessionEnded => Act::SessionEnded,
            ActV4::UserCreated => Act::UserCreated,
            ActV4::UserDisabled => Act::UserDisabled,
            ActV4::UserEnabled => Act::UserEnabled,
            ActV4::UserChanged => Act::UserChanged,
            ActV4::ManagerGranted => Act::ManagerGranted,
            ActV4::ManagerRevoked => Act::ManagerRevoked,
            ActV4::SiteChanged => Act::SiteChanged,
            ActV4::QueueRetried => Act::QueueRetried,
            ActV4::QueueHeld => Act::QueueHeld,
            ActV4::QueueDropped => Act::QueueDropped,
            ActV4::TemporaryRenewed => Act::TemporaryRenewed,
            ActV4::TemporaryRevoked => Act::TemporaryRevoked,
            ActV4::Confirmed => Act::Confirmed,
            ActV4::AppPasswordCreated => Act::AppPasswordCreated,
            ActV4::PasskeyCreated => Act::PasskeyCreated,
            ActV4::CredentialRemoved => Act::CredentialRemoved,
            ActV4::TotpOn => Act::TotpOn,
            ActV4::TotpOff => Act::TotpOff,
            ActV4::CodeRefused => Act::CodeRefused,
            ActV4::RecoveryRefused => Act::RecoveryRefused,
            ActV4::ConfirmRefused => Act::ConfirmRefused,
            ActV4::PasskeyRefused => Act::PasskeyRefused,
            ActV4::RefusalsOmitted => Act::RefusalsOmitted,
            ActV4::KeysDiffer => Act::KeysDiffer,
            ActV4::GroupCreated => Act::GroupCreated,
            ActV4::GroupChanged => Act::GroupChanged,
            ActV4::GroupDeleted => Act::GroupDeleted,
            ActV4::GroupMemberAdded => Act::GroupMemberAdded,
            ActV4::GroupMemberRemoved => Act::GroupMemberRemoved,
            ActV4::GroupManagerGranted => Act::GroupManagerGranted,
            ActV4::GroupManagerRevoked => Act::GroupManagerRevoked,
            ActV4::UserRemoved => Act::UserRemoved,
            ActV4::AddressAdded => Act::AddressAdded,
            ActV4::AddressRemoved => Act::AddressRemoved,
            ActV4::SessionsEnded => Act::SessionsEnded,
            ActV4::BackedUp => Act::BackedUp,
            ActV4::Imported => Act::Imported,
            ActV4::TotpStopped => Act::TotpStopped,
            ActV4::TotpReset => Act::TotpReset,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditEntryV4 {
    at: Timestamp,
    who: String,
    act: ActV4,
    about: String,
    peer: String,
}

impl From<AuditEntryV4> for AuditEntry {
    fn from(old: AuditEntryV4) -> AuditEntry {
        let AuditEntryV4 { at, who, act, about, peer } = old;
        AuditEntry { at, who, act: act.into(), about, peer }
    }
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

impl From<ActV3> for ActV4 {
    fn from(old: ActV3) -> ActV4 {
        match old {
            ActV3::SignedIn => ActV4::SignedIn,
            ActV3::SignInRefused => ActV4::SignInRefused,
            ActV3::SignedOut => ActV4::SignedOut,
            ActV3::PasswordChanged => ActV4::PasswordChanged,
            ActV3::RecoveryKeyCreated => ActV4::RecoveryKeyCreated,
            ActV3::Recovered => ActV4::Recovered,
            ActV3::SessionEnded => ActV4::SessionEnded,
            ActV3::UserCreated => ActV4::UserCreated,
            ActV3::UserDisabled => ActV4::UserDisabled,
            ActV3::UserEnabled => ActV4::UserEnabled,
            ActV3::UserChanged => ActV4::UserChanged,
            ActV3::ManagerGranted => ActV4::ManagerGranted,
            ActV3::ManagerRevoked => ActV4::ManagerRevoked,
            ActV3::SiteChanged => ActV4::SiteChanged,
            ActV3::QueueRetried => ActV4::QueueRetried,
            ActV3::QueueHeld => ActV4::QueueHeld,
            ActV3::QueueDropped => ActV4::QueueDropped,
            ActV3::TemporaryRenewed => ActV4::TemporaryRenewed,
            ActV3::TemporaryRevoked => ActV4::TemporaryRevoked,
            ActV3::Confirmed => ActV4::Confirmed,
            ActV3::AppPasswordCreated => ActV4::AppPasswordCreated,
            ActV3::PasskeyCreated => ActV4::PasskeyCreated,
            ActV3::CredentialRemoved => ActV4::CredentialRemoved,
            ActV3::TotpOn => ActV4::TotpOn,
            ActV3::TotpOff => ActV4::TotpOff,
            ActV3::CodeRefused => ActV4::CodeRefused,
            ActV3::RecoveryRefused => ActV4::RecoveryRefused,
            ActV3::ConfirmRefused => ActV4::ConfirmRefused,
            ActV3::PasskeyRefused => ActV4::PasskeyRefused,
            ActV3::RefusalsOmitted => ActV4::RefusalsOmitted,
            ActV3::KeysDiffer => ActV4::KeysDiffer,
            ActV3::GroupCreated => ActV4::GroupCreated,
            ActV3::GroupChanged => ActV4::GroupChanged,
            ActV3::GroupDeleted => ActV4::GroupDeleted,
            ActV3::GroupMemberAdded => ActV4::GroupMemberAdded,
            ActV3::GroupMemberRemoved => ActV4::GroupMemberRemoved,
            ActV3::GroupManagerGranted => ActV4::GroupManagerGranted,
            ActV3::GroupManagerRevoked => ActV4::GroupManagerRevoked,
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

impl From<AuditEntryV3> for AuditEntryV4 {
    fn from(old: AuditEntryV3) -> AuditEntryV4 {
        let AuditEntryV3 { at, who, act, about, peer } = old;
        AuditEntryV4 { at, who, act: act.into(), about, peer }
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
