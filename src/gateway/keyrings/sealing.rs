//! What features use to seal something under a keyring, and to open it.
//!
//! What is sealed names the epoch that it is sealed under ([`RingUnder`]). The transaction that stores it
//! calls [`still_sealed_in_tx`]: an epoch that became due meanwhile is used no more.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::epochs::{CHAIN_MAX, Keys};
use crate::gateway::groups::view::KeysState;
use crate::gateway::records::ids::{GroupId, RingId};
use crate::gateway::records::keyring::{KeysChanged, Ring, RingEntry, RingUnder, RingWrap};
use crate::gateway::records::tables::{
    GROUP_EPOCHS, GROUP_WRAPS, GROUPS, KEYS_CHANGED, RING_ENTRIES, RING_WRAPS, RINGS,
};
use crate::store::{Read, Tx};
use crate::vault::{RingSecret, short_digest};

/// How often sealing is tried again when the keyring changed meanwhile.
const TRIES: usize = 5;

pub(super) const NO_RING: Error = Error::NotFound { what: "keyring" };

/// Epochs that were opened during one request, or one stream: a page of posts costs one unwrapping for
/// each epoch.
#[derive(Default)]
pub(in crate::gateway) struct RingKeys {
    opened: BTreeMap<(RingId, u32), Arc<RingSecret>>,
}

/// How many epochs are kept opened at once.
const KEPT_MAX: usize = 1_000;

/// Of those who seal under one keyring at once, one prepares what it needs.
static TURNS: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

/// Every octet counts: the numbers of rooms, which are reference numbers, begin alike.
pub(super) fn turn_number(ring: RingId) -> usize {
    usize::from(ring.0.iter().fold(0, |sum, octet| sum ^ octet)) % TURNS.len()
}

fn turn_of(ring: RingId) -> MutexGuard<'static, ()> {
    TURNS[turn_number(ring)].lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a keyring needs before something is sealed under it.
enum Need {
    /// The next epoch.
    Epoch,
    /// Wraps for entries that have none, where there are any; the accounts were looked at.
    Wraps(Vec<(RingEntry, RingWrap)>),
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
        let (ring, key) = (under.ring, (under.ring, under.epoch));
        if let Some(secret) = keys.opened.get(&key) {
            return Ok(secret.clone());
        }
        // A later epoch that is open already may lead back to it.
        let later = keys.opened.range(key..=(ring, u32::MAX)).next();
        let back = match later {
            Some(((_, at), later)) => self.ring_walk((ring, *at), later, under.epoch)?,
            None => Keys::Waiting,
        };
        let secret = Arc::new(match back {
            Keys::Held(secret) => secret,
            _ => self.keyring_opening(actor, under)?,
        });
        if keys.opened.len() >= KEPT_MAX {
            keys.opened.clear();
        }
        keys.opened.insert(key, secret.clone());
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
            Keys::Waiting => {
                self.ring_groups_tend(actor, row.groups.iter().map(|(group, _)| *group));
                match self.ring_is_orphaned(ring, &row)? {
                    true => self.ring_begin(actor, (ring, &row), None),
                    false => Err(Error::Conflict(Conflict::GroupKeysWait)),
                }
            }
            Keys::Differ => Err(Error::KeysDiffer),
        }
    }

    /// What an entry does for the others by opening the page: the next epoch, and wraps for entries that
    /// wait, where there is a need. Somebody who can do nothing for them does nothing.
    pub(in crate::gateway) fn keyring_tend(
        &self,
        actor: &Actor,
        ring: RingId,
    ) -> Result<(), Error> {
        let Some(row) = readable(self.inner.store.get(&RINGS, &ring))?.flatten() else {
            return Ok(());
        };
        let waits =
            |(group, epoch): &(GroupId, u32)| *epoch == 0 && self.group_public(*group).is_ok();
        let is_whole = is_in_use(&self.inner.store, &row)?
            && row.looked_at == self.keys_changed()?
            && !row.groups.iter().any(waits);
        if is_whole && !self.ring_is_long_unseen(actor, (ring, &row))? {
            return Ok(());
        }
        match self.keyring_sealing(actor, ring) {
            Ok(_) | Err(Error::NotFound { .. } | Error::Conflict(_) | Error::Busy) => Ok(()),
            Err(error) => Err(error),
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
            Keys::Waiting => {
                self.ring_groups_tend(actor, row.groups.iter().map(|(group, _)| *group));
                if !self.ring_is_lost(ring, &row)? {
                    return Err(Error::Conflict(Conflict::GroupKeysWait));
                }
                return self.ring_begin(actor, (ring, &row), None).map(|()| Tended::Changed);
            }
            Keys::Unproven => return Err(Error::Conflict(Conflict::GroupKeysUnproven)),
            Keys::Differ => return Err(Error::KeysDiffer),
        };
        let under = RingUnder { ring, epoch: row.epoch };
        self.ring_seen_note(actor, under, &secret)?;
        let looked_at = self.keys_changed()?;
        let need = self.ring_need((ring, &row), &secret, looked_at)?;
        if matches!(need, Need::Nothing) {
            return Ok(Tended::Ready(under, secret));
        }
        let _turn = turn_of(ring);
        let found = self.inner.store.get(&RINGS, &ring)?;
        if found.is_none_or(|found| found.version != row.version) {
            return Ok(Tended::Changed);
        }
        match need {
            Need::Epoch => {
                // A group that is due begins another epoch first, if the actor is in it.
                self.ring_groups_tend(actor, row.groups.iter().map(|(group, _)| *group));
                self.ring_begin(actor, (ring, &row), Some(&secret))?;
            }
            Need::Wraps(wraps) => self.ring_wait_over(&row, under, wraps, looked_at)?,
            Need::Nothing => {}
        }
        Ok(Tended::Changed)
    }

    /// Begins the next epoch, if the actor will open it; if the keyring changed meanwhile, nothing happens.
    fn ring_begin(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
        before: Option<&RingSecret>,
    ) -> Result<(), Error> {
        let entries = self.ring_entries(ring)?;
        let (next, _) = self.ring_epoch_prepare((ring, row), &entries, before)?;
        if !self.ring_opens(actor, &next)? {
            return Err(Error::Conflict(Conflict::GroupKeysWait));
        }
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

    /// Stores wraps of the epoch in use for entries that waited, and says that the accounts were looked at.
    fn ring_wait_over(
        &self,
        row: &Ring,
        under: RingUnder,
        wraps: Vec<(RingEntry, RingWrap)>,
        looked_at: u64,
    ) -> Result<(), Error> {
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
    fn ring_need(
        &self,
        (ring, row): (RingId, &Ring),
        secret: &RingSecret,
        looked_at: u64,
    ) -> Result<Need, Error> {
        if !is_in_use(&self.inner.store, row)? {
            return Ok(Need::Epoch);
        }
        let under = RingUnder { ring, epoch: row.epoch };
        let mut wraps = Vec::new();
        for (group, _) in row.groups.iter().filter(|(_, epoch)| *epoch == 0) {
            let entry = RingEntry::Group(*group);
            wraps.extend(self.ring_wrap(secret, under, entry)?.map(|wrap| (entry, wrap)));
        }
        // Who joined a group while it waited does not read what was before.
        if !row.shares_earlier && !wraps.is_empty() {
            return Ok(Need::Epoch);
        }
        if row.looked_at == looked_at {
            return Ok(if wraps.is_empty() { Need::Nothing } else { Need::Wraps(wraps) });
        }
        for entry in self.ring_entries(ring)? {
            let RingEntry::Account(account) = entry else { continue };
            let key = (ring, entry, row.epoch);
            let wrap = readable(self.inner.store.get(&RING_WRAPS, &key))?.flatten();
            match (wrap, self.ring_public_of(account)?) {
                (Some(wrap), Some(key)) if wrap.public == short_digest(&key.octets) => {}
                (Some(_), _) => return Ok(Need::Epoch),
                (None, Some(_)) => {
                    wraps.extend(self.ring_wrap(secret, under, entry)?.map(|wrap| (entry, wrap)));
                }
                (None, None) => {}
            }
        }
        Ok(Need::Wraps(wraps))
    }

    /// Whether nobody will ever wrap the epoch in use for others: who seals next begins with other keys.
    pub(in crate::gateway) fn keyring_is_lost(&self, ring: RingId) -> Result<bool, Error> {
        let row = self.inner.store.get(&RINGS, &ring)?.ok_or(NO_RING)?;
        self.ring_is_lost(ring, &row)
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

    /// Whether nobody who can sign in at this time holds the epoch in use: no account, and no group by a
    /// member who opens the group's epoch that it is wrapped for.
    fn ring_is_orphaned(&self, ring: RingId, row: &Ring) -> Result<bool, Error> {
        for entry in self.ring_entries(ring)? {
            let key = (ring, entry, row.epoch);
            let Some(wrap) = readable(self.inner.store.get(&RING_WRAPS, &key))?.flatten() else {
                continue;
            };
            let is_held = match entry {
                RingEntry::Account(account) => self.ring_public_of(account)?.is_some(),
                RingEntry::Group(group) => self.ring_group_opens(group, wrap.epoch)?,
            };
            if is_held {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a member who can sign in has a wrap of a group's epoch, or of a later one that leads back.
    fn ring_group_opens(&self, group: GroupId, epoch: u32) -> Result<bool, Error> {
        let mut last = epoch;
        while last - epoch < CHAIN_MAX {
            let next = self.inner.store.get(&GROUP_EPOCHS, &(group, last + 1));
            let leads_back =
                readable(next)?.flatten().is_some_and(|row| row.sealed_earlier.is_some());
            if !leads_back {
                break;
            }
            last += 1;
        }
        let mut holders = Vec::new();
        self.inner.store.scan_keys(&GROUP_WRAPS, &group, |(_, account, one)| {
            let is_new = holders.last() != Some(&account);
            holders.extend((is_new && (epoch..=last).contains(&one)).then_some(account));
            ControlFlow::Continue(())
        })?;
        for account in holders {
            if self.group_holds(group, account)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn ring_entries(&self, ring: RingId) -> Result<Vec<RingEntry>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_keys(&RING_ENTRIES, &ring, |(_, entry)| {
            found.push(entry);
            ControlFlow::Continue(())
        })?;
        Ok(found)
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
    let row = readable(reader.get(&GROUPS, &group))?.flatten();
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
