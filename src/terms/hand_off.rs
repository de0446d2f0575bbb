//! How an outsider gets the first password.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an outsider gets the first password (decision D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HandOff {
    /// The notification holds a password that opens one session; in it the outsider may choose a
    /// passphrase to come back with.
    Claim,
    /// The notification holds the password.
    InMail,
    /// The notification holds no password: the sender sees it and passes it on.
    BySender,
}

super::words!(HandOff { Claim => "claim", InMail => "in-mail", BySender => "by-sender" });

/// The state of the message that a notification's link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PickupState {
    /// Nobody has signed in to the temporary account yet.
    Waiting,
    /// The recipient has signed in with a one-time password, which is used up, and has chosen no
    /// passphrase.
    Visited,
    /// The recipient has a password or passphrase that stays valid.
    Claimed,
    /// The temporary account has expired.
    Expired,
    /// The sponsor or an administrator has revoked the temporary account.
    Revoked,
}

impl PickupState {
    /// Whether the temporary account exists.
    pub fn is_living(self) -> bool {
        matches!(self, PickupState::Waiting | PickupState::Visited | PickupState::Claimed)
    }
}

super::words!(PickupState {
    Waiting => "waiting",
    Visited => "visited",
    Claimed => "claimed",
    Expired => "expired",
    Revoked => "revoked",
});
