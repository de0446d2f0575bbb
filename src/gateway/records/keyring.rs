//! Keyrings: the epochs of their secrets, and for whom each is wrapped.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::store::Key;

/// An epoch of a keyring that something is sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RingUnder {
    pub ring: RingId,
    pub epoch: u32,
}

/// For whom the secret of a keyring is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RingEntry {
    Account(AccountId),
    Group(GroupId),
}

/// A keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The epoch in use; the first is 1.
    pub epoch: u32,
    /// Whether somebody who holds the epoch in use may no longer read: nothing more is sealed under it.
    pub due: bool,
    /// How often the keyring changed.
    pub version: u32,
    /// Whether who is added later opens what was sealed before.
    pub shares_earlier: bool,
    /// The first epoch that later entries may open, if any.
    pub shares_from: u32,
    /// The first epoch that the one in use leads back to.
    pub chain_from: u32,
    /// The count of changed keys of accounts ([`KeysChanged`]) up to which its entries were looked at.
    pub looked_at: u64,
    /// How many accounts are entries.
    pub accounts: u32,
    /// The groups that are entries, each with its epoch that the secret in use is wrapped for; 0 if it
    /// still waits.
    pub groups: Vec<(GroupId, u32)>,
}

/// An epoch of a keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingEpoch {
    /// By which a holder knows the secret again.
    pub commitment: [u8; 32],
    pub began: Timestamp,
    /// The secret of the epoch before, if later entries may open it.
    #[serde(with = "serde_bytes")]
    pub sealed_earlier: Option<Vec<u8>>,
    /// Shows to who holds the epoch before that one of its holders began this one.
    #[serde(with = "serde_bytes")]
    pub proof: Option<Vec<u8>>,
    /// The secret of the epoch a hundred before, at each hundredth one that leads back that far.
    #[serde(with = "serde_bytes")]
    pub sealed_far: Option<Vec<u8>>,
}

/// The secret of an epoch, wrapped for one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingWrap {
    #[serde(with = "serde_bytes")]
    pub wrapped: Vec<u8>,
    /// The group's epoch that it is wrapped for; 0 for an account.
    pub epoch: u32,
    /// The digest of the public half that it is wrapped for.
    pub public: [u8; 16],
}

/// How often the keys of any account changed, or an account began or ceased to be able to use them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysChanged(pub u64);

impl RingEntry {
    /// The entry's octets, as bindings and keys have them.
    pub(in crate::gateway) fn octets(self) -> [u8; 17] {
        let (kind, id) = match self {
            RingEntry::Account(account) => (0, account.0),
            RingEntry::Group(group) => (1, group.0),
        };
        let mut octets = [kind; 17];
        octets[1..].copy_from_slice(&id);
        octets
    }
}

impl Key for RingEntry {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let [kind] = Key::read(bytes)?;
        match kind {
            0_u8 => Key::read(bytes).map(RingEntry::Account),
            1 => Key::read(bytes).map(RingEntry::Group),
            _ => None,
        }
    }
}

impl Ring {
    /// Counts an entry no more.
    pub(in crate::gateway) fn without(&mut self, entry: RingEntry) {
        match entry {
            RingEntry::Account(_) => self.accounts = self.accounts.saturating_sub(1),
            RingEntry::Group(group) => self.groups.retain(|(one, _)| *one != group),
        }
    }
}
