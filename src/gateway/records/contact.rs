//! The records of address books.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::AccountId;

/// A contact within its owner's address book.
pub type ContactId = [u8; 16];

/// Stands in the place of a contact in the rows about an address book as a whole.
pub const BOOK: ContactId = [0; 16];

/// Whom a row is for: an account, or a group.
pub type ReaderKey = [u8; 16];

/// A contact, sealed for its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// Grows with each change.
    pub version: u32,
    /// When it was deleted, if that can still be undone.
    pub deleted: Option<Timestamp>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// `None` if nobody else sees it.
    pub sharing: Option<ContactSharing>,
}

/// How long a contact that was deleted can be restored, in seconds.
pub const DELETED_KEPT_SECS: i64 = 24 * 3_600;

impl ContactRow {
    /// When a contact that was deleted is removed for good.
    pub fn due(&self) -> Option<u64> {
        let at = self.deleted?.plus_secs(DELETED_KEPT_SECS);
        Some(u64::try_from(at.0).unwrap_or_default())
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ContactRowV1 {
    version: u32,
    deleted: Option<Timestamp>,
    #[serde(with = "serde_bytes")]
    sealed: Vec<u8>,
}

impl From<ContactRowV1> for ContactRow {
    fn from(ContactRowV1 { version, deleted, sealed }: ContactRowV1) -> ContactRow {
        ContactRow { version, deleted, sealed, sharing: None }
    }
}

/// That a contact is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactSharing {
    /// With whom, sealed for the owner.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// How many octets the rows of its readers are.
    pub octets: u64,
}

/// What one reader sees of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactShared {
    /// The contact's version.
    pub version: u32,
    /// The fields that the reader may change, a bit for each.
    pub edit: u16,
    /// The epoch that it is sealed under, if it is for a group.
    pub under: Option<Under>,
    /// From which the reader's keys derive the one that opens what is sealed, if it is for a person.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// That a whole address book is shared: the owner's row, or that of one reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactBook {
    /// Grows with each change by the owner; a reader's copies are those of the one that it names.
    pub generation: u32,
    /// The fields that the reader may change, a bit for each.
    pub edit: u16,
    /// The part of the contacts of which the owner's session makes copies next, while some are due.
    pub due: Option<u8>,
    /// The keys of groups under which these copies are made, or all were.
    pub under: Vec<Under>,
    /// Copies that nobody reads any more: whose they were, and of which generation.
    pub over: Vec<(ReaderKey, u32)>,
    /// With whom, sealed for the owner; empty in the row of a reader.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// A change of a contact by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactEdit {
    pub by: AccountId,
    pub contact: ContactId,
    pub at: Timestamp,
    pub kind: EditKind,
    /// The version of the contact that was edited.
    pub over: u32,
    /// The fields that it changes, a bit for each.
    pub fields: u16,
    /// `None` while it waits for the owner's session.
    pub outcome: Option<EditOutcome>,
    /// From which the owner's keys derive the one that opens what is sealed, while it waits.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// The same for its author, while it waits.
    #[serde(with = "serde_bytes")]
    pub sealed_own: Vec<u8>,
}

/// Whether a change waits, or has ended: a part of its key.
pub const EDIT_WAITS: u8 = 0;
pub const EDIT_ENDED: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditKind {
    Change,
    Add,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditOutcome {
    Applied,
    /// The same field was changed by somebody else: it is kept beside what is there.
    Clashed,
    /// Its author might not, when the owner's session looked at it.
    Refused,
    /// It was applied, and the owner undid it.
    Undone,
}

/// A request to add a contact, which waits for the owner of an address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRequest {
    pub from: AccountId,
    pub at: Timestamp,
    /// From which the owner's keys derive the one that opens what is sealed.
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// A request that an account sent to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactAsked {
    pub to: AccountId,
    pub at: Timestamp,
    pub outcome: Option<RequestOutcome>,
    /// What was asked, sealed for the sender.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestOutcome {
    Allowed,
    Refused,
}
