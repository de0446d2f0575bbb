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
