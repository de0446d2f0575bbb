//! Temporary accounts, and what the link in a notification leads to.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::terms::HandOff;

/// What makes an account temporary.
#[derive(Clone, Serialize, Deserialize)]
pub struct Temporary {
    /// As the first sender wrote it.
    pub address: String,
    pub sponsor: AccountId,
    pub hand_off: HandOff,
    /// Under the daemon's own key, until it is claimed.
    pub sealed_password: Option<Vec<u8>>,
    pub claimed: Option<Timestamp>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub warned: bool,
    pub messages: u32,
    /// It is being ended, for this reason: nobody signs in, renews it, or gets a message there.
    pub ending: Option<PickupEnd>,
}

/// What a notification's link leads to; outlives the account, to explain itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pickup {
    pub account: AccountId,
    pub message: ReferenceKey,
    pub sender: AccountId,
    pub sent: Timestamp,
    pub until: Timestamp,
    pub end: Option<PickupEnd>,
    pub asked: Option<Timestamp>,
}

/// Why an account is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupEnd {
    Expired,
    Revoked,
    Deleted,
}
