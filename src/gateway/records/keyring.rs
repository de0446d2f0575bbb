//! Keyrings: the epochs of their secrets, and for whom each is wrapped.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::tables::{
    KEYS_CHANGED, RING_ENTRIES, RING_SEEN, RING_WRAPS, RINGS, RINGS_OF,
};
use crate::store::{Key, Read, Tx};

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

/// Has each keyring look at its accounts before anything more is sealed under it.
pub(in crate::gateway) fn keys_changed_in_tx(tx: &mut Tx<'_>) -> Result<(), Error> {
    let KeysChanged(count) = tx.get(&KEYS_CHANGED, &())?.unwrap_or_default();
    Ok(tx.put(&KEYS_CHANGED, &(), &KeysChanged(count.wrapping_add(1)))?)
}

/// Takes an entry out of a keyring with all its wraps, and ends the epoch in use: for who leaves or goes,
/// in the transaction in which that happens. It needs no keys.
pub(in crate::gateway) fn removed_in_tx(
    tx: &mut Tx<'_>,
    ring: RingId,
    entry: RingEntry,
) -> Result<(), Error> {
    ended_in_tx(tx, ring, entry)?;
    entry_out_in_tx(tx, ring, entry)
}

/// The entry is none any more, and the epoch in use is due; its wraps are still there.
fn ended_in_tx(tx: &mut Tx<'_>, ring: RingId, entry: RingEntry) -> Result<(), Error> {
    if !tx.has(&RING_ENTRIES, &(ring, entry))? {
        return Ok(());
    }
    tx.delete(&RING_ENTRIES, &(ring, entry));
    // A keyring that cannot be read is in nobody's way.
    let Some(mut row) = readable(tx.get(&RINGS, &ring))?.flatten() else { return Ok(()) };
    row.without(entry);
    row.due = true;
    row.version = row.version.wrapping_add(1);
    Ok(tx.put(&RINGS, &ring, &row)?)
}

/// The rows of an entry that goes.
pub(in crate::gateway) fn entry_out_in_tx(
    tx: &mut Tx<'_>,
    ring: RingId,
    entry: RingEntry,
) -> Result<(), Error> {
    wraps_out_in_tx(tx, (ring, entry), usize::MAX)?;
    tx.delete(&RING_ENTRIES, &(ring, entry));
    tx.delete(&RINGS_OF, &(entry, ring));
    if let RingEntry::Account(account) = entry {
        tx.delete(&RING_SEEN, &(account, ring));
    }
    Ok(())
}

/// Deletes wraps of an entry; returns how many.
fn wraps_out_in_tx(
    tx: &mut Tx<'_>,
    (ring, entry): (RingId, RingEntry),
    room: usize,
) -> Result<usize, Error> {
    let mut wraps = Vec::new();
    tx.scan_keys(&RING_WRAPS, &(ring, entry), |key| {
        if wraps.len() == room {
            return ControlFlow::Break(());
        }
        wraps.push(key);
        ControlFlow::Continue(())
    })?;
    wraps.iter().for_each(|key| tx.delete(&RING_WRAPS, key));
    Ok(wraps.len())
}

/// Takes an entry out of some of its keyrings; returns how many rows were removed. It is an entry no more
/// at once; the row that names the keyring goes with the last of its wraps.
pub(in crate::gateway) fn removed_from_some_in_tx(
    tx: &mut Tx<'_>,
    entry: RingEntry,
    room: usize,
) -> Result<usize, Error> {
    let mut gone = 0;
    for ring in rings_of(tx, entry, room)? {
        if gone >= room {
            break;
        }
        ended_in_tx(tx, ring, entry)?;
        gone += 1;
        let left = room - gone;
        let wraps = wraps_out_in_tx(tx, (ring, entry), left)?;
        gone += wraps;
        if wraps < left {
            entry_out_in_tx(tx, ring, entry)?;
        }
    }
    Ok(gone)
}

/// The first keyrings of an entry.
fn rings_of(tx: &Tx<'_>, entry: RingEntry, most: usize) -> Result<Vec<RingId>, Error> {
    let mut rings = Vec::new();
    tx.scan_keys(&RINGS_OF, &entry, |(_, ring)| {
        if rings.len() == most {
            return ControlFlow::Break(());
        }
        rings.push(ring);
        ControlFlow::Continue(())
    })?;
    Ok(rings)
}

/// An account begins with other keys, and what was wrapped or sealed for those before is lost. It stays an
/// entry, and waits.
pub(in crate::gateway) fn keys_lost_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    let entry = RingEntry::Account(account);
    for ring in rings_of(tx, entry, usize::MAX)? {
        wraps_out_in_tx(tx, (ring, entry), usize::MAX)?;
        let Some(mut row) = readable(tx.get(&RINGS, &ring))?.flatten() else { continue };
        // The keys before opened the epoch in use.
        row.due = true;
        row.version = row.version.wrapping_add(1);
        tx.put(&RINGS, &ring, &row)?;
    }
    let mut seen = Vec::new();
    tx.scan_keys(&RING_SEEN, &account, |key| {
        seen.push(key);
        ControlFlow::Continue(())
    })?;
    seen.iter().for_each(|key| tx.delete(&RING_SEEN, key));
    keys_changed_in_tx(tx)
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
