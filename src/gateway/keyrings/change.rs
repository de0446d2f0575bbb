//! Making a keyring, and changing who its entries are.
//!
//! Wrapping for a thousand entries takes a while. It is done before the transaction, which only looks
//! whether the keyring is still the one that it was done for.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::groups::epochs::Keys;
use crate::gateway::keyrings::epochs::{NextEpoch, entry_in_tx};
use crate::gateway::keyrings::sealing::{NO_RING, wrapped_in_tx};
use crate::gateway::records::ids::{GroupId, RingId};
use crate::gateway::records::keyring::{Ring, RingEntry, RingUnder, RingWrap};
use crate::gateway::records::keyring_rows::entry_out_in_tx;
use crate::gateway::records::tables::{RING_WRAPS, RINGS};
use crate::store::{Read, Tx};
use crate::vault::RingSecret;

/// The most accounts and groups of a keyring.
pub(in crate::gateway) const ACCOUNTS_MAX: usize = 1_000;
pub(in crate::gateway) const GROUPS_IN_MAX: usize = 50;

/// Whether who is added later opens what was sealed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Earlier {
    Shown,
    Hidden,
}

/// How many wraps a removal of several entries takes with it at most: of more, some are removed first.
const WRAPS_OUT_MAX: u64 = 5_000;

/// What is to be changed about a keyring.
#[derive(Clone, Debug, Default)]
pub(in crate::gateway) struct RingEdit {
    pub add: Vec<RingEntry>,
    pub remove: Vec<RingEntry>,
    /// `None` stays as it is.
    pub earlier: Option<Earlier>,
}

/// A keyring that is about to be stored.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct NewRing {
    ring: RingId,
    row: Ring,
    entries: Vec<RingEntry>,
    first: NextEpoch,
}

/// A change that is about to be stored.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct RingChange {
    ring: RingId,
    version: u32,
    add: Vec<RingEntry>,
    remove: Vec<RingEntry>,
    earlier: Option<Earlier>,
    keys: Rekey,
}

/// What a change does for the keys.
#[derive(Clone, Debug)]
enum Rekey {
    /// The next epoch begins in the same transaction.
    Begins(NextEpoch),
    /// The new entries get the epoch in use.
    Wrapped(RingUnder, Vec<(RingEntry, RingWrap)>),
    /// Who seals next has to do it; the epoch in use is due, or new entries wait.
    Due,
    Waits,
    /// There is nothing to be changed.
    Nothing,
}

impl Gateway {
    /// Makes the first epoch of a keyring for these entries, of which the actor has to be one.
    pub(in crate::gateway) fn keyring_new(
        &self,
        actor: &Actor,
        ring: RingId,
        entries: &[RingEntry],
        earlier: Earlier,
    ) -> Result<(NewRing, RingUnder, RingSecret), Error> {
        let entries: Vec<RingEntry> =
            entries.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        within(&entries)?;
        self.ring_groups_tend(actor, groups_of(&entries));
        if !self.ring_stands_in(actor, &entries)? {
            return Err(NO_RING);
        }
        let row = Ring {
            epoch: 0,
            due: false,
            version: 0,
            shares_earlier: earlier == Earlier::Shown,
            shares_from: 0,
            chain_from: 0,
            looked_at: 0,
            accounts: accounts_of(&entries),
            groups: Vec::new(),
        };
        let (first, secret) = self.ring_epoch_prepare((ring, &row), &entries, None)?;
        if !self.ring_opens(actor, &first)? {
            return Err(Error::Conflict(Conflict::GroupKeysWait));
        }
        let new = NewRing { ring, row, entries, first };
        Ok((new, RingUnder { ring, epoch: 1 }, secret))
    }

    /// Prepares a change of the entries. What is added to a keyring that shows what was before gets the
    /// epoch in use. Any other change begins the next epoch, if the actor holds the keys and stays;
    /// otherwise who seals next does.
    pub(in crate::gateway) fn keyring_change(
        &self,
        actor: &Actor,
        ring: RingId,
        edit: &RingEdit,
    ) -> Result<RingChange, Error> {
        let row = self.inner.store.get(&RINGS, &ring)?.ok_or(NO_RING)?;
        let before: BTreeSet<RingEntry> = self.ring_entries(ring)?.into_iter().collect();
        let wanted: BTreeSet<RingEntry> = edit.add.iter().copied().collect();
        let remove: BTreeSet<RingEntry> = edit.remove.iter().copied().collect();
        let remove: BTreeSet<RingEntry> = remove.difference(&wanted).copied().collect();
        let remove: Vec<RingEntry> = remove.intersection(&before).copied().collect();
        let add: Vec<RingEntry> = wanted.difference(&before).copied().collect();
        let after: BTreeSet<RingEntry> =
            before.iter().filter(|one| !remove.contains(one)).chain(&add).copied().collect();
        let after: Vec<RingEntry> = after.into_iter().collect();
        within(&after)?;
        self.ring_removable(ring, &remove)?;
        let is_shown = row.shares_earlier;
        let earlier = edit.earlier.filter(|one| (*one == Earlier::Shown) != is_shown);
        let needs_epoch =
            !remove.is_empty() || earlier.is_some() || row.due || !add.is_empty() && !is_shown;
        let keys = match needs_epoch || !add.is_empty() {
            true => self.ring_rekey(actor, (ring, &row), (&add, &after), (earlier, needs_epoch))?,
            false => Rekey::Nothing,
        };
        Ok(RingChange { ring, version: row.version, add, remove, earlier, keys })
    }

    /// Prepares what a change does for the keys.
    fn ring_rekey(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
        (add, after): (&[RingEntry], &[RingEntry]),
        (earlier, needs_epoch): (Option<Earlier>, bool),
    ) -> Result<Rekey, Error> {
        self.ring_groups_tend(actor, groups_of(after));
        let held = match self.ring_keys_in_use(actor, (ring, row))? {
            Keys::Held(secret) if self.ring_stands_in(actor, after)? => Some(secret),
            _ => None,
        };
        let mut changed = row.clone();
        set_earlier(&mut changed, earlier);
        let under = RingUnder { ring, epoch: row.epoch };
        match held {
            None if needs_epoch => Ok(Rekey::Due),
            None => Ok(Rekey::Waits),
            Some(secret) if needs_epoch => {
                let (next, _) = self.ring_epoch_prepare((ring, &changed), after, Some(&secret))?;
                Ok(if self.ring_opens(actor, &next)? { Rekey::Begins(next) } else { Rekey::Due })
            }
            Some(secret) => {
                let mut wraps = Vec::with_capacity(add.len());
                for entry in add {
                    let wrap = self.ring_wrap(&secret, under, *entry)?;
                    wraps.extend(wrap.map(|wrap| (*entry, wrap)));
                }
                Ok(Rekey::Wrapped(under, wraps))
            }
        }
    }

    /// Refuses to remove several entries at once that have more wraps than one transaction removes.
    fn ring_removable(&self, ring: RingId, remove: &[RingEntry]) -> Result<(), Error> {
        let mut wraps = 0;
        for entry in remove {
            wraps += self.inner.store.count(&RING_WRAPS, &(ring, *entry))?;
        }
        match remove.len() <= 1 || wraps <= WRAPS_OUT_MAX {
            true => Ok(()),
            false => Err(Error::OverQuota),
        }
    }

    /// Whether the actor is one of these entries, itself or by a group.
    fn ring_stands_in(&self, actor: &Actor, entries: &[RingEntry]) -> Result<bool, Error> {
        for entry in entries {
            let is_in = match entry {
                RingEntry::Account(account) => *account == actor.account(),
                RingEntry::Group(group) => self.group_holds(*group, actor.account())?,
            };
            if is_in {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl NewRing {
    /// Stores the keyring with its first epoch.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut row = self.row.clone();
        self.first.store_in_tx(tx, self.ring, &mut row)?;
        for entry in &self.entries {
            entry_in_tx(tx, self.ring, *entry)?;
        }
        Ok(tx.put(&RINGS, &self.ring, &row)?)
    }
}

impl RingChange {
    /// Stores the change; fails with `Busy` if the keyring is not the one that it was prepared for.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut row = tx.get(&RINGS, &self.ring)?.ok_or(NO_RING)?;
        if matches!(self.keys, Rekey::Nothing) {
            return Ok(());
        }
        if row.version != self.version {
            return Err(Error::Busy);
        }
        for entry in &self.remove {
            entry_out_in_tx(tx, self.ring, *entry)?;
            row.without(*entry);
        }
        for entry in &self.add {
            entry_in_tx(tx, self.ring, *entry)?;
            if let RingEntry::Group(group) = entry {
                row.groups.push((*group, 0));
            }
        }
        row.accounts = row.accounts.saturating_add(accounts_of(&self.add));
        set_earlier(&mut row, self.earlier);
        match &self.keys {
            Rekey::Begins(next) => next.store_in_tx(tx, self.ring, &mut row)?,
            Rekey::Wrapped(under, wraps) => {
                for (entry, wrap) in wraps {
                    wrapped_in_tx(tx, (*under, &mut row), (*entry, wrap))?;
                }
            }
            Rekey::Due => row.due = true,
            // Who seals next looks for entries without a wrap.
            Rekey::Waits => row.looked_at = u64::MAX,
            Rekey::Nothing => {}
        }
        row.version = row.version.wrapping_add(1);
        Ok(tx.put(&RINGS, &self.ring, &row)?)
    }
}

fn set_earlier(row: &mut Ring, earlier: Option<Earlier>) {
    if let Some(earlier) = earlier {
        row.shares_earlier = earlier == Earlier::Shown;
        row.shares_from = row.epoch.saturating_add(1);
    }
}

fn groups_of(entries: &[RingEntry]) -> impl Iterator<Item = GroupId> {
    entries.iter().filter_map(|entry| match entry {
        RingEntry::Group(group) => Some(*group),
        RingEntry::Account(_) => None,
    })
}

fn accounts_of(entries: &[RingEntry]) -> u32 {
    let accounts = entries.iter().filter(|entry| matches!(entry, RingEntry::Account(_))).count();
    u32::try_from(accounts).unwrap_or(u32::MAX)
}

/// Refuses more entries than a keyring has.
fn within(entries: &[RingEntry]) -> Result<(), Error> {
    let accounts = accounts_of(entries) as usize;
    match accounts <= ACCOUNTS_MAX && entries.len() - accounts <= GROUPS_IN_MAX {
        true => Ok(()),
        false => Err(Error::OverQuota),
    }
}
