//! What ends for the keyrings of an account or of a group when its keys change, or it goes.

use std::ops::ControlFlow;

use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::{AccountId, RingId};
use crate::gateway::records::keyring::{KeysChanged, RingEntry};
use crate::gateway::records::tables::{
    KEYS_CHANGED, RING_ENTRIES, RING_SEEN, RING_WRAPS, RINGS, RINGS_OF,
};
use crate::store::{Read, Tx};

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
