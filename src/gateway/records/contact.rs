//! The records of address books.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::AccountId;

/// A contact within its owner's address book.
pub type ContactId = [u8; 16];

/// A contact, sealed for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// Grows with each change.
    pub version: u32,
    /// When it was deleted, if that can still be undone.
    pub deleted: Option<Timestamp>,
    pub sealed: Vec<u8>,
}

/// A request to add a contact, which waits for the owner of an address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRequest {
    pub from: AccountId,
    pub at: Timestamp,
    /// From which the owner's keys derive the one that opens what is sealed.
    pub encapsulation: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// A request that an account sent to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactAsked {
    pub to: AccountId,
    pub at: Timestamp,
    pub outcome: Option<RequestOutcome>,
    /// What was asked, sealed for the sender.
    pub sealed: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestOutcome {
    Allowed,
    Refused,
}
