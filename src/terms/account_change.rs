//! What happened to the ways into an account, as its owner is told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened to the ways into an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountChange {
    PasswordChanged,
    /// A new password was set with the recovery key.
    Recovered,
    RecoveryKeyCreated,
    AppPasswordCreated,
    AppPasswordRemoved,
    PasskeyCreated,
    PasskeyRemoved,
    TotpOn,
    TotpOff,
    /// Somebody signed in from a network that was not known.
    SignedIn,
}

super::words!(AccountChange {
    PasswordChanged => "password-changed",
    Recovered => "recovered",
    RecoveryKeyCreated => "recovery-key-created",
    AppPasswordCreated => "app-password-created",
    AppPasswordRemoved => "app-password-removed",
    PasskeyCreated => "passkey-created",
    PasskeyRemoved => "passkey-removed",
    TotpOn => "totp-on",
    TotpOff => "totp-off",
    SignedIn => "signed-in",
});
