//! Temporary accounts, and the records behind the links in notifications.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::terms::HandOff;

/// The data of a temporary account, in addition to its account record.
#[derive(Clone, Serialize, Deserialize)]
pub struct Temporary {
    /// The address as the first sender wrote it.
    pub address: String,
    pub sponsor: AccountId,
    pub hand_off: HandOff,
    /// Sealed under the daemon's own key; removed when the account is claimed.
    pub sealed_password: Option<Vec<u8>>,
    pub claimed: Option<Timestamp>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub warned: bool,
    pub messages: u32,
    /// Set while the account is being ended, with the reason: no one can sign in or renew it, and
    /// it accepts no messages.
    pub ending: Option<PickupEnd>,
}

/// The record behind a notification's link; it outlives the account, so that the link can explain
/// what happened.
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

/// Why an account no longer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupEnd {
    Expired,
    Revoked,
    Deleted,
}
