//! One line of the audit log, and the acts it knows.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    SignedIn,
    SignInRefused,
    SignedOut,
    PasswordChanged,
    RecoveryKeyMade,
    Recovered,
    SessionEnded,
    UserMade,
    UserDisabled,
    UserEnabled,
    UserChanged,
    ManagerMade,
    ManagerUnmade,
    HouseChanged,
    QueueRetried,
    QueueHeld,
    QueueDropped,
    TemporaryRenewed,
    TemporaryEnded,
    Confirmed,
    AppPasswordMade,
    PasskeyMade,
    CredentialRemoved,
    CodesOn,
    CodesOff,
}

impl Act {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::SignedIn => "signed-in",
            Act::SignInRefused => "sign-in-refused",
            Act::SignedOut => "signed-out",
            Act::PasswordChanged => "password-changed",
            Act::RecoveryKeyMade => "recovery-key-made",
            Act::Recovered => "recovered",
            Act::SessionEnded => "session-ended",
            Act::UserMade => "user-made",
            Act::UserDisabled => "user-disabled",
            Act::UserEnabled => "user-enabled",
            Act::UserChanged => "user-changed",
            Act::ManagerMade => "manager-made",
            Act::ManagerUnmade => "manager-unmade",
            Act::HouseChanged => "house-changed",
            Act::QueueRetried => "queue-retried",
            Act::QueueHeld => "queue-held",
            Act::QueueDropped => "queue-dropped",
            Act::TemporaryRenewed => "temporary-renewed",
            Act::TemporaryEnded => "temporary-ended",
            Act::Confirmed => "confirmed",
            Act::AppPasswordMade => "app-password-made",
            Act::PasskeyMade => "passkey-made",
            Act::CredentialRemoved => "credential-removed",
            Act::CodesOn => "codes-on",
            Act::CodesOff => "codes-off",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub at: Timestamp,
    /// Login name or address; as it was typed where the sign-in was refused.
    pub who: String,
    pub act: Act,
    /// The account, address or number it was done to.
    pub about: String,
    /// From where.
    pub peer: String,
}
