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
    /// The password that the next notification brings, sealed under the daemon's own key. Removed
    /// once nobody needs to be sent one: see [`Temporary::opens_by`].
    #[serde(with = "serde_bytes")]
    pub sealed_password: Option<Vec<u8>>,
    /// The first sign-in.
    pub claimed: Option<Timestamp>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub warned: bool,
    pub messages: u32,
    /// Set while the account is being ended, with the reason: no one can sign in or renew it, and
    /// it accepts no messages.
    pub ending: Option<PickupEnd>,
}

/// What opens a temporary account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpensBy {
    /// A password that opens one session and is then replaced by another.
    OneTime,
    /// The password in the mail, for as long as the account exists.
    InMail,
    /// What its owner chose.
    Own,
}

impl Temporary {
    /// What opens the account.
    pub fn opens_by(&self) -> OpensBy {
        match (self.hand_off, &self.sealed_password) {
            (HandOff::InMail, _) => OpensBy::InMail,
            (HandOff::Claim | HandOff::BySender, Some(_)) => OpensBy::OneTime,
            (HandOff::Claim | HandOff::BySender, None) => OpensBy::Own,
        }
    }
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
    /// When the outsider asked: for this notification, for help with a forgotten passphrase, or for
    /// the message again.
    pub asked: Option<Timestamp>,
}

/// Why an account no longer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupEnd {
    Expired,
    Revoked,
    Deleted,
}
