//! Role mailboxes: which group reads one, who of it did what with a message, and the keys for what comes
//! between two epochs of the group.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, GroupId, ReferenceKey};

/// A mailbox that a group reads together. Its mail is kept as that of an account, which has no
/// credentials and no keys of its own: its pairs are the epochs of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleMailbox {
    pub group: GroupId,
    /// In normalised form.
    pub address: String,
    pub since: Timestamp,
    /// The first epoch of the group that anything is sealed under.
    pub first_epoch: u32,
    /// It takes nothing more: what it holds is being deleted.
    pub ending: bool,
}

/// What members did with one message of a role mailbox, the first act first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleActs {
    pub acts: Vec<RoleAct>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAct {
    pub kind: RoleActKind,
    pub who: AccountId,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleActKind {
    Read,
    /// This message answers it.
    Answered(ReferenceKey),
    /// This message passes it on.
    Forwarded(ReferenceKey),
    /// Wrote the message itself, which answers or passes on this one.
    Wrote(Option<ReferenceKey>),
}

/// A pair for what arrives after an epoch of the group became due and before the next one begins. Its
/// number is that of one of the mailbox's pairs, with the highest bit set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleInterim {
    /// The version of the group whose members it was drawn for.
    pub version: u32,
    #[serde(with = "serde_bytes")]
    pub public: Vec<u8>,
    /// The private half, for each member, until it is sealed under an epoch.
    pub wraps: Vec<(AccountId, Vec<u8>)>,
    /// The private half, sealed under this epoch of the group.
    pub sealed: Option<(u32, Vec<u8>)>,
}
