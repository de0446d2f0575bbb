//! The end of a keyring.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed;
use crate::gateway::records::ids::{AccountId, RingId};
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::tables::{
    RING_ENTRIES, RING_EPOCHS, RING_SEEN, RING_WRAPS, RINGS, RINGS_OF,
};
use crate::store::{Key, Read, Record, Table, Tx};

/// How many rows one transaction of a deletion removes.
const ROWS_DELETED_MAX: usize = 5_000;

impl Gateway {
    /// Deletes a keyring whose entries have all been accounts, some rows in each transaction.
    pub(in crate::gateway) fn keyring_of_accounts_destroy(
        &self,
        ring: RingId,
    ) -> Result<(), Error> {
        if !self.inner.store.has(&RINGS, &ring)? {
            return Ok(());
        }
        let some = move |tx: &mut feed::tx::Tx<'_, '_>| {
            ring_of_accounts_out_in_tx(tx, ring, ROWS_DELETED_MAX)
        };
        while !self.transact(some).wait()?.is_all {}
        Ok(())
    }

    /// Deletes a keyring, some rows in each transaction. It is called while the thing that had it is marked
    /// as ending, so that a start after a kill calls it again; the keyring's own row goes last.
    pub(in crate::gateway) fn keyring_destroy(&self, ring: RingId) -> Result<(), Error> {
        if !self.inner.store.has(&RINGS, &ring)? {
            return Ok(());
        }
        let some = move |tx: &mut feed::tx::Tx<'_, '_>| destroyed_in_tx(tx, ring, ROWS_DELETED_MAX);
        while !self.transact(some).wait()?.is_all {}
        // Those of members of its groups are left. Without an entry nobody adds to these.
        loop {
            let mut seen: Vec<(AccountId, RingId)> = Vec::new();
            self.inner.store.scan_keys(&RING_SEEN, &(), |key| {
                seen.extend((key.1 == ring).then_some(key));
                match seen.len() < ROWS_DELETED_MAX {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            let is_last = seen.len() < ROWS_DELETED_MAX;
            let done = self.transact(move |tx| {
                seen.iter().for_each(|key| tx.delete(&RING_SEEN, key));
                if is_last {
                    tx.delete(&RINGS, &ring);
                }
                Ok::<_, Error>(())
            });
            done.wait()?;
            if is_last {
                return Ok(());
            }
        }
    }
}

/// What one transaction removed of a keyring.
pub(in crate::gateway) struct Removed {
    pub rows: usize,
    /// Whether nothing is left but its own row, which has no entries then.
    pub is_all: bool,
}

/// Removes some rows of a keyring whose entries have all been accounts, and its own row with the last of
/// them.
pub(in crate::gateway) fn ring_of_accounts_out_in_tx(
    tx: &mut Tx<'_>,
    ring: RingId,
    rows_max: usize,
) -> Result<Removed, Error> {
    let removed = destroyed_in_tx(tx, ring, rows_max)?;
    if removed.is_all {
        tx.delete(&RINGS, &ring);
    }
    Ok(removed)
}

/// Removes some rows of a keyring: its wraps first, then its epochs, then its entries with what they saw.
fn destroyed_in_tx(tx: &mut Tx<'_>, ring: RingId, rows_max: usize) -> Result<Removed, Error> {
    let mut gone = 0;
    clear_in_tx(tx, &RING_WRAPS, ring, (&mut gone, rows_max))?;
    clear_in_tx(tx, &RING_EPOCHS, ring, (&mut gone, rows_max))?;
    let mut entries = Vec::new();
    tx.scan_keys(&RING_ENTRIES, &ring, |(_, entry)| {
        if gone + entries.len() >= rows_max {
            return ControlFlow::Break(());
        }
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    for entry in &entries {
        tx.delete(&RING_ENTRIES, &(ring, *entry));
        tx.delete(&RINGS_OF, &(*entry, ring));
        if let RingEntry::Account(account) = entry {
            tx.delete(&RING_SEEN, &(*account, ring));
        }
    }
    let rows = gone + entries.len();
    if rows >= rows_max {
        return Ok(Removed { rows, is_all: false });
    }
    if let Some(mut row) = readable(tx.get(&RINGS, &ring))?.flatten() {
        (row.accounts, row.groups, row.due) = (0, Vec::new(), true);
        row.version = row.version.wrapping_add(1);
        tx.put(&RINGS, &ring, &row)?;
    }
    Ok(Removed { rows, is_all: true })
}

/// Deletes rows of a keyring, until as many are gone as one transaction removes.
fn clear_in_tx<K: Key, V: Record>(
    tx: &mut Tx<'_>,
    table: &'static Table<K, V>,
    ring: RingId,
    (gone, rows_max): (&mut usize, usize),
) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(table, &ring, |key| {
        if *gone + keys.len() >= rows_max {
            return ControlFlow::Break(());
        }
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    *gone += keys.len();
    keys.iter().for_each(|key| tx.delete(table, key));
    Ok(())
}
