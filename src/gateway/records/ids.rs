//! Identifiers of accounts, messages, mailboxes and other objects that records refer to.

use serde::{Deserialize, Serialize};

/// Identifies an account; random, so that it reveals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub [u8; 16]);

impl AccountId {
    /// The text form used by the API: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl crate::store::Key for AccountId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        crate::store::Key::read(bytes).map(AccountId)
    }
}

/// Identifies a group; random, but for the group of everybody inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub [u8; 16]);

impl GroupId {
    /// The group of everybody inside, whose members are computed.
    pub const EVERYBODY: GroupId = GroupId([0; 16]);

    /// The text form used by the API: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl crate::store::Key for GroupId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        crate::store::Key::read(bytes).map(GroupId)
    }
}

/// Identifies a board; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BoardId(pub [u8; 16]);

impl BoardId {
    /// The text form used by the API: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl crate::store::Key for BoardId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        crate::store::Key::read(bytes).map(BoardId)
    }
}

/// Identifies a keyring; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RingId(pub [u8; 16]);

impl crate::store::Key for RingId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        crate::store::Key::read(bytes).map(RingId)
    }
}

/// A reference number as a key.
pub type ReferenceKey = [u8; 16];
/// A mailbox within its account.
pub type MailboxId = u32;
/// A conversation within its account: the reference number of its first message there.
pub type ConversationId = ReferenceKey;
/// A label within its account.
pub type LabelId = u16;
/// A draft within its account.
pub type DraftId = [u8; 16];
/// An upload within its account.
pub type UploadId = [u8; 16];
