//! Entries of the audit log as earlier versions had them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::audit::{Act, AuditEntry};

/// The acts that version 5 of an entry knew, in the order of their numbers.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActV5 {
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
    BoardDeleted,
    BoardManagerNamed,
}

impl From<ActV5> for Act {
    fn from(old: ActV5) -> Act {
        match old {
            ActV5::SignedIn => Act::SignedIn,
            ActV5::SignInRefused => Act::SignInRefused,
            ActV5::SignedOut => Act::SignedOut,
            ActV5::PasswordChanged => Act::PasswordChanged,
            ActV5::RecoveryKeyCreated => Act::RecoveryKeyCreated,
            ActV5::Recovered => Act::Recovered,
            ActV5::SessionEnded => Act::SessionEnded,
            ActV5::UserCreated => Act::UserCreated,
            ActV5::UserDisabled => Act::UserDisabled,
            ActV5::UserEnabled => Act::UserEnabled,
            ActV5::UserChanged => Act::UserChanged,
            ActV5::ManagerGranted => Act::ManagerGranted,
            ActV5::ManagerRevoked => Act::ManagerRevoked,
            ActV5::SiteChanged => Act::SiteChanged,
            ActV5::QueueRetried => Act::QueueRetried,
            ActV5::QueueHeld => Act::QueueHeld,
            ActV5::QueueDropped => Act::QueueDropped,
            ActV5::TemporaryRenewed => Act::TemporaryRenewed,
            ActV5::TemporaryRevoked => Act::TemporaryRevoked,
            ActV5::Confirmed => Act::Confirmed,
            ActV5::AppPasswordCreated => Act::AppPasswordCreated,
            ActV5::PasskeyCreated => Act::PasskeyCreated,
            ActV5::CredentialRemoved => Act::CredentialRemoved,
            ActV5::TotpOn => Act::TotpOn,
            ActV5::TotpOff => Act::TotpOff,
            ActV5::CodeRefused => Act::CodeRefused,
            ActV5::RecoveryRefused => Act::RecoveryRefused,
            ActV5::ConfirmRefused => Act::ConfirmRefused,
            ActV5::PasskeyRefused => Act::PasskeyRefused,
            ActV5::RefusalsOmitted => Act::RefusalsOmitted,
            ActV5::KeysDiffer => Act::KeysDiffer,
            ActV5::GroupCreated => Act::GroupCreated,
            ActV5::GroupChanged => Act::GroupChanged,
            ActV5::GroupDeleted => Act::GroupDeleted,
            ActV5::GroupMemberAdded => Act::GroupMemberAdded,
            ActV5::GroupMemberRemoved => Act::GroupMemberRemoved,
            ActV5::GroupManagerGranted => Act::GroupManagerGranted,
            ActV5::GroupManagerRevoked => Act::GroupManagerRevoked,
            ActV5::UserRemoved => Act::UserRemoved,
            ActV5::AddressAdded => Act::AddressAdded,
            ActV5::AddressRemoved => Act::AddressRemoved,
            ActV5::SessionsEnded => Act::SessionsEnded,
            ActV5::BackedUp => Act::BackedUp,
            ActV5::Imported => Act::Imported,
            ActV5::TotpStopped => Act::TotpStopped,
            ActV5::TotpReset => Act::TotpReset,
            ActV5::BoardDeleted => Act::BoardDeleted,
            ActV5::BoardManagerNamed => Act::BoardManagerNamed,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditEntryV5 {
    at: Timestamp,
    who: String,
    act: ActV5,
    about: String,
    peer: String,
}

impl From<AuditEntryV5> for AuditEntry {
    fn from(old: AuditEntryV5) -> AuditEntry {
        let AuditEntryV5 { at, who, act, about, peer } = old;
        AuditEntry { at, who, act: act.into(), about, peer }
    }
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

impl From<ActV4> for ActV5 {
    fn from(old: ActV4) -> ActV5 {
        match old {
            ActV4::SignedIn => ActV5::SignedIn,
            ActV4::SignInRefused => ActV5::SignInRefused,
            ActV4::SignedOut => ActV5::SignedOut,
            ActV4::PasswordChanged => ActV5::PasswordChanged,
            ActV4::RecoveryKeyCreated => ActV5::RecoveryKeyCreated,
            ActV4::Recovered => ActV5::Recovered,
            ActV4::SessionEnded => ActV5::SessionEnded,
            ActV4::UserCreated => ActV5::UserCreated,
            ActV4::UserDisabled => ActV5::UserDisabled,
            ActV4::UserEnabled => ActV5::UserEnabled,
            ActV4::UserChanged => ActV5::UserChanged,
            ActV4::ManagerGranted => ActV5::ManagerGranted,
            ActV4::ManagerRevoked => ActV5::ManagerRevoked,
            ActV4::SiteChanged => ActV5::SiteChanged,
            ActV4::QueueRetried => ActV5::QueueRetried,
            ActV4::QueueHeld => ActV5::QueueHeld,
            ActV4::QueueDropped => ActV5::QueueDropped,
            ActV4::TemporaryRenewed => ActV5::TemporaryRenewed,
            ActV4::TemporaryRevoked => ActV5::TemporaryRevoked,
            ActV4::Confirmed => ActV5::Confirmed,
            ActV4::AppPasswordCreated => ActV5::AppPasswordCreated,
            ActV4::PasskeyCreated => ActV5::PasskeyCreated,
            ActV4::CredentialRemoved => ActV5::CredentialRemoved,
            ActV4::TotpOn => ActV5::TotpOn,
            ActV4::TotpOff => ActV5::TotpOff,
            ActV4::CodeRefused => ActV5::CodeRefused,
            ActV4::RecoveryRefused => ActV5::RecoveryRefused,
            ActV4::ConfirmRefused => ActV5::ConfirmRefused,
            ActV4::PasskeyRefused => ActV5::PasskeyRefused,
            ActV4::RefusalsOmitted => ActV5::RefusalsOmitted,
            ActV4::KeysDiffer => ActV5::KeysDiffer,
            ActV4::GroupCreated => ActV5::GroupCreated,
            ActV4::GroupChanged => ActV5::GroupChanged,
            ActV4::GroupDeleted => ActV5::GroupDeleted,
            ActV4::GroupMemberAdded => ActV5::GroupMemberAdded,
            ActV4::GroupMemberRemoved => ActV5::GroupMemberRemoved,
            ActV4::GroupManagerGranted => ActV5::GroupManagerGranted,
            ActV4::GroupManagerRevoked => ActV5::GroupManagerRevoked,
            ActV4::UserRemoved => ActV5::UserRemoved,
            ActV4::AddressAdded => ActV5::AddressAdded,
            ActV4::AddressRemoved => ActV5::AddressRemoved,
            ActV4::SessionsEnded => ActV5::SessionsEnded,
            ActV4::BackedUp => ActV5::BackedUp,
            ActV4::Imported => ActV5::Imported,
            ActV4::TotpStopped => ActV5::TotpStopped,
            ActV4::TotpReset => ActV5::TotpReset,
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

impl From<AuditEntryV4> for AuditEntryV5 {
    fn from(old: AuditEntryV4) -> AuditEntryV5 {
        let AuditEntryV4 { at, who, act, about, peer } = old;
        AuditEntryV5 { at, who, act: act.into(), about, peer }
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
