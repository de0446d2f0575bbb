//! What features use to seal something under a keyring, and to open it.
//!
//! What is sealed names the epoch that it is sealed under ([`RingUnder`]). The transaction that stores it
//! calls [`still_sealed_in_tx`]: an epoch that became due meanwhile is used no more.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::epochs::Keys;
use crate::gateway::groups::view::KeysState;
use crate::gateway::records::ids::{GroupId, RingId};
use crate::gateway::records::keyring::{KeysChanged, Ring, RingEntry, RingUnder, RingWrap};
use crate::gateway::records::tables::{
    GROUPS, KEYS_CHANGED, RING_ENTRIES, RING_EPOCHS, RING_SEEN, RING_WRAPS, RINGS, RINGS_OF,
};
use crate::store::{Key, Read, Record, Table, Tx};
use crate::vault::{RingSecret, short_digest};

/// How often sealing is tried again when the keyring changed meanwhile.
const TRIES: usize = 5;

/// How many rows one transaction of a deletion removes.
const ROWS_DELETED_MAX: usize = 5_000;

pub(super) const NO_RING: Error = Error::NotFound { what: "keyring" };

/// Epochs that were opened during one request, or one stream: a page of posts costs one unwrapping for
/// each epoch.
#[derive(Default)]
pub(in crate::gateway) struct RingKeys {
    opened: HashMap<RingUnder, Arc<RingSecret>>,
}

/// How many epochs are kept opened at once.
const KEPT_MAX: usize = 1_000;

/// What a keyring needs before something is sealed under it.
enum Need {
    /// The next epoch.
    Epoch,
    /// Wraps for entries that have none, where there are any; the accounts were looked at.
    Wraps(Vec<RingEntry>),
    Nothing,
}

/// What a step found.
enum Tended {
    Ready(RingUnder, RingSecret),
    /// Something was done, or changed meanwhile: look again.
    Changed,
}

impl Gateway {
    /// The epoch in which an entry seals something now. One that is due is followed by another first, and
    /// entries that wait get their wraps.
    pub(in crate::gateway) fn keyring_sealing(
        &self,
        actor: &Actor,
        ring: RingId,
    ) -> Result<(RingUnder, RingSecret), Error> {
        for _ in 0..TRIES {
            match self.ring_tend(actor, ring)? {
                Tended::Ready(under, secret) => return Ok((under, secret)),
                Tended::Changed => {}
            }
        }
        Err(Error::Busy)
    }

    /// Opens the epoch that something was sealed under.
    pub(in crate::gateway) fn keyring_opening(
        &self,
        actor: &Actor,
        under: RingUnder,
    ) -> Result<RingSecret, Error> {
        let row = self.inner.store.get(&RINGS, &under.ring)?.ok_or(NO_RING)?;
        match self.ring_keys(actor, (under.ring, &row), under.epoch)? {
            Keys::Held(secret) => Ok(secret),
            Keys::Waiting | Keys::Unproven => Err(Error::Conflict(Conflict::GroupKeysWait)),
            Keys::Differ => Err(Error::KeysDiffer),
        }
    }

    /// The same, from what was opened before if it is there.
    pub(in crate::gateway) fn keyring_opening_in(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        under: RingUnder,
    ) -> Result<Arc<RingSecret>, Error> {
        if let Some(secret) = keys.opened.get(&under) {
            return Ok(secret.clone());
        }
        let secret = Arc::new(self.keyring_opening(actor, under)?);
        if keys.opened.len() >= KEPT_MAX {
            keys.opened.clear();
        }
        keys.opened.insert(under, secret.clone());
        Ok(secret)
    }

    /// What the actor's session opens of the epoch in use.
    pub(in crate::gateway) fn keyring_state(
        &self,
        actor: &Actor,
        ring: RingId,
    ) -> Result<KeysState, Error> {
        let row = self.inner.store.get(&RINGS, &ring)?.ok_or(NO_RING)?;
        Ok(match self.ring_keys_in_use(actor, (ring, &row))? {
            Keys::Held(_) => KeysState::Held,
            Keys::Waiting => KeysState::Waiting,
            Keys::Unproven => KeysState::Unproven,
            Keys::Differ => KeysState::Differ,
        })
    }

    /// Takes keys that nothing proves for genuine, because others said that they began them; and begins
    /// others where the actor has none and nobody wraps them. The caller decides who may.
    pub(in crate::gateway) fn keyring_accept(
        &self,
        actor: &Actor,
        ring: RingId,
    ) -> Result<(), Error> {
        let row = self.inner.store.get(&RINGS, &ring)?.ok_or(NO_RING)?;
        if self.ring_entries_of(actor, ring, &row)?.is_empty() {
            return Err(NO_RING);
        }
        match self.ring_keys_in_use(actor, (ring, &row))? {
            Keys::Unproven => {
                let under = RingUnder { ring, epoch: row.epoch };
                let Keys::Held(secret) = self.ring_keys(actor, (ring, &row), row.epoch)? else {
                    return Err(Error::KeysDiffer);
                };
                self.ring_seen_note(actor, under, &secret)
            }
            Keys::Held(_) => Ok(()),
            Keys::Waiting => self.ring_begin(ring, &row, None),
            Keys::Differ => Err(Error::KeysDiffer),
        }
    }

    /// Does what is due for a keyring, one step of it.
    fn ring_tend(&self, actor: &Actor, ring: RingId) -> Result<Tended, Error> {
        let row = self.inner.store.get(&RINGS, &ring)?.ok_or(NO_RING)?;
        if self.ring_entries_of(actor, ring, &row)?.is_empty() {
            return Err(NO_RING);
        }
        for (group, _) in &row.groups {
            readable(self.group_lapse(*group))?;
        }
        let secret = match self.ring_keys_in_use(actor, (ring, &row))? {
            Keys::Held(secret) => secret,
            Keys::Waiting if self.ring_is_lost(ring, &row)? => {
                return self.ring_begin(ring, &row, None).map(|()| Tended::Changed);
            }
            Keys::Waiting => return Err(Error::Conflict(Conflict::GroupKeysWait)),
            Keys::Unproven => return Err(Error::Conflict(Conflict::GroupKeysUnproven)),
            Keys::Differ => return Err(Error::KeysDiffer),
        };
        let under = RingUnder { ring, epoch: row.epoch };
        self.ring_seen_note(actor, under, &secret)?;
        let looked_at = self.keys_changed()?;
        match self.ring_need(ring, &row, looked_at)? {
            Need::Nothing => return Ok(Tended::Ready(under, secret)),
            Need::Epoch => {
                // A group that is due begins another epoch first, if the actor is in it.
                self.groups_tend_or_not(actor);
                self.ring_begin(ring, &row, Some(&secret))?;
            }
            Need::Wraps(entries) => {
                self.ring_wait_over(&row, (under, &secret), entries, looked_at)?
            }
        }
        Ok(Tended::Changed)
    }

    /// Begins the next epoch; if the keyring changed meanwhile, nothing happens.
    fn ring_begin(
        &self,
        ring: RingId,
        row: &Ring,
        before: Option<&RingSecret>,
    ) -> Result<(), Error> {
        let entries = self.ring_entries(ring)?;
        let (next, _) = self.ring_epoch_prepare((ring, row), &entries, before)?;
        let version = row.version;
        let done = self.transact(move |tx| {
            let found = tx.get(&RINGS, &ring)?.filter(|row| row.version == version);
            let Some(mut row) = found else { return Ok(()) };
            next.store_in_tx(tx, ring, &mut row)?;
            row.version = row.version.wrapping_add(1);
            Ok(tx.put(&RINGS, &ring, &row)?)
        });
        done.wait()
    }

    /// Wraps the epoch in use for entries that waited, and says that the accounts were looked at.
    fn ring_wait_over(
        &self,
        row: &Ring,
        (under, secret): (RingUnder, &RingSecret),
        entries: Vec<RingEntry>,
        looked_at: u64,
    ) -> Result<(), Error> {
        let mut wraps = Vec::with_capacity(entries.len());
        for entry in entries {
            let wrap = self.ring_wrap(secret, under, entry)?;
            wraps.extend(wrap.map(|wrap| (entry, wrap)));
        }
        let (ring, version) = (under.ring, row.version);
        let done = self.transact(move |tx| {
            let found = tx.get(&RINGS, &ring)?.filter(|row| row.version == version);
            let Some(mut row) = found else { return Ok(()) };
            for (entry, wrap) in &wraps {
                wrapped_in_tx(tx, (under, &mut row), (*entry, wrap))?;
            }
            row.looked_at = looked_at;
            row.version = row.version.wrapping_add(1);
            Ok(tx.put(&RINGS, &ring, &row)?)
        });
        done.wait()
    }

    /// What is to be done before something is sealed.
    fn ring_need(&self, ring: RingId, row: &Ring, looked_at: u64) -> Result<Need, Error> {
        if !is_in_use(&self.inner.store, row)? {
            return Ok(Need::Epoch);
        }
        let mut waiting = Vec::new();
        for (group, epoch) in &row.groups {
            if *epoch == 0 && self.group_public(*group).is_ok() {
                waiting.push(RingEntry::Group(*group));
            }
        }
        if row.looked_at == looked_at && waiting.is_empty() {
            return Ok(Need::Nothing);
        }
        for entry in self.ring_entries(ring)? {
            let RingEntry::Account(account) = entry else { continue };
            let key = (ring, entry, row.epoch);
            let wrap = readable(self.inner.store.get(&RING_WRAPS, &key))?.flatten();
            match (wrap, self.ring_public_of(account)?) {
                (Some(wrap), Some(key)) if wrap.public == short_digest(&key.octets) => {}
                (Some(_), _) => return Ok(Need::Epoch),
                (None, Some(_)) => waiting.push(entry),
                (None, None) => {}
            }
        }
        Ok(Need::Wraps(waiting))
    }

    /// Whether no entry has a wrap of the epoch in use, so that nobody will ever wrap it for others.
    fn ring_is_lost(&self, ring: RingId, row: &Ring) -> Result<bool, Error> {
        for entry in self.ring_entries(ring)? {
            if self.inner.store.has(&RING_WRAPS, &(ring, entry, row.epoch))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn ring_entries(&self, ring: RingId) -> Result<Vec<RingEntry>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_keys(&RING_ENTRIES, &ring, |(_, entry)| {
            found.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Deletes a keyring, some rows in each transaction. It is called once the thing that had it is gone,
    /// and may be called again.
    pub(in crate::gateway) fn keyring_destroy(&self, ring: RingId) -> Result<(), Error> {
        while !self.transact(move |tx| destroyed_in_tx(tx, ring)).wait()? {}
        let mut seen = Vec::new();
        self.inner.store.scan_keys(&RING_SEEN, &(), |key| {
            seen.extend((key.1 == ring).then_some(key));
            ControlFlow::Continue(())
        })?;
        let done = self.transact(move |tx| {
            seen.iter().for_each(|key| tx.delete(&RING_SEEN, key));
            Ok::<_, Error>(())
        });
        done.wait()
    }
}

/// Stores the wrap of the epoch in use for one more entry.
pub(super) fn wrapped_in_tx(
    tx: &mut Tx<'_>,
    (under, row): (RingUnder, &mut Ring),
    (entry, wrap): (RingEntry, &RingWrap),
) -> Result<(), Error> {
    tx.put(&RING_WRAPS, &(under.ring, entry, under.epoch), wrap)?;
    if let RingEntry::Group(group) = entry
        && let Some(found) = row.groups.iter_mut().find(|(one, _)| *one == group)
    {
        found.1 = wrap.epoch;
    }
    Ok(())
}

/// Whether the epoch in use is not due, by its own mark or by one of its groups.
fn is_in_use(reader: &impl Read, row: &Ring) -> Result<bool, Error> {
    if row.due {
        return Ok(false);
    }
    for (group, epoch) in row.groups.iter().filter(|(_, epoch)| *epoch != 0) {
        if !group_is_in_use(reader, *group, *epoch)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn group_is_in_use(reader: &impl Read, group: GroupId, epoch: u32) -> Result<bool, Error> {
    let row = reader.get(&GROUPS, &group)?;
    Ok(row.is_some_and(|row| row.epoch == epoch && !row.due))
}

/// Refuses what was sealed under an epoch that is no longer in use, or is due: another try seals it anew.
pub(in crate::gateway) fn still_sealed_in_tx(
    reader: &impl Read,
    under: RingUnder,
) -> Result<(), Error> {
    let row = reader.get(&RINGS, &under.ring)?.ok_or(NO_RING)?;
    let KeysChanged(count) = reader.get(&KEYS_CHANGED, &())?.unwrap_or_default();
    match row.epoch == under.epoch && row.looked_at == count && is_in_use(reader, &row)? {
        true => Ok(()),
        false => Err(Error::Busy),
    }
}

/// Removes some rows of a keyring; whether that was all.
fn destroyed_in_tx(tx: &mut Tx<'_>, ring: RingId) -> Result<bool, Error> {
    let mut gone = 0;
    clear_in_tx(tx, &RING_WRAPS, ring, &mut gone)?;
    clear_in_tx(tx, &RING_EPOCHS, ring, &mut gone)?;
    let mut entries = Vec::new();
    tx.scan_keys(&RING_ENTRIES, &ring, |(_, entry)| {
        if gone + entries.len() >= ROWS_DELETED_MAX {
            return ControlFlow::Break(());
        }
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    for entry in &entries {
        tx.delete(&RING_ENTRIES, &(ring, *entry));
        tx.delete(&RINGS_OF, &(*entry, ring));
    }
    if gone + entries.len() >= ROWS_DELETED_MAX {
        return Ok(false);
    }
    tx.delete(&RINGS, &ring);
    Ok(true)
}

/// Deletes rows of a keyring, until `gone` is as many as one transaction removes.
fn clear_in_tx<K: Key, V: Record>(
    tx: &mut Tx<'_>,
    table: &'static Table<K, V>,
    ring: RingId,
    gone: &mut usize,
) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(table, &ring, |key| {
        if *gone + keys.len() >= ROWS_DELETED_MAX {
            return ControlFlow::Break(());
        }
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    *gone += keys.len();
    keys.iter().for_each(|key| tx.delete(table, key));
    Ok(())
}
