//! Whether the epoch in use follows from one that the account's own session knew.
//!
//! As in a group, whatever the server hands out is checked with what the reader holds: a new epoch against the
//! proof that a holder of the one before left.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::epochs::{Genuine, Keys};
use crate::gateway::keyrings::epochs::{FAR, chain_binding};
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::keyring::{Ring, RingEntry, RingEpoch, RingUnder};
use crate::gateway::records::membership::is_member;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{
    ACCOUNTS, REMOVALS, RING_ENTRIES, RING_SEEN, RING_WRAPS, RINGS,
};
use crate::store::{Read, Tx};
use crate::vault::RingSecret;

/// How many epochs are proven one by another at most.
const LINKS_MAX: u32 = 2_000;

fn seen_binding(ring: RingId, account: AccountId) -> Vec<u8> {
    [b"keyring seen\0".as_slice(), &ring.0, &account.0].concat()
}

impl Gateway {
    /// Opens the epoch in use, and checks that it follows, epoch by epoch, from the latest one that this
    /// account's session knew. A new reader has nothing to compare with.
    pub(super) fn ring_keys_in_use(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
    ) -> Result<Keys<RingSecret>, Error> {
        let secret = match self.ring_keys(actor, (ring, row), row.epoch)? {
            Keys::Held(secret) => secret,
            keys => return Ok(keys),
        };
        Ok(match self.ring_genuine(actor, (ring, row), &secret)? {
            Genuine::Yes => Keys::Held(secret),
            Genuine::Unproven => Keys::Unproven,
            Genuine::No => Keys::Differ,
        })
    }

    /// Goes back from the epoch in use, link by link, to the one that was known.
    fn ring_genuine(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
        secret: &RingSecret,
    ) -> Result<Genuine, Error> {
        let known = match self.ring_known(actor, ring, row.epoch)? {
            Known::Nothing => return Ok(Genuine::Yes),
            // A server that goes back to an earlier epoch has others seal under what some kept.
            Known::Epoch(known) if known > row.epoch => return Ok(Genuine::No),
            Known::Differs => return Ok(Genuine::No),
            Known::Epoch(known) => known,
        };
        if row.epoch - known > LINKS_MAX {
            return Ok(Genuine::Unproven);
        }
        let entries = self.ring_entries_of(actor, ring, row)?;
        let mut held: Option<RingSecret> = None;
        for epoch in (known + 1..=row.epoch).rev() {
            let under = RingUnder { ring, epoch };
            let Some(next) = self.ring_epoch(under)? else { return Ok(Genuine::No) };
            let later = held.as_ref().unwrap_or(secret);
            let before = match self.ring_before(actor, &entries, (under, &next), later)? {
                Keys::Held(before) => before,
                Keys::Differ => return Ok(Genuine::No),
                Keys::Waiting | Keys::Unproven => return Ok(Genuine::Unproven),
            };
            let Some(proof) = next.proof else { return Ok(Genuine::Unproven) };
            if !before.proves_next(&chain_binding(under), &next.commitment, &proof) {
                return Ok(Genuine::No);
            }
            held = Some(before);
        }
        Ok(Genuine::Yes)
    }

    /// The epoch before an opened one: by its link, or by what the actor has of that epoch.
    fn ring_before(
        &self,
        actor: &Actor,
        entries: &[RingEntry],
        (under, row): (RingUnder, &RingEpoch),
        later: &RingSecret,
    ) -> Result<Keys<RingSecret>, Error> {
        let (ring, epoch) = (under.ring, under.epoch - 1);
        let bound = chain_binding(under);
        let sealed = row.sealed_earlier.as_ref();
        match sealed.and_then(|sealed| later.open_earlier(&bound, sealed).ok()) {
            Some(secret) => self.ring_checked(RingUnder { ring, epoch }, secret),
            None => self.ring_keys_by(actor, (ring, entries), epoch),
        }
    }

    /// The latest epoch that the account's own session found to be genuine; where the server shows none,
    /// the latest one before that in use which was wrapped for the account.
    fn ring_known(&self, actor: &Actor, ring: RingId, in_use: u32) -> Result<Known, Error> {
        let own = RingEntry::Account(actor.account());
        let seen = self.inner.store.get(&RING_SEEN, &(actor.account(), ring));
        let Some(Sealed(sealed)) = readable(seen)?.flatten() else {
            let mut before = None;
            self.inner.store.scan_keys(&RING_WRAPS, &(ring, own), |(_, _, one)| {
                before = Some(one).filter(|one| *one < in_use).or(before);
                ControlFlow::Continue(())
            })?;
            let Some(epoch) = before else { return Ok(Known::Nothing) };
            return Ok(match self.ring_back(actor, (ring, own), (epoch, epoch))? {
                Keys::Held(_) => Known::Epoch(epoch),
                _ => Known::Differs,
            });
        };
        let opened = actor.secret().open_own(&seen_binding(ring, actor.account()), &sealed);
        let Ok(plain) = opened else { return Ok(Known::Differs) };
        let Some((epoch, commitment)) = plain.split_first_chunk::<4>() else {
            return Ok(Known::Differs);
        };
        let epoch = u32::from_be_bytes(*epoch);
        let same = self.ring_epoch(RingUnder { ring, epoch })?;
        let is_same = same.is_some_and(|row| row.commitment == commitment);
        Ok(if is_same { Known::Epoch(epoch) } else { Known::Differs })
    }

    /// Whether it is time that the actor's session looks whether the epoch in use is genuine, so that the
    /// way from the one that it knows does not become too long.
    pub(super) fn ring_is_long_unseen(
        &self,
        actor: &Actor,
        (ring, row): (RingId, &Ring),
    ) -> Result<bool, Error> {
        let seen = self.inner.store.get(&RING_SEEN, &(actor.account(), ring));
        let Some(Sealed(sealed)) = readable(seen)?.flatten() else { return Ok(true) };
        let opened = actor.secret().open_own(&seen_binding(ring, actor.account()), &sealed);
        let known = opened.ok().and_then(|plain| plain.first_chunk::<4>().copied());
        let is_near = |known| row.epoch.abs_diff(u32::from_be_bytes(known)) < FAR;
        Ok(!known.is_some_and(is_near))
    }

    /// Remembers, sealed for the account alone, that its session found this epoch to be genuine.
    pub(super) fn ring_seen_note(
        &self,
        actor: &Actor,
        under: RingUnder,
        secret: &RingSecret,
    ) -> Result<(), Error> {
        let key = (actor.account(), under.ring);
        let bound = seen_binding(under.ring, actor.account());
        let plain = [under.epoch.to_be_bytes().as_slice(), &secret.commitment()].concat();
        let seen = readable(self.inner.store.get(&RING_SEEN, &key))?.flatten();
        let is_same = |Sealed(sealed): &Sealed| {
            actor.secret().open_own(&bound, sealed).is_ok_and(|before| *before == plain)
        };
        if seen.as_ref().is_some_and(is_same) {
            return Ok(());
        }
        let sealed = Sealed(actor.secret().seal_own(&bound, &plain)?);
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            // Another session of the account may have gone further meanwhile; and who was taken out, or
            // whose keyring is gone, leaves nothing.
            let is_as_read = readable(tx.get(&RING_SEEN, &key))?.flatten() == seen;
            if is_as_read && stands_in_tx(tx, (key.1, key.0), now)? {
                tx.put(&RING_SEEN, &key, &sealed)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}

/// What an account's session knew of a keyring.
enum Known {
    Nothing,
    Epoch(u32),
    /// The server shows something else in the place of what was known.
    Differs,
}

/// Whether an account is an entry of a keyring, itself or by a group.
fn stands_in_tx(
    tx: &Tx<'_>,
    (ring, account): (RingId, AccountId),
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(row) = readable(tx.get(&RINGS, &ring))?.flatten() else { return Ok(false) };
    if !tx.has(&ACCOUNTS, &account)? || tx.has(&REMOVALS, &account)? {
        return Ok(false);
    }
    if tx.has(&RING_ENTRIES, &(ring, RingEntry::Account(account)))? {
        return Ok(true);
    }
    for (group, _) in row.groups {
        if group == GroupId::EVERYBODY || is_member(tx, (group, account), now)? {
            return Ok(true);
        }
    }
    Ok(false)
}
