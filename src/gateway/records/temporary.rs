//! Temporary accounts, and the records behind the links in notifications.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::terms::HandOff;

/// The additional facts of a temporary account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Temporary {
    /// The address as the first sender wrote it.
    pub address: String,
    pub sponsor: AccountId,
    pub hand_off: HandOff,
    /// The initial password under the daemon's own key, until the account is claimed.
    pub sealed_password: Option<Vec<u8>>,
    pub claimed: Option<Timestamp>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub warned: bool,
    pub messages: u32,
    /// The account is being deleted, for this reason: it cannot sign in, be renewed or receive
    /// mail.
    pub ending: Option<PickupEnd>,
}

/// The target of a notification's link; it outlives the account, so that the link can explain why.
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

/// Why an account was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupEnd {
    Expired,
    Revoked,
    Deleted,
}
